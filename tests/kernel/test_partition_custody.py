"""Hand-overs while links are cut: taken back, taken twice, returned."""

from __future__ import annotations

import pytest

from bancheng.kernel import commands as c
from bancheng.kernel.case import Position
from bancheng.schema import events as e
from tests.kernel.branches import DOWN, healed, known_everywhere, late_of, main_line, opened, solve
from tests.kernel.oracle import assert_agreement, assert_nothing_is_forgotten
from tests.kernel.sites import Network
from tests.kernel.tenant import CENTRE, COUNTY, STATION, TOWN, VILLAGE


@pytest.fixture
def network() -> Network:
    return Network()


def at(term: int, author: str, seq: int) -> Position:
    return Position(term=term, author=author, seq=seq)


def test_a_hand_down_that_nobody_receives_is_taken_back_and_the_village_learns_of_it(network: Network) -> None:
    case_id = known_everywhere(network, TOWN)
    network.cut_link(VILLAGE, TOWN)
    network.give(TOWN, case_id, DOWN)
    network.pass_time(2)
    taken_back = network.state(TOWN, case_id)
    assert (taken_back.holder_unit, taken_back.in_transit, taken_back.came_from) == (CENTRE, None, None)
    assert taken_back.head.position.term == 3
    case = healed(network, case_id)
    # The village received what came first on its queue, and heard next that it had been taken back.
    assert late_of(network, VILLAGE, case_id) == [(at(2, VILLAGE, 1), "Received")]
    assert network.state(VILLAGE, case_id) == case
    assert case.holder_site == TOWN
    assert_nothing_is_forgotten(network)


def test_a_hand_down_that_was_received_behind_a_cut_is_taken_back_and_its_work_is_filed(network: Network) -> None:
    case_id = known_everywhere(network, TOWN)
    network.give(TOWN, case_id, DOWN)
    assert network.deliver(TOWN, VILLAGE)  # registered
    assert network.deliver(TOWN, VILLAGE)  # handed down: received there at once
    network.cut_link(VILLAGE, TOWN)
    solve(network, VILLAGE, case_id)
    network.pass_time(2, TOWN, COUNTY)
    assert network.state(TOWN, case_id).in_transit is None
    case = healed(network, case_id)
    assert [each.late_type for each in case.late_entries] == ["Accepted", "Classified", "AnswerGiven", "ResultProposed"]
    assert len(opened(case)) == 2
    network.give(TOWN, case_id, c.AdoptLateOutcome(event_hash=opened(case)[0]))
    assert healed(network, case_id).outcome == "solved"


def test_of_two_takeovers_the_one_nearer_the_top_stands_and_each_late_entry_is_filed_once(network: Network) -> None:
    # Given a village case that the town took over, unheard by the county
    case_id = known_everywhere(network)
    network.cut_link(VILLAGE, TOWN)
    network.give(VILLAGE, case_id, c.AddNote(text="未知"))
    network.pass_time(3, TOWN)
    network.carry_all()
    network.cut_link(TOWN, COUNTY)
    network.give(TOWN, case_id, c.AddNote(text="镇里已联系"))
    # When the county takes over as well, and the village's note reaches the town before the county is heard of
    network.pass_time(6, COUNTY)
    network.cut.discard(frozenset((VILLAGE, TOWN)))
    network.carry_all()
    assert [each.late_type for each in network.state(TOWN, case_id).late_entries].count("NoteAdded") == 1
    # Then the county's line stands everywhere; the town's filing is itself late, and both notes are filed once
    case = healed(network, case_id)
    assert case.holder_site == COUNTY
    assert [each.late_type for each in case.late_entries].count("NoteAdded") == 2
    assert "LateEntryFiled" in [name for _, name in late_of(network, COUNTY, case_id)]


