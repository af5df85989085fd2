"""Two editions of the rules side by side, at village, town and county, and an edition that would strand open cases."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from bancheng.schema.clocks import HOLDER, PERSON
from bancheng.store.documents import edition
from bancheng.store.links import ensure_link
from tests.support.tiers import COUNTY, START, TOWN, VILLAGE
from tests.window.test_permissions import audit
from tests.window.test_rules_pages import next_edition, shipped_text
from tests.window.town_hall import CHILD, XIAOSHAN

if TYPE_CHECKING:
    from uuid import UUID

    from bancheng.kernel.profile import Profile
    from tests.support.tiers import Tiers
    from tests.window.town_hall import TownHall

HOLDS = {VILLAGE: 1, TOWN: 2, COUNTY: 4}
DAY = timedelta(days=1)


def shorter(profile: Profile) -> Profile:
    """The next edition: every tier holds for less, an ordinary case is answered in 4."""
    return replace(
        profile,
        edition=profile.edition + 1,
        effective_on=date(2026, 3, 2),
        tiers=tuple(replace(tier, hold_workdays=HOLDS[tier.key]) for tier in profile.tiers),
        case_types=tuple(replace(each, answer_workdays=4) for each in profile.case_types),
    )


async def arrives(tiers: Tiers) -> None:
    for at in tiers.sites.values():
        following = shorter(at.hosted.current_profile())
        at.hosted.profiles = {**at.hosted.profiles, following.edition: following}


async def test_an_old_case_keeps_its_limits_and_a_new_one_has_the_new_at_every_tier(tiers: Tiers) -> None:
    old = await tiers.register(VILLAGE, "旧规则的案件")
    await arrives(tiers)
    new = await tiers.register(VILLAGE, "新规则的案件")
    held: dict[tuple[UUID, str], date] = {}
    for until in range(1, 30):
        await tiers.pass_time(START + until * DAY)
        for case_id in (old, new):
            case = await tiers.case(COUNTY, case_id)
            holder = case.clock(HOLDER)
            assert holder is not None
            held.setdefault((case_id, case.holder_site), holder.due_day)
    # By hand, from Mon 2 Mar 2026 (no holiday that month); a case is received at the end of business it climbs at.
    # Old, 3/5/10: Thu 5; from Thu 5: Fri 6, Mon 9, Tue 10, Wed 11, Thu 12; from Thu 12: Fri 13, Mon 16 to Fri 20 are
    # 2 to 6, Mon 23 to Thu 26 are 7 to 10.
    # New, 1/2/4: Tue 3; from Tue 3: Wed 4, Thu 5; from Thu 5: Fri 6, Mon 9, Tue 10, Wed 11.
    assert held == {
        (old, VILLAGE): date(2026, 3, 5), (old, TOWN): date(2026, 3, 12), (old, COUNTY): date(2026, 3, 26),
        (new, VILLAGE): date(2026, 3, 3), (new, TOWN): date(2026, 3, 5), (new, COUNTY): date(2026, 3, 11),
    }  # fmt: skip
    for site in (VILLAGE, TOWN, COUNTY):
        before, after = await tiers.case(site, old), await tiers.case(site, new)
        assert (before.profile_edition, after.profile_edition) == (1, 2)
        answers = [clock.limit_workdays for case in (before, after) if (clock := case.clock(PERSON)) is not None]
        assert answers == [10, 4]
    await tiers.assert_agreement(old)
    await tiers.assert_agreement(new)


@pytest.fixture
async def linked(hall: TownHall) -> TownHall:
    async with hall.database.transaction(XIAOSHAN) as tx:
        await ensure_link(tx, CHILD, "child")
    return hall


def without_villages() -> str:
    """The shipped rules in which the lowest tier has another key: the villages that stand there have none."""
    return (
        next_edition(shipped_text())
        .replace('key = "village"', 'key = "hamlet"')
        .replace("tiers.village", "tiers.hamlet")
    )


async def test_an_edition_that_would_strand_open_cases_is_refused_with_their_list(linked: TownHall) -> None:
    village, town = await linked.signed_in("village-clerk"), await linked.signed_in("town-clerk")
    administrator = await linked.signed_in("hall-administrator")
    stranded = await village.case(await village.register(title="村里未结的事"))
    await town.register(title="镇里的事")
    seen = (await administrator.post("/profiles/preview", {"text": without_villages()})).json()
    assert not seen["can_publish"]
    assert [each["code"] for each in seen["problems"]] == ["publish.tier_in_use"]
    assert seen["problems"][0]["parameters"]["detail"] == "village"
    assert [each["number"] for each in seen["stranded"]] == [stranded["number"]]
    assert set(seen["stranded"][0]) == {"number", "case_id", "holder_unit"}, "nothing of what it is about"
    refused = await administrator.post("/profiles/publish", {"text": without_villages()})
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (
        409, "publish.tier_in_use", "tiers",
    )  # fmt: skip
    assert (await administrator.post("/profiles/check", {"text": without_villages()})).json() == seen["problems"]
    async with linked.database.transaction(XIAOSHAN) as tx:
        assert await edition(tx, "profile", 2) is None


async def test_an_edition_is_previewed_published_once_and_recorded(linked: TownHall) -> None:
    administrator = await linked.signed_in("hall-administrator")
    text = next_edition(shipped_text()).replace("answer_workdays = 10", "answer_workdays = 8", 1)
    seen = (await administrator.post("/profiles/preview", {"text": text})).json()
    assert (seen["can_publish"], seen["edition"], seen["present_edition"]) == (True, 2, 1)
    assert {"kind": "changed", "place": "case_types.ordinary.answer_workdays", "was": "10", "becomes": "8"} in (
        seen["changes"]
    )
    first = await administrator.post("/profiles/publish", {"text": text}, key="edition-2")
    again = await administrator.post("/profiles/publish", {"text": text}, key="edition-2")
    assert (first.status_code, first.content) == (201, again.content)
    other = await administrator.post("/profiles/publish", {"text": text})
    assert other.json()["code"] == "publish.edition_not_newer"
    assert linked.woken
    actions = [action for staff, action in await audit(linked) if staff == "s-hall-administrator"]
    assert actions == ["sign_in", "profile-previewed", "profile-published"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param(shipped_text(), "publish.edition_not_newer", id="not raised"),
        pytest.param(next_edition(shipped_text(), on="2026-03-01"), "publish.effective_in_the_past", id="past"),
        pytest.param(
            next_edition(shipped_text()).replace('"330109"', '"330727"', 1), "publish.another_tenant", id="whose"
        ),
        pytest.param("tenant = ", "profile.unreadable", id="no TOML"),
    ],
)
async def test_what_cannot_be_published_is_told_with_a_code(linked: TownHall, text: str, code: str) -> None:
    administrator = await linked.signed_in("hall-administrator")
    answer = await administrator.post("/profiles/publish", {"text": text})
    assert answer.json()["code"] == code
    assert answer.json()["message"]
    assert not (await administrator.post("/profiles/preview", {"text": text})).json()["can_publish"]
