"""What a cut link can bring about, branch by branch, in memory (federation.md, Custody)."""

from __future__ import annotations

from collections import Counter

import pytest

from bancheng.kernel import commands as c
from bancheng.schema import events as e
from tests.kernel.branches import healed, known_everywhere, main_line, opened, refusal, solve
from tests.kernel.notices import beijing
from tests.kernel.oracle import assert_nothing_is_forgotten
from tests.kernel.sites import Network
from tests.kernel.tenant import COUNTY, TOWN, VILLAGE


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.mark.clause("U-03")
@pytest.mark.clause("XS-05", part="the village sees what becomes of what it could not do")
def test_a_village_case_that_nobody_solves_climbs_to_the_top_with_its_history(network: Network) -> None:
    case_id = known_everywhere(network)
    network.give(VILLAGE, case_id, c.AddNote(text="已联系民政所"))
    network.pass_time(10)
    case = healed(network, case_id)
    custody = [name for name in main_line(network, case_id) if name in {"Escalated", "Received", "TakenOver"}]
    assert custody == ["Escalated", "Received", "Escalated", "Received"]
    assert (case.holder_site, network.state(VILLAGE, case_id)) == (COUNTY, case)
    assert "NoteAdded" in main_line(network, case_id)


@pytest.mark.clause("U-03")
def test_a_village_that_is_cut_off_for_the_whole_run_loses_no_case(network: Network) -> None:
    known = known_everywhere(network)
    network.cut_link(VILLAGE, TOWN)
    unknown = network.register(VILLAGE)
    network.give(VILLAGE, known, c.AddNote(text="入户核实"))
    network.pass_time(30)
    assert network.state(COUNTY, known).holder_site == COUNTY
    assert network.case(COUNTY, unknown) is None
    case = healed(network, known)
    assert [each.late_type for each in case.late_entries if each.late_type == "NoteAdded"] == ["NoteAdded"]
    assert not opened(case), "a note or a climb leaves nothing to decide"
    network.pass_time(10)
    assert healed(network, unknown).holder_site == COUNTY


@pytest.mark.clause("U-03", "PA-06")
def test_what_was_solved_in_time_while_cut_off_is_adopted_at_its_own_time(network: Network) -> None:
    case_id = known_everywhere(network)
    network.cut_link(VILLAGE, TOWN)
    network.now = beijing(2026, 3, 3)
    solve(network, VILLAGE, case_id)
    network.pass_time(3, TOWN, COUNTY)
    assert network.state(TOWN, case_id).holder_site == TOWN
    case = healed(network, case_id)
    assert len(opened(case)) == 2, "the answer and the result are one story"
    for command in (c.Accept(), c.ProposeResult(outcome="cannot_be_done", answer="不能办")):
        network.give(TOWN, case_id, command)
    assert refusal(network, TOWN, case_id, c.GiveAnswer(text="另一个答复")) == "case.late_decision_open"
    network.give(TOWN, case_id, c.AdoptLateOutcome(event_hash=opened(case)[0]))
    adopted = healed(network, case_id)
    assert (adopted.stage, adopted.outcome, adopted.answer) == ("verified", "solved", "已恢复发放")
    assert adopted.answered_at == beijing(2026, 3, 3)
    person = adopted.clocks["person"]
    assert (person.state, person.stopped_at, person.passed_at) == ("stopped", beijing(2026, 3, 3), None)
    assert not opened(adopted)
    assert adopted.clocks["late_decision"].state == "stopped"
    network.give(TOWN, case_id, c.Revisit(satisfied=True, rating=5))
    network.give(TOWN, case_id, c.StrikeOff())
    assert healed(network, case_id).is_closed
    assert main_line(network, case_id).count("AnswerGiven") == 0, "the person was told once, by the village"


