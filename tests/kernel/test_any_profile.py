"""For any profile that is accepted and any sequence of commands: what must hold of every case, whatever happens."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bancheng.kernel import commands as c
from bancheng.kernel import limits
from bancheng.kernel.calendar import Calendar, CalendarYear, DayName, merge_overrides
from bancheng.kernel.case import Case
from bancheng.kernel.history import replay
from bancheng.kernel.profile import Profile
from bancheng.kernel.rejected import Rejected
from bancheng.schema import events as e
from bancheng.schema.clocks import PERSON, STEP_PREFIX
from tests.kernel import entries
from tests.kernel.notices import CALENDAR
from tests.kernel.profiles import profiles
from tests.kernel.situations import ASK, COMMANDS, LATE_HASH
from tests.kernel.tenant import CENTRE, COUNTY, HALL, STATION, TOWN, UNIT_OF, VILLAGE
from tests.kernel.world import MONDAY, REGISTER, Story, clerk, system

STAFF = ("clerk", "leader", "colleague")
MORE: tuple[c.AnyCommand, ...] = (
    c.Classify(kind="no_powers", case_type="ordinary"),
    c.Classify(kind="allowance", case_type="complex"),
    c.GiveAnswer(text="正在办理", answer_kind="progress"),
    c.GiveAnswer(text="已告知", person_number=1),
    c.ProposeResult(outcome="cannot_be_done", answer="政策不允许"),
    c.Revisit(satisfied=False, rating=1, comment="没有解决"),
    c.HandDown(to_unit=CENTRE, reason="由镇里办理", limit_workdays=1),
    c.AnswerOrder(number=1, reply="progress", text="正在核实", said_by="李四", said_how="phone"),
    c.RecordBodyReply(number=1, text="正在办理", done=False),
    c.RaiseLevel(level="two", reason="涉及多个部门"),
    c.RequestExtension(clock="person", workdays=3, reason="等待上级答复"),
    c.AttributeFault(side="department", order_number=1, opinion="答复不及时"),
    c.IssueOrder(to_unit=entries.ORDER.to_unit, request="请核实"),
    c.CorrectPerson(name="吴某", phone="", address="甲村 1 号", reason="听错了姓"),
)
_NOT_BY_PEOPLE = c.Register | c.Receive | c.TakeOver | c.Withdraw
BY_PEOPLE = tuple(each for each in (*COMMANDS, *MORE) if not isinstance(each, _NOT_BY_PEOPLE))
"""Withdrawing is not among them: it would end most walks before they get anywhere."""
LOOP = (
    c.Accept(),
    c.Classify(kind="approval", case_type="special"),
    c.GiveAnswer(text="已恢复发放"),
    c.ProposeResult(outcome="solved", answer="已恢复发放"),
    c.VerifyResult(),
    c.Revisit(satisfied=True, rating=5),
    c.StrikeOff(),
)
"""The loop goes on when these are tried in order, now and then: random commands alone seldom get to its end."""
HAPPENINGS = (*("people",) * 12, "loop", "loop", "round", "time", "time", "link", "link", "above", "calendar")
WHERE = ((STATION, ""), (STATION, ""), (STATION, CENTRE), (CENTRE, STATION), (CENTRE, ""), (HALL, ""))
"""Where the case begins, and which unit it complains of."""
OFF_DAYS = tuple(date(2026, 3, day) for day in (4, 5, 9, 11, 13, 18, 20, 25, 27))


def _later(calendar: Calendar, off: date) -> Calendar:
    """The next edition, in which one working day more is off."""
    known = tuple(DayName(day=day, name="放假") for day in OFF_DAYS if not calendar.is_workday(day))
    days = tuple(sorted({*known, DayName(day=off, name="放假")}, key=lambda each: each.day))
    year = CalendarYear(year=2026, official=True, days_off=days, make_up_workdays=())
    return merge_overrides(CALENDAR, (year,), edition=calendar.edition + 1)


class Walk:
    """One case and what was known before each step, so that what must never happen is seen when it does."""

    def __init__(self, profile: Profile, unit: str, complained_unit: str, received_on: date | None) -> None:
        self.story = Story(now=MONDAY, profile=profile)
        self.calendars = {CALENDAR.edition: CALENDAR}
        site = next(site for site, code in UNIT_OF.items() if code == unit)
        kind = "conduct" if complained_unit else "allowance"
        command = replace(
            REGISTER,
            case_id=UUID(int=7),
            unit=unit,
            kind=kind,
            complained_unit=complained_unit,
            received_on=received_on,
        )
        self.story.do(command, site)
        self.check()

    def step(self, command: c.AnyCommand, staff: str, site: str) -> bool:
        """One command, if it is not refused; whether anything came of it. Any other error is a mistake of the rules."""
        before = self.story.state
        by_clock = isinstance(command, c.PassDeadline | c.RecomputeDues | c.Receive | c.TakeOver | c.FileLateEntry)
        unit = before.holder_unit if site == before.holder_site else UNIT_OF[site]
        actor = system(unit) if by_clock else clerk(unit, staff)
        try:
            events = self.story.carry_on(self.story.ask(command, site, actor), site)
        except Rejected:
            return False
        self.check()
        if not any(isinstance(event, e.LateOutcomeAdopted) for event in events):
            self.check_person_clock(before)
        return bool(events)

    def pass_time(self, hours: int) -> None:
        self.story.now += timedelta(hours=hours)
        self.sweep()

    def sweep(self) -> None:
        """Whatever is due, at the holder's site; a second time nothing is left to do."""
        self.step(c.PassDeadline(), "", self.story.state.holder_site)
        assert not self.step(c.PassDeadline(), "", self.story.state.holder_site)

    def new_calendar(self, off: date) -> None:
        self.story.calendar = _later(self.story.calendar, off)
        self.calendars[self.story.calendar.edition] = self.story.calendar
        self.step(c.RecomputeDues(), "", self.story.state.holder_site)

    def check(self) -> None:
        case = self.story.state
        self.check_clocks(case)
        self.check_obligations(case)
        if case.complained_unit:
            assert case.holder_unit != case.complained_unit
            assert case.in_transit is None or case.in_transit.unit != case.complained_unit
        if case.is_closed:
            assert case.outcome is not None
            assert case.outcome == "withdrawn" or (case.answer and case.answered_at is not None)
            assert all(clock.state == "stopped" for clock in case.clocks.values())
        if case.stage == "struck_off":
            assert all(person.answered_at is not None for person in case.record.joint_persons)

    def check_clocks(self, case: Case) -> None:
        for name, clock in case.clocks.items():
            assert clock.name == name
            assert clock.due_at > clock.started_at
            assert clock.used_workdays >= 0
            assert self.calendars[clock.calendar_edition].is_workday(clock.due_day), "a due date on a day off"
            assert clock.state == "running" or not any(rung.action != "resume" for rung in clock.rungs)

    def check_obligations(self, case: Case) -> None:
        steps = [clock for name, clock in case.clocks.items() if name.startswith(STEP_PREFIX)]
        live = {clock.name for clock in steps if clock.state == "running"}
        dated = {each.key for each in self.story.profile.obligations if each.workdays is not None}
        assert live == {STEP_PREFIX + key for key in case.record.owed if key in dated}
        assert len(set(case.record.owed)) == len(case.record.owed)

    def check_person_clock(self, before: Case) -> None:
        """By the same calendar, what was spent never shrinks: no hand-over and no other round gives days back."""
        calendar, now = self.story.calendar, self.story.now
        earlier, later = before.clocks[PERSON], self.story.state.clocks[PERSON]
        assert limits.used_workdays(later, calendar, now) >= limits.used_workdays(earlier, calendar, now)
        assert later.started_at == earlier.started_at or earlier.state != "running", "the start was reset"
        assert later.started_at >= earlier.started_at

    def finish(self) -> None:
        """However it stands, it can be brought to its end with outcome and answer, by people and what is granted."""
        for _ in range(40):
            case = self.story.state
            if case.is_closed:
                return
            if case.in_transit is not None:
                assert self.step(c.Receive(), "", case.in_transit.site)
                continue
            open_late = [each.event_hash for each in case.late_entries if each.decision == "open"]
            overrule = tuple(c.OverruleLate(event_hash=each.hex(), reason="并未到账") for each in open_late)
            ways = (*overrule, c.RefuseDecline(reason="应予受理"), *self._next_in_loop(case))
            assert any(self.step(way, staff, case.holder_site) for way in ways for staff in STAFF), case.stage
        raise AssertionError("never came to an end")

    def _next_in_loop(self, case: Case) -> tuple[c.AnyCommand, ...]:
        match case.stage:
            case "registered":
                return (c.Accept(),)
            case "accepted" | "in_hand":
                return (c.ProposeResult(outcome="solved", answer="已恢复发放"),)
            case "result_proposed":
                return (c.VerifyResult(),)
            case "verified":
                return (c.Revisit(satisfied=True, rating=5), c.GiveAnswer(text="已恢复发放"))
            case "revisited":
                return (c.StrikeOff(),)
            case _:
                return ()


