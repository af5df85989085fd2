"""One imagined case, walked through a profile's clocks by the rules themselves.

Owns who does what and when in it. Either everybody acts on the last day of each limit, so that every step of the
procedure is seen with the date it is due at the latest; or nobody acts at all, so that the ladder and the climb are
seen. What follows from each act is `decide`'s; nothing is stored, and no time of day is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

import msgspec

from bancheng.kernel import commands as c
from bancheng.kernel.calendar import Calendar
from bancheng.kernel.case import Case, Head
from bancheng.kernel.context import Context, Jurisdiction
from bancheng.kernel.decide import decide
from bancheng.kernel.evolve import begin, evolve
from bancheng.kernel.history import next_position
from bancheng.kernel.profile import Profile
from bancheng.kernel.profile_parts import Obligation
from bancheng.kernel.watch import next_watch
from bancheng.schema.clocks import CONCLUSION, HOLDER, ORDER_PREFIX, PERSON, PURSUIT, STEP_PREFIX, Clock
from bancheng.schema.documents import Directory, SiteEntry, UnitEntry
from bancheng.schema.events import SYSTEM_STAFF, Actor, CaseEvent, Person, Registered, encode_event

MAXIMUM_ACTS: Final = 400
MAXIMUM_DAYS: Final = 200
SITE, DEPARTMENT = "imagined", "department"
PAPER: Final = "0" * 64
BEFORE_CLOSING: Final = timedelta(minutes=30)
"""Who acts on the last day acts half an hour before it ends."""


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """An event of the imagined case, and the state after it."""

    at: datetime
    event: CaseEvent
    case: Case


class UnknownChoice(Exception):
    """A type or tier that the profile does not have. `code` is stable."""

    code = "profile.explain_unknown"

    def __init__(self, field: str, choice: str) -> None:
        super().__init__(f"{field}: {choice}")
        self.field = field
        self.choice = choice


def walk(
    profile: Profile,
    calendar: Calendar,
    *,
    case_type: str,
    registered_at: datetime,
    tier: str = "",
    nobody_acts: bool = False,
) -> tuple[Happening, ...]:
    """What happens to a case of that type, registered then at the lowest tier unless told. Raises UnknownChoice."""
    if profile.case_type(case_type) is None:
        raise UnknownChoice("case_type", case_type)
    chosen = tier or profile.tiers[-1].key
    if profile.tier(chosen) is None:
        raise UnknownChoice("tier", chosen)
    return tuple(_Walk(profile, calendar, registered_at, case_type, chosen, nobody_acts=nobody_acts).run())


def _jurisdiction(profile: Profile) -> Jurisdiction:
    """One window for each tier and one department, all at one site."""
    keys = [tier.key for tier in profile.tiers]
    parents: list[str | None] = [None, *keys[:-1]]
    units = [
        UnitEntry(code=tier.key, name=tier.name.zh, tier=tier.key, site=SITE, parent=parent)
        for tier, parent in zip(profile.tiers, parents, strict=True)
    ]
    department = UnitEntry(code=DEPARTMENT, name="部门", tier=keys[0], site=SITE, parent=keys[0], is_window=False)
    site = SiteEntry(site=SITE, tier=keys[0], parent=None, key_id="", public_key="")
    return Jurisdiction(Directory(tenant=profile.tenant, edition=1, sites=(site,), units=(*units, department)))


class _Walk:
    def __init__(
        self,
        profile: Profile,
        calendar: Calendar,
        registered_at: datetime,
        case_type: str,
        tier: str,
        *,
        nobody_acts: bool,
    ) -> None:
        self.profile = profile
        self.calendar = calendar
        self.now = registered_at
        self.last = registered_at + timedelta(days=MAXIMUM_DAYS)
        self.case_type = case_type
        self.tier = tier
        self.nobody_acts = nobody_acts
        self.jurisdiction = _jurisdiction(profile)
        self.case: Case | None = None
        self.hash = b""

    @property
    def state(self) -> Case:
        if self.case is None:
            raise UnknownChoice("case", "")
        return self.case

    def run(self) -> Iterator[Happening]:
        yield from self._do(self._registration())
        if not self.nobody_acts:
            yield from self._taken_in()
        for _ in range(MAXIMUM_ACTS):
            if self.state.is_closed:
                return
            deed = None if self.nobody_acts else self._next_deed()
            watch = next_watch(self.state, SITE, self.jurisdiction, self.profile)
            if deed is None and watch is None:
                return
            if deed is not None and (watch is None or deed[0] <= watch.at):
                self.now = max(self.now, deed[0])
                yield from self._due(deed[1])
            elif watch is not None:
                self.now = max(self.now, watch.at)
                yield from self._do(c.PassDeadline(), SYSTEM_STAFF)
            if self.now > self.last:
                return

    # ── acts ──

    def _do(self, command: c.AnyCommand, staff: str = "clerk", unit: str = "") -> Iterator[Happening]:
        """The events of one command; what is handed over within the imagined site is received at once."""
        holder = self.case.holder_unit if self.case is not None else self.tier
        if isinstance(command, c.Receive) and self.case is not None and self.case.in_transit is not None:
            holder = self.case.in_transit.unit
        context = Context(
            now=self.now,
            actor=Actor(staff=staff, name=staff, unit=unit or holder),
            site=SITE,
            profile=self.profile,
            calendar=self.calendar,
            jurisdiction=self.jurisdiction,
        )
        for event in decide(command, self.case, context):
            yield self._carried(event)
        if self.state.in_transit is not None:
            yield from self._do(c.Receive(), SYSTEM_STAFF)

    def _carried(self, event: CaseEvent) -> Happening:
        position = next_position(self.case, event, SITE)
        self.hash = sha256(self.hash + encode_event(event)).digest()
        head = Head(position=position, hash=self.hash)
        if isinstance(event, Registered):
            self.case = begin(event, head)
        else:
            self.case = evolve(self.state, event, head)
        return Happening(at=self.now, event=event, case=self.state)

    def _registration(self) -> c.Register:
        profile = self.profile
        kind = next((kind for kind in profile.kinds if not kind.concerns_conduct), profile.kinds[0])
        return c.Register(
            case_id=UUID(int=1),
            number="1",
            unit=self.tier,
            channel=profile.channels[0].key if profile.channels else "desk",
            kind=kind.key,
            case_type=self.case_type,
            title="-",
            description="-",
            person=Person(name="-"),
            ground=profile.grounds[0].key if profile.grounds else "",
            complained_unit=DEPARTMENT if kind.concerns_conduct else "",
        )

    def _taken_in(self) -> Iterator[Happening]:
        """Signed and accepted at once: nobody's limit depends on how long that takes."""
        yield from self._do(
            c.AttachPaper(sha256=PAPER, name="-", media_type="image/png", size=1, paper_kind="signed_form")
        )
        yield from self._do(c.SignForm(method="drawn", signer="-", paper=PAPER))
        yield from self._do(c.Accept())
        if any(each.after == "ordered" for each in self._applying()):
            yield from self._order()

    def _order(self) -> Iterator[Happening]:
        """To the department, once."""
        found = self.profile.case_type(self.case_type)
        if not self.state.record.orders and found is not None and self.state.stage in {"accepted", "in_hand"}:
            limit = None if found.order_workdays is not None else 5
            yield from self._do(c.IssueOrder(to_unit=DEPARTMENT, request="-", limit_workdays=limit))

    def _applying(self) -> list[Obligation]:
        return [each for each in self.profile.obligations if not each.case_types or self.case_type in each.case_types]

    # ── what is due next, and what is then done about it ──

    def _next_deed(self) -> tuple[datetime, Clock] | None:
        """The live clock that is due first, and when whoever owes it acts."""
        # While steps are owed, the unit that took it in passes it on rather than deciding it alone.
        names = {PERSON, CONCLUSION, PURSUIT} if self._is_something_owed() else {PERSON, HOLDER, CONCLUSION, PURSUIT}
        live = [
            clock
            for clock in self.state.clocks.values()
            if clock.state == "running" and (clock.name in names or clock.name.startswith((STEP_PREFIX, ORDER_PREFIX)))
        ]
        first = min(live, key=lambda clock: (clock.due_at, _RANK.get(clock.name, 0), clock.name), default=None)
        if first is None:
            return None
        return max(self.now, min(first.due_at - BEFORE_CLOSING, first.due_at)), first

    def _due(self, clock: Clock) -> Iterator[Happening]:
        if clock.name.startswith(STEP_PREFIX):
            yield from self._step(clock.name.removeprefix(STEP_PREFIX))
        elif clock.name.startswith(ORDER_PREFIX):
            yield from self._order_answered(int(clock.name.removeprefix(ORDER_PREFIX)))
        elif clock.name == CONCLUSION or self.state.stage not in {"accepted", "in_hand"}:
            yield from self._conclude()
        elif clock.nature == "report_by" and (clock.name == PERSON or self._is_something_owed()):
            yield from self._do(c.GiveAnswer(text="-", answer_kind="progress"))
        else:
            yield from self._propose()

    def _is_something_owed(self) -> bool:
        return any(key.startswith(STEP_PREFIX) and each.state == "running" for key, each in self.state.clocks.items())

    def _step(self, key: str) -> Iterator[Happening]:
        """The first of its ends that somebody can bring about by hand."""
        obligation = self.profile.obligation(key)
        milestone = obligation.until[0] if obligation is not None else ""
        if milestone.startswith(STEP_PREFIX):
            yield from self._do(c.RecordStep(step=milestone.removeprefix(STEP_PREFIX)))
            yield from self._follow(milestone)
            return
        match milestone:
            case "file_submitted":
                yield from self._do(c.SubmitFile())
            case "order_reported" | "order_done":
                yield from self._order()
                number = len(self.state.record.orders)
                if number and not self.state.record.orders[-1].is_done:
                    yield from self._order_answered(number)
                else:
                    yield from self._propose()
            case "progress_told" | "answered" | "result_proposed" | "verified" | "revisited":
                yield from self._propose()
            case "reported_outside":
                yield from self._do(c.Escalate(reason="-"))
            case "passed_to_body":
                yield from self._do(c.PassToBody(body="-", helper="-", reason="-"))
            case "guided":
                yield from self._do(c.IssueGuidance(department=DEPARTMENT, documents="-"))
            case _:
                yield from self._propose()

    def _follow(self, milestone: str) -> Iterator[Happening]:
        """Whoever is to report a result by then has been given the order now; what is owed without a date is done."""
        for each in self._applying():
            if each.after == milestone and {"order_done", "order_reported"} & set(each.until):
                yield from self._order()
            elif each.after == milestone and each.workdays is None and each.until[0].startswith(STEP_PREFIX):
                yield from self._do(c.RecordStep(step=each.until[0].removeprefix(STEP_PREFIX)))

    def _order_answered(self, number: int) -> Iterator[Happening]:
        command = c.AnswerOrder(number=number, reply="result", text="-")
        yield from self._do(command, "department", DEPARTMENT)

    def _propose(self) -> Iterator[Happening]:
        """Done and told; where something is still owed beside it, the result waits for that."""
        if self.state.stage not in {"accepted", "in_hand"}:
            yield from self._conclude()
            return
        yield from self._do(c.ProposeResult(outcome="solved", answer="-"))
        yield from self._do(c.GiveAnswer(text="-"))

    def _conclude(self) -> Iterator[Happening]:
        if self.state.stage == "result_proposed":
            yield from self._do(c.VerifyResult(), "leader")
        if self.state.answered_at is None:
            yield from self._do(c.GiveAnswer(text="-"))
        if self.state.stage == "verified":
            yield from self._do(c.Revisit(satisfied=True, rating=5))
        if self.state.stage == "revisited":
            yield from self._do(c.StrikeOff())


_RANK: Final = {PERSON: 1, PURSUIT: 2, HOLDER: 3, CONCLUSION: 4}
"""Where several are due at one instant, the steps come first."""
