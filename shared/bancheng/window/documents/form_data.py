"""What stands in the boxes of a form: the data of one case by the names of FORM_DATA, in the tenant's own words.

Owns that table. Which form has which boxes is the profile's; how they look is word.py's and the templates'. Forms are
papers of a Chinese office, so their data is Chinese.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Final

import msgspec

from bancheng.kernel.calendar import Calendar
from bancheng.kernel.case import Case
from bancheng.kernel.context import Jurisdiction
from bancheng.kernel.profile import Profile
from bancheng.kernel.profile_parts import CaseType, Choice
from bancheng.kernel.record import Order, Signature, SignedPart, Signer
from bancheng.schema import events as e
from bancheng.schema.clocks import ORDER_PREFIX, PERSON
from bancheng.schema.events import CaseEvent
from bancheng.window.pages.words import WORDS
from bancheng.window.permissions import masked, masked_agent, masked_name

CHOSEN, OTHER = "☑", "□"
SATISFIED: Final = {True: "☑满意  □不满意", False: "□满意  ☑不满意", None: "□满意  □不满意"}
SIGNED_PARTS: Final[dict[SignedPart, str]] = {
    "handled": "经办", "department": "责任部门", "verified": "核查", "approved": "批准", "revisited": "回访",
}  # fmt: skip
PROCESS: Final = {
    "registered": "登记", "accepted": "受理", "ordered": "交办", "order_reported": "部门反馈", "order_done": "部门办结",
    "passed_to_body": "转其他机构", "body_done": "其他机构办结", "progress_told": "告知进展", "answered": "答复",
    "result_proposed": "申请办结", "verified": "核查", "revisited": "回访", "redone": "重办", "closed": "办结",
}  # fmt: skip
SIGNED: Final = {"drawn": "屏幕签名", "paper": "纸质签名", "thumbprint": "按指印"}


class FormContext(msgspec.Struct, frozen=True, kw_only=True):
    """What a form of one case is filled from. `events` are its main line's; none where only the state is at hand.

    `order_number` is the order that an order form is about (0: the last). `hide_person`: personal data is masked.
    """

    case: Case
    profile: Profile
    jurisdiction: Jurisdiction
    calendar: Calendar
    events: Sequence[CaseEvent] = ()
    order_number: int = 0
    hide_person: bool = False


def form_data(context: FormContext) -> dict[str, str]:
    """Every name of FORM_DATA with its text; empty where the case has nothing to say there."""
    return {
        **_person(context),
        **_matter(context),
        **_order(context),
        **_result(context),
        **_decline(context),
        "remark": "",
    }


def _person(context: FormContext) -> dict[str, str]:
    case = context.case
    person, agent = case.person, case.agent
    signature = case.record.signature
    signer = signature.signer if signature is not None else ""
    if context.hide_person:
        person, signer = masked(person), masked_name(signer)
        agent = masked_agent(agent) if agent is not None else None
    joint = len(case.record.joint_persons)
    return {
        "person_name": f"{person.name}等 {joint + 1} 人" if joint else person.name,
        "person_phone": person.phone,
        "person_address": person.address,
        "identity_number": person.identity_number,
        "agent_name": f"{agent.name}（{agent.relation}）" if agent is not None else "",
        "signature": _signature(signature, signer) if signature is not None else "",
        "signed_at": _day(signature.signed_at, context) if signature is not None else "",
    }


def _signature(signature: Signature, signer: str) -> str:
    """Who signed, and not as if for what was corrected afterwards."""
    before = "，签在更正反映人信息之前" if signature.is_before_correction else ""
    return f"{signer}（{SIGNED[signature.method]}{before}）"


def _matter(context: FormContext) -> dict[str, str]:
    case, profile = context.case, context.profile
    officer = case.record.officer
    clock = case.clock(PERSON)
    missing = [each for each in case.record.required_papers if each.came_at is None]
    return {
        "number": case.number,
        "registered_at": _minute(case.registered_at, context),
        "unit_name": _unit(case.registered_unit, context),
        "officer_name": officer.name if officer is not None else "",
        "title": case.title,
        "description": case.description,
        "kind": _name(profile.kinds, case.kind),
        "case_type": boxes(profile.case_types, case.case_type),
        "case_type_and_due": _type_and_due(context),
        "ground": _name(profile.grounds, case.ground),
        "department": _unit(case.department, context),
        "due_day": _date(clock.due_day) if clock is not None else "",
        "missing_papers": "；".join(f"{each.name}（{_date(each.due_on)}前）" for each in missing),
        "process_and_result": _process_and_result(context),
        "signers": "；".join(_signed(each, context) for each in case.record.signers),
        "guidance_documents": "；".join(
            event.documents for event in context.events if isinstance(event, e.GuidanceIssued)
        ),
    }


def ledger_data(context: FormContext) -> dict[str, str]:
    """The same for a row of a ledger, where a type is a word and not a line of boxes."""
    return {**form_data(context), "case_type": _type_name(context)}


def _type_name(context: FormContext) -> str:
    key = context.case.case_type
    return next((each.name.zh for each in context.profile.case_types if each.key == key), key)


def _type_and_due(context: FormContext) -> str:
    """The ledger's column: the type by name and the day that the answer is due."""
    clock, name = context.case.clock(PERSON), _type_name(context)
    return f"{name}，{_date(clock.due_day)}前" if clock is not None else name


