"""Whether an edition may follow: what would leave a window or a case without a rule is refused, nothing else is."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from bancheng.kernel.profile import Profile
from bancheng.kernel.profile_parts import Text, Tier
from bancheng.kernel.profile_succession import MAXIMUM_EDITIONS, check_succession
from tests.kernel.tenant import CENTRE, PROFILE, STATION, THREE_TIERS, TOWN, VILLAGE
from tests.kernel.test_clocks import clock, due
from tests.kernel.world import MONDAY, names, registered

TODAY = date(2026, 3, 2)
NEXT = replace(PROFILE, edition=PROFILE.edition + 1, effective_on=TODAY)
PUBLISHED = {PROFILE.edition: PROFILE.effective_on}


def codes(following: Profile, published: dict[int, date] | None = None) -> list[str]:
    found = check_succession(
        following,
        tenant=PROFILE.tenant,
        published=PUBLISHED if published is None else published,
        directory=THREE_TIERS,
        today=TODAY,
    )
    return [each.code for each in found]


def test_a_later_edition_from_today_or_later_may_follow() -> None:
    assert codes(NEXT) == []
    assert codes(replace(NEXT, edition=NEXT.edition + 7, effective_on=date(2027, 1, 1))) == []


@pytest.mark.parametrize(
    ("following", "published", "code"),
    [
        pytest.param(replace(NEXT, tenant="000001"), None, "publish.another_tenant", id="another tenant"),
        pytest.param(replace(NEXT, edition=PROFILE.edition), None, "publish.edition_not_newer", id="same edition"),
        pytest.param(replace(NEXT, effective_on=date(2026, 3, 1)), None, "publish.effective_in_the_past", id="past"),
        pytest.param(
            NEXT,
            {**PUBLISHED, PROFILE.edition: date(2026, 4, 1)},
            "publish.effective_before_newest",
            id="before one that is to come",
        ),
        pytest.param(
            replace(NEXT, edition=9_000),
            dict.fromkeys(range(1, MAXIMUM_EDITIONS + 1), TODAY),
            "publish.too_many_editions",
            id="the oldest would be put aside",
        ),
        pytest.param(replace(NEXT, tiers=PROFILE.tiers[:2]), None, "publish.tier_in_use", id="a tier is gone"),
        pytest.param(
            replace(NEXT, tiers=(*PROFILE.tiers[:2], replace(PROFILE.tiers[2], key="hamlet"))),
            None,
            "publish.tier_in_use",
            id="a tier has another key",
        ),
    ],
)
def test_what_would_leave_somebody_without_a_rule_is_refused(
    following: Profile, published: dict[int, date] | None, code: str
) -> None:
    assert codes(following, published) == [code]


def test_the_units_of_a_tier_that_is_gone_are_named_unless_they_are_closed_by_then() -> None:
    following = replace(NEXT, tiers=PROFILE.tiers[:2])
    (problem,) = check_succession(
        following, tenant=PROFILE.tenant, published=PUBLISHED, directory=THREE_TIERS, today=TODAY
    )
    assert (problem.units, problem.parameters["count"], problem.parameters["detail"]) == ((STATION,), 1, VILLAGE)
    units = tuple(replace(unit, closed_on=TODAY) if unit.code == STATION else unit for unit in THREE_TIERS.units)
    closed = replace(THREE_TIERS, units=units)
    assert check_succession(
        following, tenant=PROFILE.tenant, published=PUBLISHED, directory=closed, today=TODAY
    ) == ()  # fmt: skip


def test_a_case_that_arrives_at_a_tier_of_a_later_edition_is_received_for_the_shortest_time_of_its_own() -> None:
    """The directory was extended by a tier between; the case was registered before anybody thought of it."""
    story = registered(STATION, now=MONDAY)
    old = replace(PROFILE, tiers=tuple(tier for tier in PROFILE.tiers if tier.key != TOWN))
    story.profile = old
    story.climb()
    assert story.state.holder_unit == CENTRE
    assert "Received" in names(tuple(entry.event for entry in story.entries))
    shortest = min(tier.hold_workdays for tier in old.tiers if tier.hold_workdays is not None)
    assert clock(story, "holder").limit_workdays == shortest
    assert due(story, "holder") > MONDAY.date()


def test_the_new_tier_itself_is_no_reason_to_refuse_an_edition() -> None:
    between = Tier(key="district", name=Text(zh="片区", en="district"), hold_workdays=1)
    assert codes(replace(NEXT, tiers=(PROFILE.tiers[0], between, *PROFILE.tiers[1:]))) == []
