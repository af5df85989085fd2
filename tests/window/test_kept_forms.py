"""What somebody typed is not lost: not when their session is over, the page too old, or the database away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bancheng.store.database import Database
from bancheng.store.numbers import NumberDesk
from tests.window.browsing import Browser, at_page
from tests.window.test_pages import TYPED, registered
from tests.window.town_hall import PASSWORD, XIAOSHAN

if TYPE_CHECKING:
    from tests.window.browsing import Page
    from tests.window.town_hall import TownHall

OWN = {"Origin": "http://window.test"}


async def own(hall: TownHall, login: str) -> Browser:
    """Signed in, with a browser that says which page sent a form, as all do."""
    browser = await at_page(hall, login)
    browser.client.headers.update(OWN)
    return browser


async def signed_in_again(browser: Browser) -> None:
    door = await browser.open("/sign-in")
    inside = await browser.submit(door, "/sign-in", tenant=XIAOSHAN, login="village-clerk", password=PASSWORD)
    assert inside.status == 200


def is_kept(page: Page, action: str) -> bool:
    values = page.forms[action].values
    return all(
        values[name.replace("__", ".")].strip() == text.replace("\r\n", "\n") for name, text in TYPED.items()
    ) and bool(values["key"])


async def test_a_registration_typed_while_the_session_ended_is_sent_after_signing_in_elsewhere(hall: TownHall) -> None:
    browser = await own(hall, "village-clerk")
    form = await browser.open("/cases/new")
    browser.client.cookies.clear()
    kept = await browser.submit(form, "/cases/new", **TYPED)
    assert (kept.status, is_kept(kept, "/cases/new")) == (401, True)
    assert "没有提交；您填写的都留在这一页上。" in kept.text
    assert 'href="/sign-in" target="_blank"' in kept.answer.text
    assert (await (await hall.signed_in("village-clerk")).get("/cases")).json()["cases"] == []

    await signed_in_again(browser)
    too_old = await browser.submit(kept, "/cases/new")
    assert (too_old.status, "api.csrf" in too_old.answer.text, is_kept(too_old, "/cases/new")) == (403, True, True)
    done = await browser.submit(too_old, "/cases/new")
    assert (done.status, "第三个月起没有了。" in done.text) == (200, True)


async def test_a_command_and_a_register_keep_what_was_typed_too(hall: TownHall) -> None:
    browser = await own(hall, "village-leader")
    path = await registered(browser)
    for at, action, typed in (
        (path, f"{path}/add-note", {"text": "家属又来了一次"}),
        ("/registers/duty", "/registers/duty/pair-post", {"post": "一号窗口"}),
    ):
        page = await browser.open(at)
        kept = await browser.submit(page, action, csrf="of another session", **typed)
        assert (kept.status, kept.forms[action].values.items() >= typed.items()) == (403, True)


async def test_who_signs_out_of_a_session_that_is_over_is_simply_out(hall: TownHall) -> None:
    browser = await own(hall, "village-clerk")
    page = await browser.open("/cases")
    browser.client.cookies.clear()
    out = await browser.submit(page, "/sign-out")
    assert (out.answer.url.path, out.status) == ("/sign-in", 200)


@pytest.mark.parametrize("origin", [None, "http://elsewhere.test", "null"])
async def test_what_another_house_sends_is_never_given_back(hall: TownHall, origin: str | None) -> None:
    browser = await at_page(hall, "village-clerk")
    form = await browser.open("/cases/new")
    if origin is not None:
        browser.client.headers["Origin"] = origin
    refused = await browser.submit(form, "/cases/new", csrf="guessed", **TYPED)
    assert (refused.status, "/cases/new" in refused.forms, TYPED["title"] in refused.text) == (403, False, False)
    browser.client.cookies.clear()
    stranger = await browser.submit(form, "/cases/new", **TYPED)
    assert (stranger.answer.url.path, TYPED["title"] in stranger.text) == ("/sign-in", False)


async def test_who_may_not_do_it_is_offered_no_second_try(hall: TownHall) -> None:
    clerk, supervisor = await own(hall, "hall-clerk"), await own(hall, "hall-supervisor")
    form = await clerk.open("/cases/new")
    token = (await supervisor.open("/links")).forms["/sign-out"].values["csrf"]
    refused = await supervisor.submit(form, "/cases/new", csrf=token, **TYPED)
    assert (refused.status, "/cases/new" in refused.forms) == (403, False)


async def test_a_registration_outlives_a_database_that_is_away(hall: TownHall, unused_tcp_port: int) -> None:
    browser = await own(hall, "village-clerk")
    form = await browser.open("/cases/new")
    here = hall.hosting.database
    hall.hosting.database = Database(f"postgresql://nobody@127.0.0.1:{unused_tcp_port}/nothing")
    hall.hosting.numbers = NumberDesk(hall.hosting.database)
    kept = await browser.submit(form, "/cases/new", **TYPED)
    assert (kept.status, is_kept(kept, "/cases/new")) == (503, True)
    await hall.hosting.database.close()
    hall.hosting.database, hall.hosting.numbers = here, NumberDesk(here)
    done = await browser.submit(kept, "/cases/new")
    assert done.status == 200, done.text


async def test_after_going_back_another_matter_can_be_registered_with_the_same_page(hall: TownHall) -> None:
    browser = await own(hall, "village-clerk")
    form = await browser.open("/cases/new")
    first = await browser.submit(form, "/cases/new", **TYPED)
    told = await browser.submit(form, "/cases/new", **{**TYPED, "title": "另外一件事"})
    assert (told.status, told.forms["/cases/new"].values["title"]) == (409, "另外一件事")
    assert "这张表已经提交过，那一次已经保存。" in told.text
    second = await browser.submit(told, "/cases/new")
    assert (second.status, first.answer.url.path != second.answer.url.path) == (200, True)
    again = await browser.submit(form, "/cases/new", **TYPED)
    assert again.answer.url.path == first.answer.url.path, "the very same text is the same registration"


async def test_a_register_can_be_changed_again_after_going_back(hall: TownHall) -> None:
    browser = await own(hall, "village-leader")
    page = await browser.open("/registers/duty")
    action = "/registers/duty/record-absence"
    days = {"first_day": "2026-03-03", "last_day": "2026-03-03"}
    assert (await browser.submit(page, action, staff="s-village-clerk", **days)).status == 200
    told = await browser.submit(page, action, staff="s-village-deputy", **days)
    assert (told.status, "这张表已经提交过" in told.text) == (409, True)
    assert (await browser.submit(told, action)).status == 200