def test_a_late_result_that_nobody_told_the_person_still_has_to_be_told(network: Network) -> None:
    case_id = known_everywhere(network)
    network.cut_link(VILLAGE, TOWN)
    for command in (c.Accept(), c.ProposeResult(outcome="solved", answer="已恢复发放")):
        network.give(VILLAGE, case_id, command)
    network.pass_time(3, TOWN, COUNTY)
    network.give(TOWN, case_id, c.AdoptLateOutcome(event_hash=opened(healed(network, case_id))[0]))
    assert network.state(TOWN, case_id).clocks["person"].state == "running"
    assert refusal(network, TOWN, case_id, c.Revisit(satisfied=True, rating=5)) == "result.not_answered"
    network.give(TOWN, case_id, c.GiveAnswer(text="已恢复发放"))
    network.give(TOWN, case_id, c.Revisit(satisfied=True, rating=5))
    assert healed(network, case_id).stage == "revisited"


def test_a_late_answer_that_is_overruled_leaves_the_person_to_be_told(network: Network) -> None:
    case_id = known_everywhere(network)
    network.cut_link(VILLAGE, TOWN)
    solve(network, VILLAGE, case_id)
    network.pass_time(3, TOWN, COUNTY)
    case = healed(network, case_id)
    network.give(TOWN, case_id, c.OverruleLate(event_hash=opened(case)[1], reason="补贴并未到账"))
    overruled = healed(network, case_id)
    assert (overruled.outcome, overruled.answered_at) == (None, None)
    assert overruled.clocks["person"].state == "running"
    assert {each.decision for each in overruled.late_entries} <= {"none", "overruled"}


@pytest.mark.parametrize("adopt", [True, False])
def test_a_late_outcome_that_its_author_took_back_is_not_adopted(network: Network, adopt: bool) -> None:
    # Given a village that proposes a result while cut off, and takes it back or does not
    case_id = known_everywhere(network)
    network.cut_link(VILLAGE, TOWN)
    solve(network, VILLAGE, case_id)
    if not adopt:
        network.give(VILLAGE, case_id, c.SendBackResult(reason="补贴并未到账"))
    network.pass_time(3, TOWN, COUNTY)
    # When the town adopts what the village did
    network.give(TOWN, case_id, c.AdoptLateOutcome(event_hash=opened(healed(network, case_id))[0]))
    # Then only what the village stood by is the outcome
    assert healed(network, case_id).outcome == ("solved" if adopt else None)


@pytest.mark.clause("U-03")
def test_both_tiers_climb_at_once_and_it_is_one_climb(network: Network) -> None:
    case_id = known_everywhere(network)
    network.cut_link(VILLAGE, TOWN)
    network.pass_time(3)
    assert network.state(VILLAGE, case_id).in_transit is not None
    assert network.state(TOWN, case_id).holder_site == TOWN
    case = healed(network, case_id)
    both = [entry.event for entry in network.entries(COUNTY, case_id).values()]
    climbs = [event.climb_id for event in both if isinstance(event, (e.Escalated, e.TakenOver))]
    assert Counter(climbs) == {f"{case_id}/town/1": 2}
    assert not opened(case)


def test_a_base_shorter_than_the_villages_chain_cuts_what_the_town_had_not_seen(network: Network) -> None:
    case_id = known_everywhere(network)
    network.give(VILLAGE, case_id, c.AddNote(text="已知"))
    network.carry_all()
    network.cut_link(VILLAGE, TOWN)
    for text in ("未知一", "未知二", "未知三"):
        network.give(VILLAGE, case_id, c.AddNote(text=text))
    network.pass_time(3, TOWN, COUNTY)
    taken = next(
        entry.event for entry in network.entries(TOWN, case_id).values() if isinstance(entry.event, e.TakenOver)
    )
    assert (taken.base.term, taken.base.author, taken.base.seq) == (1, VILLAGE, 2)
    case = healed(network, case_id)
    assert [each.late_type for each in case.late_entries] == ["NoteAdded"] * 3
    assert_nothing_is_forgotten(network)
