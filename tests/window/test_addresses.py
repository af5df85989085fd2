"""Addresses and days that nobody types by mistake: refused by name, and never a way to another house."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
import pytest

from tests.window.browsing import Browser, at_page
from tests.window.town_hall import HALL, PASSWORD, XIAOSHAN

if TYPE_CHECKING:
    from tests.window.town_hall import TownHall

TOO_EARLY, TOO_LATE, OF_NO_ZONE = "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-03-02T10:00:00"


@pytest.mark.parametrize("wanted", ["/\t/elsewhere.test", "/\n/elsewhere.test", "/\r\n/x", "/\0x", "/\x0bx", "/\t\\x"])
async def test_a_control_character_in_the_way_on_leads_home(hall: TownHall, wanted: str) -> None:
    """A browser leaves a tab out of an address, and goes to another house."""
    client = hall.client()
    chosen = await client.get("/language/en", params={"next": wanted})
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/")
    door = await Browser(client).open("/sign-in")
    form = {**door.forms["/sign-in"].values, "tenant": XIAOSHAN, "login": "hall-clerk", "password": PASSWORD}
    entered = await client.post("/sign-in", data={**form, "next": wanted})
    assert (entered.status_code, entered.headers["location"]) == (303, "/")


async def test_the_way_on_may_hold_chinese_words(hall: TownHall) -> None:
    client = hall.client()
    chosen = await client.get("/language/en", params={"next": "/cases/search?q=低保 金"})
    assert chosen.headers["location"] == "/cases/search?q=%E4%BD%8E%E4%BF%9D%20%E9%87%91"


async def test_who_is_led_to_sign_in_comes_back_to_the_same_question(hall: TownHall) -> None:
    browser = Browser(hall.client())
    door = await browser.open("/cases/search?q=%E4%BD%8E%E4%BF%9D&after=")
    inside = await browser.submit(door, "/sign-in", tenant=XIAOSHAN, login="hall-clerk", password=PASSWORD)
    assert (inside.answer.url.path, inside.answer.url.params["q"]) == ("/cases/search", "低保")


async def test_two_tabs_of_one_browser_can_both_sign_in(hall: TownHall) -> None:
    """When a session is over, every tab comes to the sign-in page; the first of them is as good as the last."""
    browser = Browser(hall.client())
    first, _ = await browser.open("/cases"), await browser.open("/links")
    inside = await browser.submit(first, "/sign-in", tenant=XIAOSHAN, login="hall-clerk", password=PASSWORD)
    assert (inside.status, inside.answer.url.path) == (200, "/cases")


async def test_a_sign_in_page_without_its_cookie_is_shown_again_and_works(hall: TownHall) -> None:
    browser = Browser(hall.client())
    form = await browser.open("/sign-in")
    browser.client.cookies.clear()
    refused = await browser.submit(form, "/sign-in", tenant=XIAOSHAN, login="hall-clerk", password=PASSWORD)
    assert (refused.status, refused.forms["/sign-in"].values["login"]) == (403, "hall-clerk")
    assert "页面已经过期" in refused.text
    inside = await browser.submit(refused, "/sign-in", password=PASSWORD)
    assert inside.answer.url.path == "/cases"


@pytest.mark.parametrize("instant", [TOO_EARLY, TOO_LATE, OF_NO_ZONE])
async def test_an_instant_that_some_time_zone_does_not_have_is_refused_by_name(hall: TownHall, instant: str) -> None:
    caller = await hall.signed_in("hall-clerk")
    cursor = msgspec.msgpack.encode({"at": instant, "case_id": str(UUID(int=1))})
    after = base64.urlsafe_b64encode(cursor).decode().rstrip("=")
    for field, asked in (
        ("after", await caller.get("/cases", after=after)),
        (
            "due_before",
            await caller.get("/cases", due_before=instant, sort="holder_due_at", is_closed=False, holder_unit=HALL),
        ),
    ):
        assert (asked.status_code, asked.json()["code"], asked.json()["field"]) == (422, "api.wrong_value", field)
    browser = await at_page(hall, "hall-clerk")
    assert (await browser.open(f"/cases?tab=all&after={after}")).status == 422


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
async def test_a_week_of_another_age_is_refused_by_name(hall: TownHall, day: str) -> None:
    caller, browser = await hall.signed_in("hall-coordinator"), await at_page(hall, "hall-coordinator")
    refused = [
        await caller.get("/duty", day=day),
        await caller.post("/duty", {"staff": "s-hall-clerk", "duty": "clerk", "day": day}),
        await caller.post("/duty/copy-week", {"week": day}),
        await caller.post("/duty/absences", {"staff": "s-hall-clerk", "first_day": day, "last_day": day}),
    ]
    assert [(each.status_code, each.json()["code"]) for each in refused] == [(422, "api.wrong_value")] * 4
    assert (await browser.open(f"/registers/duty?first={day}")).status == 422
