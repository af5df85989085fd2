"""A trial of each command: what would be entered with the first of what can be chosen in it.

Owns the trial commands and what a case and a tenant offer to choose from. Where there is nothing, the rules say so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Final, cast

import msgspec

from bancheng.kernel import commands as c
from bancheng.kernel.case import Case
from bancheng.kernel.context import Context
from bancheng.kernel.dues import shift_workdays
from bancheng.kernel.profile_parts import AidProgramme, Choice, Step
from bancheng.kernel.record import Order
from bancheng.kernel.units import open_above
from bancheng.schema.documents import UnitEntry
from bancheng.window.command_registry import CASE_COMMANDS

_ANY_TEXT = "…"


def trial(kind: type[c.Command], case: Case, context: Context) -> c.AnyCommand:
    """A command of this kind, to be tried on the rules and not kept."""
    chosen = _CHOSEN.get(kind)
    return chosen(case, context) if chosen is not None else _FIXED[kind]


def units_below(case: Case, context: Context) -> list[UnitEntry]:
    """The open windows to which the holder may hand the case down."""
    today = context.calendar.local_day(context.now)
    below = (
        unit
        for unit in _open_units(context)
        if (above := open_above(context.jurisdiction, unit.code, today)) is not None and above.code == case.holder_unit
    )
    return [unit for unit in below if unit.is_window and unit.code != case.complained_unit]


def departments(case: Case | None, context: Context) -> list[UnitEntry]:
    """The open departments; never the unit that the case complains of (XS-04)."""
    complained = case.complained_unit if case is not None else ""
    return [unit for unit in _open_units(context) if not unit.is_window and unit.code != complained]


def _open_units(context: Context) -> list[UnitEntry]:
    today = context.calendar.local_day(context.now)
    units = context.jurisdiction.directory.units
    return [unit for unit in units if unit.closed_on is None or unit.closed_on > today]


def open_orders(case: Case, unit: str) -> list[Order]:
    """Orders that `unit` may answer: its own, and as the holder every one that is open."""
    open_ones = [order for order in case.record.orders if not order.is_done]
    return open_ones if unit == case.holder_unit else [order for order in open_ones if order.to_unit == unit]


def next_level(case: Case, context: Context) -> str:
    """The level above the present one; empty at the highest, or where the tenant has none."""
    keys = [level.key for level in context.profile.levels]
    above = keys[keys.index(case.record.level) + 1 :] if case.record.level in keys else keys
    return above[0] if above else ""


def _first(choices: Sequence[Choice | AidProgramme | Step]) -> str:
    return choices[0].key if choices else ""


def _first_unit(units: Sequence[UnitEntry]) -> str:
    return units[0].code if units else ""


def _next_workday(context: Context) -> date:
    return shift_workdays(context.calendar, context.calendar.local_day(context.now), 1)


def _first_open_late(case: Case) -> str:
    return next((entry.event_hash.hex() for entry in case.late_entries if entry.decision == "open"), "")


def _answer(case: Case, context: Context) -> c.AnswerOrder:
    orders = open_orders(case, context.actor.unit)
    number = orders[0].number if orders else 1
    return c.AnswerOrder(number=number, reply="progress", text=_ANY_TEXT, said_by=_ANY_TEXT, said_how="phone")


def _signed(case: Case) -> c.SignForm:
    paper = case.record.papers[-1].sha256 if case.record.papers else ""
    return c.SignForm(method="paper", signer=_ANY_TEXT, paper=paper)


def _number(parts: Sequence[object], is_open: Callable[[object], bool]) -> int:
    """The number of the first open part, the last one's where none is open; 1 where there is none."""
    numbers = [number for number, part in enumerate(parts, start=1) if is_open(part)]
    return numbers[0] if numbers else max(1, len(parts))


def _lacks(name: str) -> Callable[[object], bool]:
    return lambda part: getattr(part, name) is None


def _transfer(case: Case) -> int:
    return _number(case.record.transfers, lambda part: not cast("bool", getattr(part, "is_done")))  # noqa: B009


