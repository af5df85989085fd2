"""State × command, in full: what each command does in each situation, and that nothing else can come of it."""

from __future__ import annotations

import pytest

from bancheng.kernel.case import CLOSED_STAGES, Stage
from bancheng.kernel.history import replay
from bancheng.kernel.rejected import Rejected
from bancheng.schema.events import HANDOVERS, TERM_OPENERS
from tests.kernel.matrix import EXPECTED
from tests.kernel.situations import ALL, COMMANDS, STAGES
from tests.kernel.world import Story, names


def outcome_of(situation: str, command: str) -> str:
    """As the table writes it. Anything but events or a refusal is an error of the rules and stops the test."""
    try:
        _, events = ALL[situation].answer(next(each for each in COMMANDS if type(each).__name__ == command))
    except Rejected as refused:
        return refused.code
    return " + ".join(names(events)) or "nothing"


@pytest.mark.parametrize("command", EXPECTED)
def test_every_situation_answers_as_the_table_says(command: str) -> None:
    answers = {situation: outcome_of(situation, command) for situation in ALL}
    assert answers == EXPECTED[command]


def test_the_table_has_every_command_every_stage_and_every_situation() -> None:
    assert list(EXPECTED) == [type(command).__name__ for command in COMMANDS]
    assert set(STAGES) == set(Stage.__args__)
    assert all(set(row) == set(ALL) for row in EXPECTED.values())
    assert {name for name in STAGES if STAGES[name].make().state.is_closed} == CLOSED_STAGES
    assert all(STAGES[name].make().state.stage == name for name in STAGES)


def walk() -> list[tuple[str, str, Story, int]]:
    """Every cell that leads to events: situation, command, the story after them, and how many came."""
    reached: list[tuple[str, str, Story, int]] = []
    for name, situation in ALL.items():
        for command in COMMANDS:
            try:
                story, events = situation.answer(command)
            except Rejected:
                continue
            if events:
                reached.append((name, type(command).__name__, story, len(events)))
    return reached


def test_whatever_happens_keeps_one_holder_numbered_terms_and_a_history_that_can_be_replayed() -> None:
    reached = walk()
    assert len(reached) > 200
    for name, command, story, _ in reached:
        case = story.state
        assert replay(reversed(story.entries)) == case, (name, command)
        for before, after in zip(story.entries, story.entries[1:], strict=False):
            ended = isinstance(before.event, HANDOVERS)
            opens = isinstance(after.event, TERM_OPENERS)
            assert opens or not ended, (name, command, "an entry after the hand-over of its term")
            step = after.position.term - before.position.term
            assert (step > 0, after.position.seq == 1) == (opens, opens), (name, command)


@pytest.mark.clause("PA-09", part="in every stage there is a limit at which somebody acts")
def test_no_open_case_is_left_without_somebody_who_watches_it() -> None:
    for name, command, story, _ in walk():
        case = story.state
        if case.is_closed or case.reported_outside_at is not None:
            continue
        at = case.in_transit.site if case.in_transit is not None else case.holder_site
        watched = story.watch(case.holder_site) or story.watch(at)
        assert watched is not None, (name, command)
