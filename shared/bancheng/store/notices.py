"""What an entry tells somebody in person: a fault its unit and the leaders (NX-11), a call the leader on duty (PZ-02).

Owns which entries do, and the alerts that stand until they are acknowledged. They are raised at every site that comes
to know the entry, with the entry. Whom an alert is for is the window's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from bancheng.schema.events import DutyLeaderCalled, FaultAttributed
from bancheng.store.alerts import raise_alert
from bancheng.store.changes import CaseChange, main_entries
from bancheng.store.database import Transaction

FAULT_OF_UNIT, FAULT_TO_LEADER, LEADER_CALLED = "fault_of_unit", "fault_to_leader", "leader_called"


async def raise_notices(tx: Transaction, changes: Sequence[CaseChange]) -> None:
    """Nothing to do for almost every change."""
    for change in changes:
        for case_id, kind, detail, at in _notices(change):
            await raise_alert(tx, case_id, kind, detail=detail, at=at)


def _notices(change: CaseChange) -> Iterator[tuple[UUID, str, str, datetime]]:
    """Kinds are `<what>:<number in the case>:<unit>`; a fault of nobody is reported to nobody."""
    case = change.case
    fault = len(case.record.faults)
    for entry in main_entries(change):
        match entry.event:
            case FaultAttributed(unit=unit, side=side, opinion=opinion, at=at):
                if side != "none" and unit != case.complained_unit:
                    yield case.case_id, f"{FAULT_OF_UNIT}:{fault}:{unit}", opinion, at
                    yield case.case_id, f"{FAULT_TO_LEADER}:{fault}:{unit}", opinion, at
                fault -= 1
            case DutyLeaderCalled(unit=unit, reason=reason, called=called, at=at):
                yield (
                    case.case_id,
                    f"{LEADER_CALLED}:{entry.position.term}.{entry.position.seq}:{unit}",
                    (f"{called} {reason}".strip()),
                    at,
                )
            case _:
                pass