_CHOSEN: Final[dict[type[c.Command], Callable[[Case, Context], c.AnyCommand]]] = {
    c.SignForm: lambda case, _: _signed(case),
    # Whatever the person is called, this is something else.
    c.CorrectPerson: lambda case, _: c.CorrectPerson(name=f"{case.person.name}{_ANY_TEXT}", reason=_ANY_TEXT),
    c.RequirePaper: lambda _, context: c.RequirePaper(name=_ANY_TEXT, due_on=_next_workday(context)),
    c.RecordRequiredPaper: lambda case, _: c.RecordRequiredPaper(
        number=_number(case.record.required_papers, _lacks("came_at"))
    ),
    c.ProposeDecline: lambda case, context: c.ProposeDecline(
        ground=_first(context.profile.exclusions), explanation=_ANY_TEXT, department=case.department
    ),
    c.Classify: lambda case, _: c.Classify(kind=case.kind, case_type=case.case_type),
    c.RaiseLevel: lambda case, context: c.RaiseLevel(level=next_level(case, context), reason=_ANY_TEXT),
    c.RecordStep: lambda _, context: c.RecordStep(step=_first(context.profile.steps)),
    c.CodeCause: lambda _, context: c.CodeCause(cause=_first(context.profile.causes)),
    c.UsePolicyTool: lambda _, context: c.UsePolicyTool(tool=_first(context.profile.policy_tools), basis=_ANY_TEXT),
    c.BookService: lambda _, context: c.BookService(
        form=_first(context.profile.service_forms), on=_next_workday(context)
    ),
    c.CompleteService: lambda case, _: c.CompleteService(
        number=_number(case.record.services, _lacks("took_place")), took_place=True
    ),
    c.OfferAid: lambda _, context: c.OfferAid(programme=_first(context.profile.aid_programmes)),
    c.RecordAidAnswer: lambda case, _: c.RecordAidAnswer(
        number=_number(case.record.aid, _lacks("taken_up")), taken_up=True
    ),
    c.IssueGuidance: lambda case, context: c.IssueGuidance(
        department=_own_or_first(case, context), documents=_ANY_TEXT
    ),
    c.IssueOrder: lambda case, context: c.IssueOrder(
        to_unit=_first_unit(departments(case, context)), request=_ANY_TEXT, limit_workdays=1
    ),
    c.AnswerOrder: _answer,
    c.RecordBodyReply: lambda case, _: c.RecordBodyReply(number=_transfer(case), text=_ANY_TEXT, done=True),
    c.Pause: lambda _, context: c.Pause(reason=_first(context.profile.pause_reasons), until=_next_workday(context)),
    c.Escalate: lambda _case, _context: c.Escalate(reason=_ANY_TEXT, cannot_do=_ANY_TEXT),
    c.HandDown: lambda case, context: c.HandDown(to_unit=_first_unit(units_below(case, context)), reason=_ANY_TEXT),
    c.AdoptLateOutcome: lambda case, _: c.AdoptLateOutcome(event_hash=_first_open_late(case)),
    c.OverruleLate: lambda case, _: c.OverruleLate(event_hash=_first_open_late(case), reason=_ANY_TEXT),
}
"""Commands with the first of what can be chosen in them."""


def _own_or_first(case: Case, context: Context) -> str:
    found = departments(case, context)
    return next((unit.code for unit in found if unit.code == context.actor.unit), _first_unit(found))


def _fixed(kind: type[c.Command]) -> c.AnyCommand:
    """A command in which nothing is looked up: every text of it is the same."""
    needed = {field.name: _ANY_TEXT for field in msgspec.structs.fields(kind) if field.required}
    return cast("c.AnyCommand", kind(**needed))


_WRITTEN: Final[dict[type[c.Command], c.AnyCommand]] = {
    c.RequestExtension: c.RequestExtension(workdays=1, reason=_ANY_TEXT),
    c.ProposeResult: c.ProposeResult(outcome="solved", answer=_ANY_TEXT),
    c.Revisit: c.Revisit(satisfied=True, rating=5),
    c.AttributeFault: c.AttributeFault(side="none", opinion=_ANY_TEXT),
}
_FIXED: Final[dict[type[c.Command], c.AnyCommand]] = {
    spec.kind: _WRITTEN.get(spec.kind) or _fixed(spec.kind)
    for spec in CASE_COMMANDS.values()
    if spec.kind not in _CHOSEN
}
"""The others, made once."""
