"""Histories: replayed in any order, carried as JSON and msgpack, linear in cost; what does not fit is not placed."""

from __future__ import annotations

from cProfile import Profile
from datetime import timedelta
from itertools import pairwise
from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bancheng.kernel import commands as c
from bancheng.kernel.case import Case, Position
from bancheng.kernel.history import BrokenHistory, Entry, extends, follows, lines, replay
from bancheng.kernel.rejected import Rejected
from bancheng.schema import events as e
from bancheng.schema.frames import NO_HASH
from tests.kernel.branches import DOWN, known_everywhere, solve
from tests.kernel.sites import Network
from tests.kernel.situations import ALL, COMMANDS
from tests.kernel.tenant import COUNTY, STATION, TOWN, VILLAGE
from tests.kernel.world import Story, clerk, registered, sealed


def every_entry() -> list[Entry]:
    """Of every type of event at least one, as the rules make them."""
    slow = ALL["result_proposed"].make()
    slow.run_until(slow.now + timedelta(days=30))
    entries = {entry.hash: entry for entry in slow.entries}
    for situation in ALL.values():
        for command in (*COMMANDS, c.Revisit(satisfied=False, rating=1)):
            try:
                story, _ = situation.answer(command)
            except Rejected:
                continue
            entries |= {entry.hash: entry for entry in story.entries}
    return list(entries.values())


def torn() -> Network:
    """A county that took over, a town that handed down and took back, a village that solved: lines cut twice."""
    network = Network()
    case_id = known_everywhere(network)
    network.pass_time(2.4)
    network.cut_link(TOWN, COUNTY)
    network.give(TOWN, case_id, DOWN)
    network.carry_all()
    network.cut_link(VILLAGE, TOWN)
    solve(network, VILLAGE, case_id)
    network.pass_time(3, TOWN)
    network.pass_time(6, COUNTY)
    network.heal()
    return network


TORN = torn()
HISTORY = list(TORN.entries(COUNTY, TORN.cases[0]).values())


@pytest.mark.clause(
    "ST-02", part="what was once written is only added to: state is what the history says, nothing else"
)
@settings(max_examples=100)
@given(st.permutations(HISTORY))
def test_any_order_of_the_same_entries_comes_to_the_same_state(entries: list[Entry]) -> None:
    assert replay(entries) == TORN.state(COUNTY, TORN.cases[0])


@settings(max_examples=100)
@given(st.permutations(HISTORY), st.integers(1, len(HISTORY)))
def test_any_part_of_a_history_is_sorted_into_main_late_and_unplaced(entries: list[Entry], count: int) -> None:
    known = entries[:count]
    found = lines(known)
    assert sorted(entry.hash for entry in (*found.main, *found.late, *found.unplaced)) == sorted(
        entry.hash for entry in known
    )
    assert all(follows(before, after) for before, after in pairwise(found.main))
    hashes = {entry.hash for entry in known}
    assert all(entry.prev_hash in hashes for entry in (*found.main[1:], *found.late))


def test_more_entries_never_bring_a_cut_line_back() -> None:
    # Whoever has seen a takeover nearer the top stays with it, whatever else comes.
    for count in range(1, len(HISTORY)):
        before, after = lines(HISTORY[:count]), lines(HISTORY[: count + 1])
        cut = {entry.hash for entry in before.late}
        assert not cut & {entry.hash for entry in after.main}


def test_every_event_survives_json_and_msgpack() -> None:
    entries = every_entry()
    kinds = {type(entry.event) for entry in entries} | {type(entry.event) for entry in HISTORY}
    unseen = set(get_args(e.CaseEvent)) - kinds
    assert not unseen, unseen
    packed = msgspec.msgpack.Decoder(e.CaseEvent)
    for entry in (*entries, *HISTORY):
        assert e.decode_event(e.encode_event(entry.event)) == entry.event
        assert packed.decode(msgspec.msgpack.encode(entry.event)) == entry.event


def test_every_state_survives_json_and_msgpack() -> None:
    for situation in ALL.values():
        case = situation.make().state
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(case), type=Case) == case
        assert msgspec.json.decode(msgspec.json.encode(case), type=Case) == case


