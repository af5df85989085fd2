"""What is on record of a case beside the loop, as it is shown: papers, orders, offers, faults, who follows it.

Owns these shapes and how they are filled from the kernel's record. Must not know storage, HTTP or templates.
"""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from bancheng.kernel.case import Case
from bancheng.kernel.context import Jurisdiction
from bancheng.kernel.record import Aid, OtherNumber, Paper, Service, Signature, Signer
from bancheng.schema.clocks import BODY_PREFIX, ORDER_PREFIX, PAPER_PREFIX
from bancheng.schema.events import Agent, Person
from bancheng.window.permissions import masked, masked_agent, masked_name
from bancheng.window.views import UnitView, unit_view


class RequiredPaperView(msgspec.Struct, frozen=True, kw_only=True):
    """容缺: a paper that was missing at acceptance. `came_at` is null while it is; `is_over`: its day is past."""

    number: int
    name: str
    due_on: date
    came_at: datetime | None
    is_over: bool


class JointPersonView(msgspec.Struct, frozen=True, kw_only=True):
    """One of the others who brought the matter; hidden like the person."""

    number: int
    person: Person
    answered_at: datetime | None


class OfficerView(msgspec.Struct, frozen=True, kw_only=True):
    staff: str
    name: str
    unit: UnitView


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    """交办. `answer` is the department's last as given; `due_at` is null once it is done."""

    number: int
    to_unit: UnitView
    handler: str
    request: str
    issued_at: datetime
    due_at: datetime | None
    is_over: bool
    answer: str
    reported_at: datetime | None
    is_done: bool


class TransferView(msgspec.Struct, frozen=True, kw_only=True):
    """A matter that another body has. `due_at`: when it is asked about next."""

    number: int
    body: str
    helper: str
    passed_at: datetime
    due_at: datetime | None
    last_reply: str
    is_done: bool


class FaultView(msgspec.Struct, frozen=True, kw_only=True):
    """责任认定: both texts as they were."""

    side: str
    unit: UnitView
    department_text: str
    told_text: str
    opinion: str


class RecordView(msgspec.Struct, frozen=True, kw_only=True):
    """Keys of lists are the tenant's (`/profile` has their words)."""

    officer: OfficerView | None
    agent: Agent | None
    signature: Signature | None
    file_submitted_at: datetime | None
    sealed_at: datetime | None
    level: str
    papers: list[Paper]
    required_papers: list[RequiredPaperView]
    guidance: list[UnitView]
    joint_persons: list[JointPersonView]
    other_numbers: list[OtherNumber]
    causes: list[str]
    policy_tools: list[str]
    services: list[Service]
    aid: list[Aid]
    orders: list[OrderView]
    transfers: list[TransferView]
    faults: list[FaultView]
    urged: int
    signers: list[Signer]


def record_view(case: Case, jurisdiction: Jurisdiction, now: datetime, *, hide_person: bool) -> RecordView:
    record, agent, signature, officer = case.record, case.agent, case.record.signature, case.record.officer
    papers = list(record.papers)
    if hide_person:
        agent = None if agent is None else masked_agent(agent)
        # What a file is called often names the person.
        papers = [msgspec.structs.replace(each, name="") for each in papers]
        if signature is not None:
            signature = msgspec.structs.replace(signature, signer=masked_name(signature.signer))
    return RecordView(
        officer=None
        if officer is None
        else OfficerView(staff=officer.staff, name=officer.name, unit=unit_view(jurisdiction, officer.unit)),
        agent=agent,
        signature=signature,
        file_submitted_at=record.file_submitted_at,
        sealed_at=record.sealed_at,
        level=record.level,
        papers=papers,
        required_papers=_required_papers(case, now),
        guidance=[unit_view(jurisdiction, code) for code in record.guidance],
        joint_persons=_joint_persons(case, hide_person=hide_person),
        other_numbers=list(record.other_numbers),
        causes=list(record.causes),
        policy_tools=list(record.policy_tools),
        services=list(record.services),
        aid=list(record.aid),
        orders=_orders(case, jurisdiction, now),
        transfers=_transfers(case),
        faults=_faults(case, jurisdiction),
        urged=record.urged,
        signers=list(record.signers),
    )


def _due_at(case: Case, name: str) -> datetime | None:
    clock = case.clock(name)
    return None if clock is None or clock.state == "stopped" else clock.due_at


def _is_over(due_at: datetime | None, now: datetime) -> bool:
    return due_at is not None and due_at <= now


def _required_papers(case: Case, now: datetime) -> list[RequiredPaperView]:
    return [
        RequiredPaperView(
            number=each.number,
            name=each.name,
            due_on=each.due_on,
            came_at=each.came_at,
            is_over=_is_over(_due_at(case, f"{PAPER_PREFIX}{each.number}"), now),
        )
        for each in case.record.required_papers
    ]


def _joint_persons(case: Case, *, hide_person: bool) -> list[JointPersonView]:
    return [
        JointPersonView(
            number=number,
            person=masked(each.person) if hide_person else each.person,
            answered_at=each.answered_at,
        )
        for number, each in enumerate(case.record.joint_persons, start=1)
    ]


def _orders(case: Case, jurisdiction: Jurisdiction, now: datetime) -> list[OrderView]:
    views: list[OrderView] = []
    for each in case.record.orders:
        due_at = _due_at(case, f"{ORDER_PREFIX}{each.number}")
        view = OrderView(
            number=each.number, to_unit=unit_view(jurisdiction, each.to_unit), handler=each.handler,
            request=each.request, issued_at=each.issued_at, due_at=due_at, is_over=_is_over(due_at, now),
            answer=each.answer, reported_at=each.reported_at, is_done=each.is_done,
        )  # fmt: skip
        views.append(view)
    return views


def _transfers(case: Case) -> list[TransferView]:
    return [
        TransferView(
            number=each.number, body=each.body, helper=each.helper, passed_at=each.passed_at,
            due_at=_due_at(case, f"{BODY_PREFIX}{each.number}"), last_reply=each.last_reply, is_done=each.is_done,
        )
        for each in case.record.transfers
    ]  # fmt: skip


def _faults(case: Case, jurisdiction: Jurisdiction) -> list[FaultView]:
    return [
        FaultView(
            side=each.side, unit=unit_view(jurisdiction, each.unit), department_text=each.department_text,
            told_text=each.told_text, opinion=each.opinion,
        )
        for each in case.record.faults
    ]  # fmt: skip
