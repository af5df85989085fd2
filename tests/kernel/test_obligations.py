"""Step obligations by hand-worked examples: started, met, ended, owed again, and where their clocks go.

The calendar of March 2026 has no holiday: Monday 2 March is MONDAY, every weekday counts, business ends at 17:30.
"""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from bancheng.kernel import commands as c
from bancheng.kernel.calendar import CalendarYear, DayName, merge_overrides
from bancheng.kernel.missing import missing_steps
from bancheng.kernel.profile import Profile
from bancheng.kernel.profile_parts import LadderRung, Obligation, Step
from bancheng.schema import events as e
from tests.kernel.entries import ATTACH, SIGN, SUBMIT
from tests.kernel.notices import CALENDAR
from tests.kernel.tenant import CENTRE, PROFILE, STATION, VILLAGE
from tests.kernel.world import DAY, Story, names, registered


def _obligation(key: str, after: str, until: str, workdays: int | None, *case_types: str) -> Obligation:
    return Obligation(
        key=key, name=PROFILE.name, owner="clerk", after=after, until=(until,), workdays=workdays, case_types=case_types
    )


FILE = _obligation("file", "signed", "file_submitted", 1)
CONSULT = _obligation("consult", "file_submitted", "step:consultation", 2)
ROADMAP = _obligation("roadmap", "step:consultation", "step:roadmap", 2, "complex")
MINUTES = _obligation("minutes", "step:consultation", "step:minutes", None)
ON_ARRIVAL = _obligation("judge", "received", "accepted", 1)
CHECK = _obligation("check", "result_proposed", "verified", 1)
ASK_AGAIN = _obligation("ask_again", "verified", "revisited", 3)
VERIFY_AGAIN = _obligation("verify_again", "redone", "verified", 2)


def _profile(*obligations: Obligation) -> Profile:
    keys = ("consultation", "roadmap", "minutes")
    rungs = (
        LadderRung(clock="step", action="warn", workdays_before=1),
        LadderRung(clock="step", action="remind"),
        LadderRung(clock="step", action="pass"),
    )
    return replace(
        PROFILE,
        steps=tuple(Step(key=key, name=PROFILE.name) for key in keys),
        obligations=obligations,
        ladder=(*PROFILE.ladder, *rungs),
    )


def _case(*obligations: Obligation, case_type: str = "complex", unit: str = CENTRE) -> Story:
    return registered(unit, case_type=case_type, profile=_profile(*obligations))


def _due(story: Story, key: str) -> date:
    return story.state.clocks[f"step:{key}"].due_day


@pytest.mark.clause("PA-R10", part="the complete file is owed one working day after the signature")
@pytest.mark.clause("PA-R11", part="the 会商 is owed two working days after the file")
def test_one_step_leads_to_the_next_each_with_its_limit() -> None:
    story = _case(FILE, CONSULT)
    story.do(ATTACH)
    assert story.state.record.owed == ()
    # Signed on Monday: the file is due on Tuesday.
    assert names(story.do(SIGN)) == ["FormSigned", "ObligationsMoved"]
    assert (story.state.record.owed, _due(story, "file")) == (("file",), date(2026, 3, 3))
    # Submitted on Tuesday: the consultation is due two working days later, on Thursday.
    story.now += DAY
    moved = story.do(SUBMIT)[-1]
    assert isinstance(moved, e.ObligationsMoved)
    assert (moved.met, moved.started) == (("file",), ("consult",))
    assert (story.state.record.owed, _due(story, "consult")) == (("consult",), date(2026, 3, 5))
    assert story.state.clocks["step:file"].state == "stopped"
    story.do(c.RecordStep(step="consultation"))
    assert story.state.record.owed == ()


@pytest.mark.clause("PA-09", part="a step that is owed is warned of, reminded of and recorded as late")
def test_a_step_that_is_not_taken_climbs_its_ladder_once() -> None:
    story = _case(CONSULT)
    for command in (ATTACH, SIGN, SUBMIT):
        story.do(command)
    # Submitted on Monday, due on Wednesday 4 March: warned of on Tuesday at nine, over on Wednesday at half past five.
    story.now += DAY
    assert names(story.tick()) == ["DeadlineWarned"]
    story.now += 2 * DAY
    events = [event for event in story.tick() if getattr(event, "clock", "") == "step:consult"]
    assert names(tuple(events)) == ["DeadlineReminded", "DeadlinePassed"]
    passed = events[-1]
    assert isinstance(passed, e.DeadlinePassed)
    assert passed.owner == CENTRE
    assert story.tick() == ()
    # Late is not lost: the step is still owed, and is met when it is taken.
    assert story.state.record.owed == ("consult",)
    story.do(c.RecordStep(step="consultation"))
    assert story.state.record.owed == ()


def test_what_has_no_date_is_owed_all_the_same() -> None:
    story = _case(MINUTES)
    story.do(c.RecordStep(step="consultation"))
    assert story.state.record.owed == ("minutes",)
    assert "obligation" in missing_steps(story.state)
    assert "step:minutes" not in story.state.clocks
    story.do(c.RecordStep(step="minutes"))
    assert story.state.record.owed == ()
    assert "obligation" not in missing_steps(story.state)


