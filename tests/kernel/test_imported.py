"""What a former window registered, by hand-worked examples: counted from its old day, or ended before it came."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from bancheng.kernel import commands as c
from bancheng.kernel.profile_parts import CollectionChannel, Text
from bancheng.schema import events as e
from bancheng.schema.clocks import PERSON
from tests.kernel.notices import CALENDAR
from tests.kernel.tenant import PROFILE, VILLAGE
from tests.kernel.world import REGISTER, Story, names


@pytest.mark.clause(
    "PA-R3", part="an imported case keeps its number, and its limit counts from the day it first came in"
)
def test_an_imported_case_counts_from_its_old_day_and_may_be_late_at_once() -> None:
    story = Story()
    old = replace(REGISTER, number="旧-0017", received_on=date(2026, 2, 26), imported_from="原投诉窗口")
    story.do(old, VILLAGE)
    # From Thursday 26 February: Friday 27 is the first, Saturday 28 is worked for the Spring Festival and the second,
    # then Monday to Wednesday: Wednesday 4 March is the fifth.
    assert (story.state.number, story.state.clocks[PERSON].due_day) == ("旧-0017", date(2026, 3, 4))
    later = replace(old, channel="supervision_station")
    named = replace(PROFILE, channels=(CollectionChannel(key="desk", name=Text(zh="窗口", en="Desk")),))
    assert names(Story(profile=named).do(later, VILLAGE)) == ["Registered"], "a former window had its own channels"
    unnamed = replace(later, imported_from="")
    assert Story(profile=named).refusal(unnamed, VILLAGE) == "registration.unknown_channel"
    assert names(Story().do(unnamed, VILLAGE)) == ["Registered"], "rules that name none take every one"
    late = Story()
    late.do(replace(old, received_on=date(2026, 1, 5)), VILLAGE)
    # From Monday 5 January: due on Monday the 12th, and over before it was imported.
    assert late.state.clocks[PERSON].due_day == date(2026, 1, 12)
    assert [event.clock for event in late.tick() if isinstance(event, e.DeadlinePassed)] == [PERSON]
    assert Story().refusal(replace(old, received_on=date(2026, 3, 3)), VILLAGE) == "registration.received_in_future"
    assert Story().refusal(replace(old, received_on=date(1996, 3, 3)), VILLAGE) == "registration.received_too_long_ago"


@pytest.mark.clause("PA-R3", part="what a former window had ended comes in as it ended there, with outcome and answer")
def test_what_a_former_window_ended_is_in_the_archive_from_the_first_and_owes_nothing() -> None:
    ended = replace(
        REGISTER, number="旧-0003", received_on=date(2026, 1, 5), imported_from="原投诉窗口", ended_on=date(2026, 1, 9),
        outcome="solved", answer="已补发",
    )  # fmt: skip
    story = Story()
    assert names(story.do(ended, VILLAGE)) == ["Registered"]
    case = story.state
    assert (case.stage, case.outcome, case.answer, case.clocks) == ("archived", "solved", "已补发", {})
    assert CALENDAR.local_day(case.record.milestones["closed"]) == date(2026, 1, 9)
    assert story.refusal(c.AddNote(text="补记"), VILLAGE) == "case.closed"
    for change, code in (
        ({"received_on": None}, "registration.received_missing"),
        ({"outcome": None}, "registration.outcome_missing"),
        ({"answer": " "}, "registration.answer_missing"),
        ({"ended_on": date(2026, 1, 4)}, "registration.ended_out_of_range"),
        ({"ended_on": date(2026, 3, 3)}, "registration.ended_out_of_range"),
    ):
        assert Story().refusal(replace(ended, **change), VILLAGE) == code
