"""Late entries on record: whose story they are, what is decided with them, and what stands afterwards."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bancheng.kernel import commands as c
from bancheng.kernel.history import Entry, lines
from bancheng.schema import events as e
from bancheng.schema.clocks import PURSUIT, Base
from tests.kernel.notices import beijing
from tests.kernel.tenant import COUNTY, HALL, STATION, TOWN, VILLAGE
from tests.kernel.world import MONDAY, Story, clerk, names, registered, sealed, system

OTHER_VILLAGE = "village-2"


def answer(at: datetime = MONDAY) -> e.AnswerGiven:
    return e.AnswerGiven(at=at, actor=clerk(STATION), text="已恢复发放", channel="phone", clocks=())


def result(outcome: e.Outcome = "solved") -> e.ResultProposed:
    return e.ResultProposed(at=MONDAY, actor=clerk(STATION), outcome=outcome, answer="已恢复发放")


def file(story: Story, event: e.CaseEvent, author: str = VILLAGE) -> str:
    """Put on record by the clock; the hash as a page names it."""
    key = bytes([len(story.state.late_entries) + 1]) * 32
    (filed,) = story.tick(c.FileLateEntry(event_hash=key, author=author, event=event))
    assert isinstance(filed, e.LateEntryFiled)
    return key.hex()


def decisions(story: Story) -> list[str]:
    return [each.decision for each in story.state.late_entries]


@pytest.fixture
def story() -> Story:
    """In hand at the county, an ordinary case: the person's answer is due on Wed 4 March."""
    story = registered(HALL, case_type="ordinary")
    story.do(c.Accept())
    return story


def test_what_was_overruled_is_not_adopted_with_a_later_entry_of_the_same_site(story: Story) -> None:
    story.do(c.OverruleLate(event_hash=file(story, result()), reason="并未到账"))
    pause = e.Paused(at=MONDAY, actor=clerk(STATION), reason="等材料", owner=STATION, until=MONDAY.date(), clocks=())
    (adopted,) = story.do(c.AdoptLateOutcome(event_hash=file(story, pause)))
    assert isinstance(adopted, e.LateOutcomeAdopted)
    assert (adopted.outcome, story.state.outcome, story.state.stage) == (None, None, "accepted")
    assert decisions(story) == ["overruled", "adopted"]


def test_of_two_late_results_the_last_counts_and_one_decision_settles_the_story(story: Story) -> None:
    first = file(story, result("cannot_be_done"))
    file(story, result("solved"))
    story.do(c.AdoptLateOutcome(event_hash=first))
    assert (story.state.outcome, decisions(story)) == ("solved", ["adopted", "adopted"])
    assert story.refusal(c.AdoptLateOutcome(event_hash=first)) == "late.nothing_to_decide"
    assert story.refusal(c.OverruleLate(event_hash="00" * 32, reason="无此件")) == "late.unknown_entry"


@pytest.mark.parametrize("adopt", [True, False])
def test_the_stories_of_two_sites_are_decided_apart_and_the_limit_runs_until_the_last(
    story: Story, adopt: bool
) -> None:
    one, other = file(story, result()), file(story, answer(), OTHER_VILLAGE)
    decide = c.AdoptLateOutcome(event_hash=one) if adopt else c.OverruleLate(event_hash=one, reason="并未到账")
    story.do(decide)
    assert decisions(story) == ["adopted" if adopt else "overruled", "open"]
    assert story.state.clocks["late_decision"].state == "running"
    story.do(c.OverruleLate(event_hash=other, reason="并未告知"))
    assert story.state.clocks["late_decision"].state == "stopped"


@pytest.mark.clause("PA-06", part="an answer given in time counts as in time, also if the word of it came late")
@pytest.mark.parametrize(("told_at", "in_time"), [(beijing(2026, 3, 4, 16), True), (beijing(2026, 3, 5), False)])
def test_an_answer_that_was_given_in_time_was_never_late(story: Story, told_at: datetime, in_time: bool) -> None:
    story.run_until(beijing(2026, 3, 6))
    assert story.state.clocks["person"].passed_at == beijing(2026, 3, 4, 17)
    story.do(c.AdoptLateOutcome(event_hash=file(story, answer(told_at))))
    person = story.state.clocks["person"]
    assert (person.state, person.stopped_at, story.state.answered_at) == ("stopped", told_at, told_at)
    assert (person.passed_at is None) == in_time


def test_a_late_entry_is_filed_once_and_a_filing_never(story: Story) -> None:
    key = file(story, answer())
    again = c.FileLateEntry(event_hash=bytes.fromhex(key), author=VILLAGE, event=answer())
    assert story.tick(again) == ()
    filing = story.entries[-1].event
    assert story.tick(c.FileLateEntry(event_hash=b"f" * 32, author=TOWN, event=filing)) == ()