def _happens(chance: Random, walk: Walk) -> None:
    """One thing that may happen: somebody does something, time passes, a calendar comes, or the links deliver."""
    case = walk.story.state
    match chance.choice(HAPPENINGS):
        case "people":
            site = chance.choice((case.holder_site, case.holder_site, case.holder_site, COUNTY, TOWN, VILLAGE))
            walk.step(chance.choice(BY_PEOPLE), chance.choice(STAFF), site)
        case "loop":
            staff = chance.choice(STAFF)
            any(walk.step(command, staff, case.holder_site) for command in LOOP)
        case "round":
            again = (*LOOP[2:5], c.Revisit(satisfied=False, rating=1, comment="没有解决"))
            for command in again:
                any(walk.step(command, staff, walk.story.state.holder_site) for staff in STAFF)
        case "time":
            walk.pass_time(chance.choice((1, 5, 24, 24, 72, 200)))
        case "link":
            if case.in_transit is not None:
                assert walk.step(c.Receive(), "", case.in_transit.site)
        case "above":
            walk.step(c.TakeOver(cause="silence"), "", chance.choice((COUNTY, TOWN)))
        case _:
            walk.new_calendar(chance.choice(OFF_DAYS))


@pytest.mark.clause("PA-05", part="no sequence of commands under any rules gives the person's clock a day back")
@pytest.mark.clause("PA-06", part="nothing closes without outcome and answer, under any rules")
@pytest.mark.clause("XS-04", part="no sequence of commands brings a conduct case to the unit complained of")
@given(
    profile=profiles(),
    where=st.sampled_from(WHERE),
    received_on=st.none() | st.dates(date(2025, 9, 1), date(2026, 3, 2)),
    steps=st.integers(30, 80),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=75, suppress_health_check=[HealthCheck.too_slow])
def test_no_case_is_ever_stuck_closed_unanswered_or_given_time_back(
    profile: Profile, where: tuple[str, str], received_on: date | None, steps: int, seed: int
) -> None:
    # From a seed: drawn one by one, nearly all walks would end before anything follows from anything.
    chance = Random(repr((seed, steps, profile)))
    walk = Walk(profile, *where, received_on)
    for _ in range(steps):
        if walk.story.state.is_closed:
            break
        _happens(chance, walk)
    walk.finish()
    assert replay(reversed(walk.story.entries)) == walk.story.state


def test_the_walk_knows_every_command_that_a_person_or_the_clock_may_give() -> None:
    assert ASK in BY_PEOPLE
    assert any(isinstance(each, c.AdoptLateOutcome) and each.event_hash == LATE_HASH.hex() for each in BY_PEOPLE)