@pytest.mark.clause("PA-05", part="a step that the new type owes counts from the milestone, not from the reclassifying")
def test_a_case_classified_anew_owes_what_its_new_type_owes() -> None:
    story = _case(ROADMAP, case_type="ordinary")
    story.do(c.Accept())
    story.do(c.RecordStep(step="consultation"))
    assert story.state.record.owed == ()
    # The consultation was on Monday; classified as complex on Tuesday, the roadmap is due on Wednesday all the same.
    story.now += DAY
    assert names(story.do(c.Classify(kind="allowance", case_type="complex"))) == ["Classified", "ObligationsMoved"]
    assert (story.state.record.owed, _due(story, "roadmap")) == (("roadmap",), date(2026, 3, 4))
    ended = story.do(c.Classify(kind="allowance", case_type="special"))[-1]
    assert isinstance(ended, e.ObligationsMoved)
    assert (ended.ended, ended.met, story.state.record.owed) == (("roadmap",), (), ())


def test_a_type_that_never_owed_it_or_an_end_that_was_reached_starts_nothing() -> None:
    story = _case(ROADMAP, case_type="ordinary")
    story.do(c.Accept())
    story.do(c.RecordStep(step="consultation"))
    story.do(c.RecordStep(step="roadmap"))
    assert names(story.do(c.Classify(kind="allowance", case_type="complex"))) == ["Classified"]


def test_an_obligation_goes_along_with_the_case_and_its_date_stays() -> None:
    story = _case(CONSULT, unit=STATION)
    for command in (ATTACH, SIGN, SUBMIT):
        story.do(command)
    before = story.state.clocks["step:consult"]
    story.do(c.Escalate(reason="本级解决不了"))
    story.receive()
    after = story.state.clocks["step:consult"]
    assert (before.owner, after.owner) == (STATION, CENTRE)
    assert replace(after, owner=STATION) == before


def test_an_obligation_goes_along_when_the_case_is_taken_back() -> None:
    story = _case(CONSULT)
    for command in (ATTACH, SIGN, SUBMIT, c.HandDown(to_unit=STATION, reason="由村里办理")):
        story.do(command)
    story.receive()
    assert story.state.clocks["step:consult"].owner == STATION
    story.do(c.TakeBack(reason="收回办理"), "town")
    assert story.state.clocks["step:consult"].owner == CENTRE
    assert _due(story, "consult") == date(2026, 3, 4)


def test_what_begins_on_arrival_begins_for_the_receiver_unless_its_end_is_behind() -> None:
    story = _case(ON_ARRIVAL, unit=STATION)
    story.do(c.Escalate(reason="本级解决不了"))
    assert names(story.receive()) == ["Received", "ObligationsMoved"]
    assert story.state.clocks["step:judge"].owner == CENTRE
    story.do(c.Accept())
    story.do(c.Return(reason="不属本级"))
    assert names(story.receive()) == ["Received"]
    assert story.state.holder_site == VILLAGE


def _to_result(story: Story) -> None:
    story.do(c.GiveAnswer(text="已恢复发放"))
    story.do(c.ProposeResult(outcome="solved", answer="已恢复发放"))


def test_what_was_sent_back_is_owed_no_more_and_owed_again_with_the_next_result() -> None:
    story = _case(CHECK)
    story.do(c.Accept())
    _to_result(story)
    assert story.state.record.owed == ("check",)
    story.do(c.SendBackResult(reason="补贴未到账"))
    assert story.state.record.owed == ()
    story.now += DAY
    _to_result(story)
    assert (story.state.record.owed, _due(story, "check")) == (("check",), date(2026, 3, 4))


@pytest.mark.clause("NX-11", part="who is not satisfied makes the unit verify again, within a limit of its own")
def test_another_round_owes_again_what_the_last_one_met() -> None:
    story = _case(CHECK, ASK_AGAIN, VERIFY_AGAIN)
    story.do(c.Accept())
    _to_result(story)
    story.do(c.VerifyResult())
    assert story.state.record.owed == ("ask_again",)
    story.now += DAY
    story.do(c.Revisit(satisfied=False, rating=1, comment="没有解决"))
    assert (story.state.record.owed, _due(story, "verify_again")) == (("verify_again",), date(2026, 3, 5))
    _to_result(story)
    assert story.state.record.owed == ("verify_again", "check")
    story.do(c.VerifyResult())
    assert story.state.record.owed == ("ask_again",)
    story.do(c.Revisit(satisfied=True, rating=5))
    story.do(c.StrikeOff())
    assert story.state.record.owed == ()


def test_what_was_met_is_not_owed_again_in_the_same_round() -> None:
    story = _case(ROADMAP)
    for step in ("consultation", "roadmap", "consultation"):
        story.do(c.RecordStep(step=step))
    assert story.state.record.owed == ()


def test_a_pause_does_not_halt_a_step_and_a_calendar_moves_its_date() -> None:
    story = _case(CONSULT)
    for command in (ATTACH, SIGN, SUBMIT, c.Pause(reason="waiting_for_papers", until=date(2026, 3, 20))):
        story.do(command)
    assert story.state.clocks["step:consult"].state == "running"
    # Wednesday 4 March becomes a day off: due on Thursday.
    off = (DayName(day=date(2026, 3, 4), name="放假"),)
    year = CalendarYear(year=2026, official=True, days_off=off, make_up_workdays=())
    story.calendar = merge_overrides(CALENDAR, (year,), edition=CALENDAR.edition + 1)
    moved = story.tick(c.RecomputeDues())[0]
    assert isinstance(moved, e.DuesRecomputed)
    assert "step:consult" in {change.clock for change in moved.changes}
    assert _due(story, "consult") == date(2026, 3, 5)


def test_a_case_that_is_over_owes_nothing() -> None:
    story = _case(CONSULT, MINUTES)
    for command in (ATTACH, SIGN, SUBMIT, c.RecordStep(step="consultation"), c.Withdraw(reason="本人要求")):
        story.do(command)
    assert story.state.record.owed == ()
