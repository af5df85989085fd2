"""A small world for tests of the rules: the invented tenant, the official calendar, one case at a time.

Owns `Story`, which drives one case as a site does: ask the rules, place the events, hash them as they travel, carry
the state on. Nothing is signed: signatures are the store's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace

from bancheng.kernel import commands as c
from bancheng.kernel.calendar import Calendar
from bancheng.kernel.case import Case, Position
from bancheng.kernel.context import Context, Jurisdiction
from bancheng.kernel.decide import decide
from bancheng.kernel.evolve import begin, evolve
from bancheng.kernel.history import Entry, head_of, next_position
from bancheng.kernel.profile import Profile
from bancheng.kernel.rejected import Rejected
from bancheng.kernel.watch import Watch, next_watch
from bancheng.schema.documents import Directory
from bancheng.schema.events import SYSTEM_STAFF, Actor, CaseEvent, Person, Registered, encode_event
from bancheng.schema.frames import NO_HASH, FrameHeader, encode_header, event_hash, payload_hash
from tests.kernel.notices import CALENDAR, beijing
from tests.kernel.tenant import PROFILE, STATION, TENANT, THREE_TIERS, UNIT_OF

CASE_ID = UUID(int=7)
MONDAY = beijing(2026, 3, 2)
"""Monday 2 March 2026, ten in the morning: no holiday for weeks around."""
DAY = timedelta(days=1)


REGISTER = c.Register(
    case_id=CASE_ID,
    number="000000001001-20260302-001",
    unit=STATION,
    channel="desk",
    kind="allowance",
    case_type="complex",
    title="残疾人护理补贴停发",
    description="只领了两个月就没有了",
    person=Person(name="周某", phone="000-1234"),
)


def clerk(unit: str, staff: str = "clerk") -> Actor:
    return Actor(staff=staff, name="张三", unit=unit)


def system(unit: str) -> Actor:
    return Actor(staff=SYSTEM_STAFF, name="系统", unit=unit)


def sealed(event: CaseEvent, position: Position, prev_hash: bytes, case_id: UUID = CASE_ID) -> Entry:
    """The entry with the hash that its frame would have. The salt is fixed, so that runs can be compared."""
    payload, salt = encode_event(event), b"salt"
    header = FrameHeader(
        tenant=TENANT,
        author=position.author,
        key_id="",
        event_id=UUID(int=0),
        type=type(event).__name__,
        occurred_at=event.at,
        payload_hash=payload_hash(salt, payload),
        payload_length=len(payload),
        case_id=case_id,
        term=position.term,
        seq=position.seq,
        prev_hash=prev_hash,
    )
    return Entry(position=position, hash=event_hash(encode_header(header)), prev_hash=prev_hash, event=event)


def stand(case: Case | None, event: CaseEvent, site: str) -> tuple[Case, Entry]:
    """The state after `site` has put `event` at the end of the line, and the entry it has become."""
    entry = sealed(event, next_position(case, event, site), case.head.hash if case is not None else NO_HASH)
    if case is not None:
        return evolve(case, event, head_of(entry)), entry
    assert isinstance(event, Registered)
    return begin(event, head_of(entry)), entry


@dataclass
class Story:
    """One case on one line, as if every site knew everything at once."""

    now: datetime = MONDAY
    profile: Profile = PROFILE
    calendar: Calendar = CALENDAR
    directory: Directory = THREE_TIERS
    case: Case | None = None
    entries: list[Entry] = field(default_factory=list[Entry])

    @property
    def jurisdiction(self) -> Jurisdiction:
        return Jurisdiction(self.directory)

    @property
    def state(self) -> Case:
        assert self.case is not None
        return self.case

    def context(self, site: str, actor: Actor) -> Context:
        return Context(
            now=self.now,
            actor=actor,
            site=site,
            profile=self.profile,
            calendar=self.calendar,
            jurisdiction=self.jurisdiction,
        )

    def ask(self, command: c.AnyCommand, site: str, actor: Actor) -> tuple[CaseEvent, ...]:
        """What the rules say; nothing is carried on. Raises Rejected."""
        return decide(command, self.case, self.context(site, actor))

    def do(
        self, command: c.AnyCommand, site: str = "", *, staff: str = "clerk", unit: str = ""
    ) -> tuple[CaseEvent, ...]:
        """By a clerk of the window at `site`, where the holder is unless told."""
        site = site or self.state.holder_site
        return self.carry_on(self.ask(command, site, clerk(unit or UNIT_OF[site], staff)), site)

    def tick(self, command: c.AnyCommand | None = None, site: str = "") -> tuple[CaseEvent, ...]:
        """By the clock or the link: the passed deadlines at the holder's site unless told."""
        site = site or self.state.holder_site
        return self.carry_on(self.ask(command or c.PassDeadline(), site, system(UNIT_OF[site])), site)

    def carry_on(self, events: tuple[CaseEvent, ...], site: str) -> tuple[CaseEvent, ...]:
        for event in events:
            self.case, entry = stand(self.case, event, site)
            self.entries.append(entry)
        return events

    def receive(self) -> tuple[CaseEvent, ...]:
        assert self.state.in_transit is not None
        return self.tick(c.Receive(), self.state.in_transit.site)

    def climb(self) -> None:
        self.do(c.Escalate(reason="本级解决不了"))
        self.receive()

    def refusal(self, command: c.AnyCommand, site: str = "", *, staff: str = "clerk", unit: str = "") -> str:
        with pytest.raises(Rejected) as refused:
            self.do(command, site, staff=staff, unit=unit)
        return refused.value.code

    def run_until(self, until: datetime) -> None:
        """The holder acts at every instant it watches for; what is granted is received at once."""
        for _ in range(1_000):
            watch = self.watch()
            if watch is None or watch.at > until:
                self.now = until
                return
            self.now = max(self.now, watch.at)
            before = self.case
            self.tick()
            if self.state.in_transit is not None:
                self.receive()
            assert self.case != before, "a watch that nothing answers would be looked at for ever"
        raise AssertionError("never came to rest")

    def watch(self, site: str = "") -> Watch | None:
        return next_watch(self.state, site or self.state.holder_site, self.jurisdiction, self.profile)


def registered(
    unit: str = STATION,
    *,
    now: datetime = MONDAY,
    case_type: str = "complex",
    profile: Profile = PROFILE,
    calendar: Calendar = CALENDAR,
    directory: Directory = THREE_TIERS,
) -> Story:
    """A case registered at a window by its clerk."""
    story = Story(now=now, profile=profile, calendar=calendar, directory=directory)
    site = next(site for site, code in UNIT_OF.items() if code == unit)
    story.do(replace(REGISTER, unit=unit, case_type=case_type), site)
    return story


def names(events: tuple[CaseEvent, ...]) -> list[str]:
    return [type(event).__name__ for event in events]
