"""What may be done with a case now, and why the rest may not: every command is tried on the rules, and not kept.

Owns the trial commands. The rules answer; nothing here repeats one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Final, cast

import msgspec

from bancheng.kernel import commands as c
from bancheng.kernel.case import Case
from bancheng.kernel.context import Context
from bancheng.kernel.decide import decide
from bancheng.kernel.dues import shift_workdays
from bancheng.kernel.profile import Profile
from bancheng.kernel.rejected import Rejected
from bancheng.schema.documents import UnitEntry
from bancheng.window.command_registry import CASE_COMMANDS, CaseCommand
from bancheng.window.identity import Identity
from bancheng.window.permissions import may, who_may

_ANY_TEXT = "…"
NOTHING_TO_CHOOSE = "action.nothing_to_choose"
ASKED_INSTEAD = ("case.not_holder", "case.in_transit")
"""A note for a case that others hold is not refused: they are asked to enter it."""


class Availability(msgspec.Struct, frozen=True, kw_only=True):
    """One command for one member of staff. `code` is empty when it is allowed."""

    spec: CaseCommand
    code: str = ""
    parameters: dict[str, str | int] = {}


def availabilities(case: Case, identity: Identity, profile: Profile) -> list[Availability]:
    """Every command, in the order of the registry."""
    context = identity.site.context(identity.actor, profile)
    return [_availability(spec, case, identity, context) for spec in CASE_COMMANDS.values()]


def _availability(spec: CaseCommand, case: Case, identity: Identity, context: Context) -> Availability:
    if not may(identity.roles, spec.kind):
        return Availability(spec=spec, code="api.forbidden", parameters={"roles": who_may(spec.kind)})
    chosen = _CHOSEN.get(spec.kind)
    command = chosen(case, context) if chosen is not None else _TRIALS[spec.kind]
    try:
        decide(command, case, context)
    except Rejected as refusal:
        if isinstance(command, c.AddNote) and refusal.code in ASKED_INSTEAD and not case.is_closed:
            return Availability(spec=spec)
        code = NOTHING_TO_CHOOSE if refusal.field else refusal.code
        return Availability(spec=spec, code=code, parameters=dict(refusal.parameters))
    return Availability(spec=spec)


def units_below(case: Case, context: Context) -> list[UnitEntry]:
    """The open units to which the holder may hand the case down."""
    today = context.calendar.local_day(context.now)
    return [
        unit
        for unit in context.jurisdiction.directory.units
        if unit.parent == case.holder_unit and unit.is_window and (unit.closed_on is None or unit.closed_on > today)
    ]


def _first_unit_below(case: Case, context: Context) -> str:
    below = units_below(case, context)
    return below[0].code if below else ""


def _first_exclusion(context: Context) -> str:
    return context.profile.exclusions[0].key if context.profile.exclusions else ""


def _first_pause_reason(context: Context) -> str:
    return context.profile.pause_reasons[0].key if context.profile.pause_reasons else ""


def _next_workday(context: Context) -> date:
    return shift_workdays(context.calendar, context.calendar.local_day(context.now), 1)


def _first_open_late(case: Case) -> str:
    return next((entry.event_hash.hex() for entry in case.late_entries if entry.decision == "open"), "")


_CHOSEN: Final[dict[type[c.Command], Callable[[Case, Context], c.AnyCommand]]] = {
    c.ProposeDecline: lambda _, context: c.ProposeDecline(ground=_first_exclusion(context), explanation=_ANY_TEXT),
    c.Classify: lambda case, _: c.Classify(kind=case.kind, case_type=case.case_type),
    c.Pause: lambda _, context: c.Pause(reason=_first_pause_reason(context), until=_next_workday(context)),
    c.HandDown: lambda case, context: c.HandDown(to_unit=_first_unit_below(case, context), reason=_ANY_TEXT),
    c.AdoptLateOutcome: lambda case, _: c.AdoptLateOutcome(event_hash=_first_open_late(case)),
    c.OverruleLate: lambda case, _: c.OverruleLate(event_hash=_first_open_late(case), reason=_ANY_TEXT),
}
"""Commands with the first of what can be chosen in them; where there is nothing, the rules say so."""


def _fixed(kind: type[c.Command]) -> c.AnyCommand:
    """A command in which nothing is looked up: every text of it is the same."""
    needed = {field.name: _ANY_TEXT for field in msgspec.structs.fields(kind) if field.required}
    return cast("c.AnyCommand", kind(**needed))


_WRITTEN: Final[dict[type[c.Command], c.AnyCommand]] = {
    c.RequestExtension: c.RequestExtension(workdays=1, reason=_ANY_TEXT),
    c.ProposeResult: c.ProposeResult(outcome="solved", answer=_ANY_TEXT),
    c.Revisit: c.Revisit(satisfied=True, rating=5),
}
_TRIALS: Final[dict[type[c.Command], c.AnyCommand]] = {
    spec.kind: _WRITTEN.get(spec.kind) or _fixed(spec.kind)
    for spec in CASE_COMMANDS.values()
    if spec.kind not in _CHOSEN
}
"""The others, made once."""
