"""Who watches a case from where, and windows that close or are not known yet."""

from __future__ import annotations

from datetime import date

from msgspec.structs import replace

from bancheng.kernel import commands as c
from bancheng.kernel.context import Jurisdiction
from bancheng.kernel.watch import next_watch
from bancheng.schema import events as e
from bancheng.schema.documents import UnitEntry
from tests.kernel.notices import beijing
from tests.kernel.tenant import CENTRE, COUNTY, HALL, PROFILE, STATION, THREE_TIERS, TOWN
from tests.kernel.test_clocks import clock, due
from tests.kernel.test_clocks_of_custody import UP, sent
from tests.kernel.world import names, registered


def test_what_was_sent_is_received_also_for_a_unit_that_was_closed_or_is_unknown() -> None:
    for units in ((), (UnitEntry(code=HALL, name="县", tier=COUNTY, site=COUNTY, closed_on=date(2026, 1, 1)),)):
        story = registered(CENTRE)
        story.do(UP)
        story.directory = replace(THREE_TIERS, units=units)
        assert names(story.receive()) == ["Received"]
        assert (clock(story, "holder").owner, due(story, "holder")) == (HALL, date(2026, 3, 9))


def test_a_climb_goes_past_a_window_that_was_closed() -> None:
    closed = tuple(
        replace(unit, closed_on=date(2026, 3, 1)) if unit.code == CENTRE else unit for unit in THREE_TIERS.units
    )
    story = sent(registered(directory=replace(THREE_TIERS, units=closed)), UP)
    assert story.state.holder_unit == HALL


def test_the_parent_watches_the_limit_and_the_margin_also_of_a_pause() -> None:
    # Due on Wed 4 at 17:00 and 30 minutes; paused on Mon 2 up to Fri 6: Tue 10 at 17:00 and 30 minutes.
    story = registered()
    town = next_watch(story.state, TOWN, Jurisdiction(THREE_TIERS), PROFILE)
    assert town is not None
    assert (town.at, town.reason) == (beijing(2026, 3, 4, 17, 30), "silent_holder")
    assert next_watch(story.state, COUNTY, Jurisdiction(THREE_TIERS), PROFILE) is None
    story.do(c.Pause(reason="waiting_for_papers", until=date(2026, 3, 6)))
    later = next_watch(story.state, TOWN, Jurisdiction(THREE_TIERS), PROFILE)
    assert later is not None
    assert later.at == beijing(2026, 3, 10, 17, 30)


def test_only_the_clock_climbs_by_a_deadline() -> None:
    (climbed,) = registered().do(c.Escalate(reason="本级解决不了"))
    assert isinstance(climbed, e.Escalated)
    assert climbed.cause == "hand"
    story = registered()
    story.now = beijing(2026, 3, 4, 17, 0)
    by_itself = story.tick(c.PassDeadline())[-1]
    assert isinstance(by_itself, e.Escalated)
    assert by_itself.cause == "deadline"


def test_a_parent_site_without_a_window_above_the_holder_watches_nothing_and_takes_nothing() -> None:
    # A station that answers to the county directly, though its link goes over the town.
    units = tuple(replace(unit, parent=HALL) if unit.code == STATION else unit for unit in THREE_TIERS.units)
    story = registered(directory=replace(THREE_TIERS, units=units))
    story.now = beijing(2026, 3, 20)
    assert story.watch(TOWN) is None
    assert story.tick(c.TakeOver(cause="silence"), TOWN) == ()
    assert story.refusal(c.TakeBack(reason="收回办理"), TOWN) == "handover.not_above_holder"
