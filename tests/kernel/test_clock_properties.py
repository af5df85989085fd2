"""Whatever people and the clock do to a case: what must be true of its clocks all the time."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bancheng.kernel import commands as c
from bancheng.kernel.rejected import Rejected
from bancheng.schema import events as e
from bancheng.schema.clocks import HELD_PREFIX, HOLDER, PERSON, Clock
from tests.kernel.notices import CALENDAR, beijing
from tests.kernel.situations import LATE_ENTRY, LATE_HASH
from tests.kernel.tenant import CENTRE, HALL, STATION, UNIT_OF
from tests.kernel.test_calendar_arrives import NEXT
from tests.kernel.world import Story, registered, system

COMMANDS: tuple[c.AnyCommand, ...] = (
    c.Accept(),
    c.Classify(kind="approval", case_type="special"),
    c.Classify(kind="approval", case_type="ordinary"),
    c.Pause(reason="waiting_for_papers", until=date(2027, 1, 8)),
    c.Resume(),
    c.RequestExtension(workdays=3, reason="等待上级答复"),
    c.RequestExtension(clock="person", workdays=3, reason="等待上级答复"),
    c.ApproveExtension(),
    c.GiveAnswer(text="已恢复发放"),
    c.ProposeResult(outcome="solved", answer="已恢复发放"),
    c.SendBackResult(reason="并未到账"),
    c.VerifyResult(),
    c.Revisit(satisfied=False, rating=1),
    c.Escalate(reason="本级解决不了"),
    c.Return(reason="属下级事项"),
    c.HandDown(to_unit=STATION, reason="由村里办理"),
    c.HandDown(to_unit=CENTRE, reason="由镇里办理", limit_workdays=4),
    c.AdoptLateOutcome(event_hash=LATE_HASH.hex()),
    c.PassDeadline(),
    c.RecomputeDues(),
    LATE_ENTRY,
)
STEPS = st.lists(
    st.tuples(st.sampled_from([0, 1, 8, 30, 100]), st.sampled_from(COMMANDS), st.sampled_from(["clerk", "leader"])),
    max_size=25,
)
MAY_MOVE_THE_PERSONS_DATE = (
    e.Registered, e.Classified, e.Paused, e.Resumed, e.ExtensionApproved, e.DuesRecomputed, e.Redone,
)  # fmt: skip


def told(unit: str, steps: list[tuple[int, c.AnyCommand, str]]) -> Story:
    """A story around the turn of the year, when the calendar of the next one arrives with the first step."""
    story = registered(unit, now=beijing(2026, 12, 24))
    story.calendar = NEXT
    for hours, command, staff in steps:
        story.now += timedelta(hours=hours)
        try:
            if isinstance(command, (c.PassDeadline, c.RecomputeDues, c.FileLateEntry)):
                story.carry_on(
                    story.ask(command, story.state.holder_site, system(UNIT_OF[story.state.holder_site])),
                    story.state.holder_site,
                )
            else:
                story.do(command, staff=staff)
        except Rejected:
            continue
        if story.state.in_transit is not None:
            story.receive()
    return story


def clocks_of(event: e.CaseEvent) -> tuple[Clock, ...]:
    return getattr(event, "clocks", ())


@settings(max_examples=150)
@given(st.sampled_from([STATION, CENTRE, HALL]), STEPS)
def test_no_clock_is_due_on_a_day_off_or_before_it_started(
    unit: str, steps: list[tuple[int, c.AnyCommand, str]]
) -> None:
    for entry in told(unit, steps).entries:
        for clock in clocks_of(entry.event):
            calendar = NEXT if clock.calendar_edition == NEXT.edition else CALENDAR
            assert calendar.is_workday(clock.due_day), clock
            assert clock.due_at == calendar.end_of_business(clock.due_day)
            assert clock.due_at > clock.started_at
            assert clock.limit_workdays >= 0
            assert clock.used_workdays >= 0
            assert [rung.at for rung in clock.rungs] == sorted(rung.at for rung in clock.rungs)
            assert all(rung.at <= clock.due_at for rung in clock.rungs)


@settings(max_examples=150)
@given(st.sampled_from([STATION, CENTRE, HALL]), STEPS)
def test_the_persons_clock_is_never_touched_by_custody_and_moves_only_for_a_reason_on_record(
    unit: str, steps: list[tuple[int, c.AnyCommand, str]]
) -> None:
    story = told(unit, steps)
    due_at = None
    for entry in story.entries:
        for clock in clocks_of(entry.event):
            if clock.name != PERSON:
                continue
            assert not isinstance(entry.event, (e.Escalated, e.HandedDown, e.Returned, e.Received, e.TakenOver))
            assert clock.due_at == due_at or isinstance(entry.event, MAY_MOVE_THE_PERSONS_DATE)
            due_at = clock.due_at
    assert story.state.registered_at == story.entries[0].event.at


@settings(max_examples=150)
@given(st.sampled_from([STATION, CENTRE, HALL]), STEPS)
def test_an_extension_and_a_pause_never_bring_a_date_forward_and_what_was_used_never_shrinks(
    unit: str, steps: list[tuple[int, c.AnyCommand, str]]
) -> None:
    known: dict[str, Clock] = {}
    for entry in told(unit, steps).entries:
        for clock in clocks_of(entry.event):
            before = known.get(clock.name)
            if before is not None and isinstance(entry.event, (e.ExtensionApproved, e.Paused)):
                assert clock.due_at >= before.due_at
            if before is not None and clock.name == PERSON:
                assert clock.used_workdays >= before.used_workdays
            known[clock.name] = clock


@settings(max_examples=150)
@given(st.sampled_from([STATION, CENTRE, HALL]), STEPS)
def test_a_holders_clock_belongs_to_the_holder_and_an_open_case_is_always_watched(
    unit: str, steps: list[tuple[int, c.AnyCommand, str]]
) -> None:
    story = told(unit, steps)
    case = story.state
    holder = case.clocks[HOLDER]
    if holder.state != "stopped":
        assert holder.owner == case.holder_unit
    assert all(clock.state == "stopped" for name, clock in case.clocks.items() if name.startswith(HELD_PREFIX))
    assert case.is_closed or case.reported_outside_at is not None or story.watch() is not None
