"""Who follows a case: the person's contact at the window that took it in, and who has it in hand where it is held.

Owns how both come from events (NX-16, PZ-02, PA-R7). Every act says who did it, whoever follows the case.
"""

from __future__ import annotations

from msgspec.structs import replace

from bancheng.kernel.case import Case
from bancheng.kernel.record import Officer, Record
from bancheng.schema import events as e
from bancheng.schema.event import SYSTEM_STAFF, Actor


def first_officer(event: e.Registered) -> Officer | None:
    """Who took it in follows it, until the duty is handed over. Whoever imports a ledger took nothing in: the first who
    acts at that window does.
    """
    return None if event.imported_from else _officer(event.actor)


def followed_by(case: Case, event: e.CaseEvent) -> Record:
    """The record after the event, by the state after it: the duty was handed over, or somebody acts for the unit that
    holds the case and where nobody followed it yet. A unit that gets the case has nobody until then.
    """
    record = case.record
    match event:
        case e.DutyHandedOver():
            heir = Officer(staff=event.to_staff, name=event.to_name, unit=event.actor.unit)
            return replace(record, officer=heir) if _is_contacts(case, heir.unit) else replace(record, handler=heir)
        case e.Received() | e.TakenOver():
            record = replace(record, handler=None) if record.handler is not None else record
        case _:
            pass
    actor = event.actor
    if actor.unit != case.holder_unit or actor.staff == SYSTEM_STAFF:
        return record
    if _is_contacts(case, actor.unit):
        return record if record.officer is not None else replace(record, officer=_officer(actor))
    return record if record.handler is not None else replace(record, handler=_officer(actor))


def _is_contacts(case: Case, unit: str) -> bool:
    """Whether the person's contact is of this unit: the window that took the matter in."""
    return unit == case.registered_unit


def _officer(actor: Actor) -> Officer | None:
    return None if actor.staff == SYSTEM_STAFF else Officer(staff=actor.staff, name=actor.name, unit=actor.unit)


def present_officer(case: Case) -> Officer | None:
    """Who follows the case where it is held."""
    return case.record.officer if _is_contacts(case, case.holder_unit) else case.record.handler