@pytest.mark.parametrize(
    "payload",
    [b"", b"{}", b"[]", b"\xff", b'{"type":"Vanished","at":"2026-03-02T02:00:00Z"}', b'{"type":"Accepted"}'],
)
def test_what_is_no_event_of_this_schema_is_a_decoding_error_and_nothing_else(payload: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        e.decode_event(payload)


def test_a_field_that_a_newer_release_adds_is_passed_over() -> None:
    event = registered().entries[0].event
    newer = e.encode_event(event)[:-1] + b',"new_field":[1,{"deep":true}]}'
    assert e.decode_event(newer) == event


def test_a_history_without_a_beginning_is_broken() -> None:
    story = registered()
    story.do(c.Accept())
    for entries in ([], story.entries[1:]):
        with pytest.raises(BrokenHistory) as broken:
            replay(entries)
        assert broken.value.code == "history.no_beginning"


def moved(entry: Entry, **changes: object) -> Entry:
    """The same entry at another place, or after another one, sealed anew."""
    where = {"term": entry.position.term, "author": entry.position.author, "seq": entry.position.seq} | changes
    prev_hash = where.pop("prev_hash", entry.prev_hash)
    assert isinstance(prev_hash, bytes)
    return sealed(entry.event, Position(**where), prev_hash)  # pyright: ignore[reportArgumentType]


def next_entry(story: Story, command: c.AnyCommand | None) -> tuple[Case, Entry]:
    """The state before, and the entry that follows it: of a command, or of the receipt of what was granted."""
    before = story.state
    if command is None:
        story.receive()
    else:
        story.do(command)
    return before, story.entries[-1]


@pytest.mark.parametrize(
    "changes", [{"term": 2}, {"author": TOWN}, {"seq": 3}, {"seq": 1}, {"prev_hash": NO_HASH}], ids=str
)
def test_an_entry_that_is_not_the_next_of_its_term_does_not_stand(changes: dict[str, object]) -> None:
    story = registered()
    before, entry = next_entry(story, c.Accept())
    assert extends(before, entry)
    assert not extends(before, moved(entry, **changes))
    assert not follows(story.entries[0], moved(entry, **changes))


@pytest.mark.parametrize("changes", [{"term": 1}, {"author": COUNTY}, {"seq": 2}, {"prev_hash": NO_HASH}], ids=str)
def test_a_receipt_stands_only_on_the_grant_that_names_its_site(changes: dict[str, object]) -> None:
    story = registered()
    story.do(c.Escalate(reason="本级解决不了"))
    before, entry = next_entry(story, None)
    assert extends(before, entry)
    assert follows(story.entries[-2], entry)
    assert extends(before, moved(entry, term=9)), "a later term than granted may have to be taken"
    assert not extends(before, moved(entry, **changes))
    assert not follows(story.entries[-2], moved(entry, **changes))


def test_nothing_of_the_old_term_stands_after_its_hand_over() -> None:
    story = registered()
    (note,) = story.ask(c.AddNote(text="补记"), VILLAGE, clerk(STATION))
    story.do(c.Escalate(reason="本级解决不了"))
    head = story.state.head
    after = sealed(note, replace(head.position, seq=head.position.seq + 1), head.hash)
    assert not extends(story.state, after)
    assert lines([*story.entries, after]).unplaced == (after,)


def test_a_takeover_names_its_base_or_does_not_stand() -> None:
    story = registered()
    story.now += timedelta(days=3)
    before = story.state
    story.tick(c.TakeOver(cause="silence"), TOWN)
    taken = story.entries[-1]
    assert isinstance(taken.event, e.TakenOver)
    assert extends(before, taken)
    wrong = replace(taken.event, base=replace(taken.event.base, seq=7))
    assert not extends(before, sealed(wrong, taken.position, taken.prev_hash))


def calls_of_lines(entries: list[Entry]) -> int:
    """How many calls it takes to sort the entries: a measure of cost that no busy machine changes."""
    counted = Profile()
    found = counted.runcall(lines, entries)
    assert (len(found.main), found.late, found.unplaced) == (len(entries), (), ())
    return sum(each.callcount for each in counted.getstats())


def test_ten_times_the_entries_cost_about_ten_times_as_much() -> None:
    story = registered()
    for number in range(1_999):
        story.do(c.AddNote(text=str(number)))
    assert calls_of_lines(story.entries) < 11 * calls_of_lines(story.entries[:200])
    assert replay(story.entries) == story.state