def test_a_closed_case_files_what_comes_and_leaves_nothing_to_decide(story: Story) -> None:
    story.do(c.Withdraw(reason="本人要求"))
    file(story, answer())
    assert (decisions(story), story.state.has_open_late_decision()) == (["none"], False)
    assert "late_decision" not in story.state.clocks


def test_a_case_that_closes_with_a_late_decision_open_leaves_nothing_to_decide(story: Story) -> None:
    file(story, answer())
    assert story.state.has_open_late_decision()
    story.do(c.Withdraw(reason="本人要求"))
    assert not story.state.has_open_late_decision()


def taken_over(story: Story, site: str, depth: int) -> Entry:
    """A takeover of the head by a site, as no rule makes two of one base: what the fork rule must still settle."""
    head = story.state.head
    base = Base(term=head.position.term, author=head.position.author, seq=head.position.seq, hash=head.hash)
    event = e.TakenOver(
        at=story.now, actor=system(HALL), unit=HALL, site=site, base=base, cause="silence", depth=depth,
        climb_id=f"{site}", clocks=(),
    )  # fmt: skip
    return sealed(event, type(head.position)(term=2, author=site, seq=1), head.hash)


def test_of_takeovers_of_one_base_the_one_nearest_the_top_stands_and_any_stands_before_the_holders_own() -> None:
    story = registered()
    town, county = taken_over(story, TOWN, 1), taken_over(story, COUNTY, 0)
    story.do(c.Accept())
    for entries in ([*story.entries, town, county], [county, town, *reversed(story.entries)]):
        found = lines(entries)
        assert found.main == (story.entries[0], county)
        assert set(found.late) == {story.entries[1], town}
    assert lines([*story.entries, town]).main == (story.entries[0], town)


@pytest.mark.clause("NX-08")
@pytest.mark.clause("PA-03", part="a refusal records the exclusion and the explanation")
def test_nobody_says_no_without_a_report_that_another_approves() -> None:
    story = registered()
    assert story.refusal(c.ProposeDecline(ground="too_hard", explanation="难办")) == "decline.unknown_ground"
    assert story.refusal(c.ApproveDecline(), staff="leader") == "case.stage_forbids"
    (report,) = story.do(c.ProposeDecline(ground="litigation", explanation="已进入诉讼程序"))
    assert isinstance(report, e.DeclineProposed)
    assert (report.ground, report.explanation, report.actor.staff) == ("litigation", "已进入诉讼程序", "clerk")
    assert story.refusal(c.ApproveDecline()) == "approval.own_request"
    assert story.refusal(c.RefuseDecline(reason="应予受理")) == "approval.own_request"
    assert names(story.do(c.RefuseDecline(reason="应予受理"), staff="leader")) == ["DeclineRefused"]
    assert story.state.stage == "registered"
    story.do(c.ProposeDecline(ground="litigation", explanation="已进入诉讼程序"))
    story.do(c.ApproveDecline(), staff="leader")
    assert (story.state.outcome, story.state.answer) == ("declined", "已进入诉讼程序")
    assert {each.state for each in story.state.clocks.values()} == {"stopped"}


def test_a_late_answer_adopted_after_the_revisit_leaves_the_case_to_be_struck_off(story: Story) -> None:
    story.do(c.ProposeResult(outcome="cannot_be_done", answer="政策不允许"))
    story.now += timedelta(days=1)
    story.do(c.VerifyResult(), staff="leader")
    story.do(c.GiveAnswer(text="政策不允许"))
    story.do(c.Revisit(satisfied=True, rating=4))
    # The person was told by the village before the no was approved: that stands, and holds nothing up.
    story.do(c.AdoptLateOutcome(event_hash=file(story, answer())))
    assert (story.state.answer, story.state.record.told, story.state.answered_at) == (
        "已恢复发放",
        "已恢复发放",
        MONDAY,
    )
    assert names(story.do(c.StrikeOff())) == ["StruckOff"]


def test_a_late_answer_that_is_adopted_ends_the_pursuit() -> None:
    story = registered(HALL, case_type="special")
    story.do(c.Accept())
    story.do(c.GiveAnswer(text="正在核实", answer_kind="progress"))
    story.now += timedelta(days=2)
    story.do(c.AdoptLateOutcome(event_hash=file(story, answer(MONDAY + timedelta(days=1)))))
    assert story.state.clocks[PURSUIT].state == "stopped"
    assert story.state.clocks[PURSUIT].stopped_at == MONDAY + timedelta(days=1)