def boxes(choices: Iterable[CaseType], chosen: str) -> str:
    """All of them with the chosen one ticked, as a printed form has them."""
    return "  ".join(f"{CHOSEN if each.key == chosen else OTHER}{each.name.zh}" for each in choices)


def _order(context: FormContext) -> dict[str, str]:
    """The order that the form is about, else the last; its boxes are empty where there is none."""
    orders = context.case.record.orders
    wanted = [order for order in orders if order.number == context.order_number] or list(orders[-1:])
    handled_here = f"{OTHER}当场答复  {CHOSEN}转办" if orders else f"{CHOSEN}当场答复  {OTHER}转办"
    is_settled = bool(orders) or context.case.answered_at is not None
    opinion = handled_here if is_settled else f"{OTHER}当场答复  {OTHER}转办"
    if not wanted:
        empty = ("order_unit", "order_handler", "order_request", "order_limit", "order_answer", "order_answered_at")
        return {**dict.fromkeys(empty, ""), "window_opinion": opinion}
    order: Order = wanted[0]
    clock = context.case.clock(f"{ORDER_PREFIX}{order.number}")
    limit = f"{clock.limit_workdays} 个工作日，{_date(clock.due_day)}前" if clock is not None else ""
    return {
        "order_unit": _unit(order.to_unit, context),
        "order_handler": order.handler,
        "order_request": order.request,
        "order_limit": limit,
        "order_answer": order.answer,
        "order_answered_at": _day(order.reported_at, context) if order.reported_at is not None else "",
        "window_opinion": f"{opinion}  转办部门：{_unit(order.to_unit, context)}",
    }


def _result(context: FormContext) -> dict[str, str]:
    case = context.case
    closed_at = case.record.milestones.get("closed")
    return {
        "answer": case.answer,
        "outcome": WORDS["outcome"][case.outcome] if case.outcome is not None else "",
        "closed_at": _day(closed_at, context) if closed_at is not None else "",
        "rating": "★" * case.record.rating,
        "satisfied": SATISFIED[case.record.satisfied],
    }


def _process_and_result(context: FormContext) -> str:
    """Each step that was reached, on its last day, in order; then what the person was told (NX-09)."""
    reached = sorted(context.case.record.milestones.items(), key=lambda each: each[1])
    steps = [f"{_day(at, context)}{PROCESS[name]}" for name, at in reached if name in PROCESS]
    return "；".join(steps) + (f"。{context.case.answer}" if context.case.answer else "")


def _signed(signer: Signer, context: FormContext) -> str:
    name = f"{signer.name}（代{signer.stands_in_for}）" if signer.stands_in_for else signer.name
    return f"{SIGNED_PARTS[signer.part]}：{name} {_day(signer.at, context)}"


def _decline(context: FormContext) -> dict[str, str]:
    """From the approved "no" itself, else from the report that waits for approval."""
    declined = next((event for event in context.events if isinstance(event, e.Declined)), None)
    found = declined if declined is not None else context.case.decline
    if found is None:
        return dict.fromkeys(("decline_ground", "decline_explanation", "decline_approved_by"), "")
    return {
        "decline_ground": _name(context.profile.exclusions, found.ground),
        "decline_explanation": found.explanation,
        "decline_approved_by": declined.actor.name if declined is not None else "",
    }


def _name(choices: Sequence[Choice], key: str) -> str:
    return next((each.name.zh for each in choices if each.key == key), key)


def _unit(code: str, context: FormContext) -> str:
    unit = context.jurisdiction.unit(code) if code else None
    return unit.name if unit is not None else code


def _day(instant: datetime, context: FormContext) -> str:
    return _date(context.calendar.local(instant).date())


def _date(day: date) -> str:
    """As an office writes it: every date of a paper alike."""
    return f"{day.year}年{day.month}月{day.day}日"


def _minute(instant: datetime, context: FormContext) -> str:
    return f"{_day(instant, context)} {context.calendar.local(instant):%H:%M}"
