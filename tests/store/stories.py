"""Cases of an invented village, made by the kernel and signed as a site would."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from bancheng.kernel.evolve import begin, evolve
from bancheng.kernel.history import head_of, next_position
from bancheng.schema.clocks import HOLDER, PERSON, Clock
from bancheng.schema.events import Actor, CaseEvent, NoteAdded, Person, Registered
from bancheng.schema.frames import NO_HASH, Kind
from bancheng.schema.ids import RANDOM_BYTES, uuid7
from bancheng.store.casebook import CaseChange, Outgoing
from bancheng.store.signing import Signer, StoredEntry, generate_seed, sign_entry

if TYPE_CHECKING:
    from uuid import UUID

    from bancheng.kernel.case import Case

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
CLERK = Actor(staff="clerk-1", name="林小满", unit="guali")


class Village:
    """A site that writes cases for one tenant."""

    def __init__(self, tenant: str, site: str = "guali", parent: str = "town") -> None:
        self.tenant = tenant
        self.site = site
        self.parent = parent
        self.signer = Signer.from_seed(site, generate_seed())
        self._count = 0

    def registered(
        self,
        *,
        at: datetime = NOW,
        unit: str = "guali",
        title: str = "路灯不亮",
        description: str = "村口的路灯三天不亮了",
        due_workdays: int = 5,
        case_id: UUID | None = None,
    ) -> Registered:
        self._count += 1
        due = at + timedelta(days=due_workdays)
        return Registered(
            at=at,
            actor=CLERK,
            case_id=case_id or uuid7(at, secrets.token_bytes(RANDOM_BYTES)),
            number=f"{unit}-{at:%Y%m%d}-{self._count:04d}-{secrets.token_hex(3)}",
            unit=unit,
            site=self.site,
            profile_edition=1,
            channel="desk",
            kind="complaint",
            case_type="ordinary",
            title=title,
            description=description,
            person=Person(name="钱大江", phone="000-1001"),
            clocks=(clock(PERSON, at, due + timedelta(days=5)), clock(HOLDER, at, due)),
        )

    def register(self, event: Registered | None = None, **wishes: object) -> CaseChange:
        """A new case, sent to the parent."""
        return self.change(None, event or self.registered(**wishes))  # pyright: ignore[reportArgumentType]

    def note(self, case: Case, text: str = "已联系电工") -> CaseChange:
        return self.change(case, NoteAdded(at=NOW, actor=CLERK, note_kind="progress", text=text))

    def change(self, case: Case | None, *events: CaseEvent, kind: Kind = "progress") -> CaseChange:
        """Sign the events, carry the state on and queue them for the parent. `act_at` is when the holder's is due."""
        before = None if case is None else case.head
        entries: list[StoredEntry] = []
        for event in events:
            entry = self.sign(case, event)
            entries.append(entry)
            if case is not None:
                case = evolve(case, event, head_of(entry.entry))
            elif isinstance(event, Registered):
                case = begin(event, head_of(entry.entry))
        assert case is not None
        outgoing = tuple(
            Outgoing(peer=self.parent, kind=kind, position=each.position, event_hash=each.hash) for each in entries
        )
        holder = case.clocks[HOLDER]
        return CaseChange(before=before, case=case, entries=tuple(entries), outgoing=outgoing, act_at=holder.due_at)

    def sign(self, case: Case | None, event: CaseEvent) -> StoredEntry:
        case_id = event.case_id if isinstance(event, Registered) else None
        if case is not None:
            case_id = case.case_id
        assert case_id is not None
        return sign_entry(
            self.signer,
            tenant=self.tenant,
            event=event,
            case_id=case_id,
            position=next_position(case, event, self.site),
            prev_hash=NO_HASH if case is None else case.head.hash,
            now_wall_ms=time.time_ns() // 1_000_000,
            random=secrets.token_bytes,
        )


def clock(name: str, started_at: datetime, due_at: datetime) -> Clock:
    return Clock(
        name=name,
        owner="guali",
        started_at=started_at,
        start_day=date(2026, 3, 2),
        limit_workdays=5,
        due_at=due_at,
        due_day=due_at.date(),
        calendar_edition=1,
    )