def test_the_county_takes_over_while_the_town_hands_down_and_takes_back(network: Network) -> None:
    # Given a case that the town holds in term 2, and a county that hears no more of it
    case_id = known_everywhere(network)
    network.pass_time(2.4)
    assert network.state(COUNTY, case_id).term == 2
    network.cut_link(TOWN, COUNTY)
    network.cut_link(VILLAGE, TOWN)
    # When the town grants term 3 to the village and takes it back as term 4, and the county takes over as term 3
    network.give(TOWN, case_id, DOWN)
    network.pass_time(1.5, TOWN)
    assert network.state(TOWN, case_id).head.position == at(4, TOWN, 1)
    network.pass_time(6, COUNTY)
    county = network.state(COUNTY, case_id)
    assert (county.term, county.holder_site) == (3, COUNTY)
    # Then the county's line wins everywhere, although the town's terms are higher
    case = healed(network, case_id)
    assert (case.holder_site, case.head.position.author) == (COUNTY, COUNTY)
    assert (at(4, TOWN, 1), "TakenOver") in late_of(network, VILLAGE, case_id)
    assert [each.late_type for each in case.late_entries] == ["HandedDown"]
    assert_nothing_is_forgotten(network)


def test_a_grant_never_makes_its_receiver_write_a_position_twice(network: Network) -> None:
    # Given the same, but the county hands the case to the town as term 4 before it hears of the town's own term 4
    case_id = known_everywhere(network)
    network.pass_time(2.4)
    network.cut_link(TOWN, COUNTY)
    network.cut_link(VILLAGE, TOWN)
    network.give(TOWN, case_id, DOWN)
    network.pass_time(1.5, TOWN)
    network.pass_time(6, COUNTY)
    network.give(COUNTY, case_id, c.HandDown(to_unit=CENTRE, reason="由镇里办理"))
    grant = network.state(COUNTY, case_id).in_transit
    assert (grant is not None and grant.term, network.state(TOWN, case_id).head.position) == (4, at(4, TOWN, 1))
    # When the town hears of it, then it receives in a term that it has not written yet
    case = healed(network, case_id)
    assert (case.holder_site, case.term) == (TOWN, 5)
    assert network.state(VILLAGE, case_id) == case


def test_who_was_granted_a_case_on_a_line_that_was_cut_hears_that_it_was_cut(network: Network) -> None:
    # Given a town that hands a case of its own to the village, unheard by the county, which takes it over
    case_id = known_everywhere(network, TOWN)
    network.cut_link(TOWN, COUNTY)
    network.give(TOWN, case_id, DOWN)
    network.carry_all()
    assert network.state(VILLAGE, case_id).holder_site == VILLAGE
    network.pass_time(10, COUNTY)
    # When all is healed, then the village knows that it no longer holds the case
    case = healed(network, case_id)
    assert case.holder_site == COUNTY
    assert VILLAGE in case.participants
    assert network.state(VILLAGE, case_id) == case


def test_a_second_return_calls_the_duty_leader_and_nothing_else_does(network: Network) -> None:
    case_id = known_everywhere(network)

    def give(site: str, command: c.AnyCommand) -> int:
        network.give(site, case_id, command)
        network.carry_all()
        return main_line(network, case_id).count("DutyLeaderCalled")

    assert give(VILLAGE, c.Escalate(reason="村里解决不了")) == 0
    assert give(TOWN, c.Return(reason="属村级事项")) == 0
    assert give(VILLAGE, c.Return(reason="村里确实解决不了")) == 1
    called = [
        each.event for each in network.entries(COUNTY, case_id).values() if isinstance(each.event, e.DutyLeaderCalled)
    ]
    assert [(event.reason, event.unit) for event in called] == [("second_return", CENTRE)]
    assert give(TOWN, DOWN) == 1, "a hand-down is no return"
    assert give(VILLAGE, c.Escalate(reason="村里解决不了")) == 1, "nor is a climb"
    assert give(TOWN, c.Return(reason="属村级事项")) == 2
    assert_agreement(network)


def test_a_case_taken_back_on_its_way_is_returned_to_whom_it_came_from(network: Network) -> None:
    case_id = known_everywhere(network)
    network.give(VILLAGE, case_id, c.Escalate(reason="村里解决不了"))
    network.carry_all()
    network.cut_link(VILLAGE, TOWN)
    network.give(TOWN, case_id, DOWN)
    network.give(TOWN, case_id, c.TakeBack(reason="村里联系不上"))
    assert network.state(TOWN, case_id).came_from == (STATION, VILLAGE)
    network.give(TOWN, case_id, c.Return(reason="属村级事项"))
    assert healed(network, case_id).holder_site == VILLAGE
