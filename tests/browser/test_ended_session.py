"""A session that ends while somebody types: what was typed stays, and goes on after signing in in another window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.papers import png
from tests.window.town_hall import PASSWORD, XIAOSHAN

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.browser.conftest import Visit

NOTE, ATTACH = "form[action$='/add-note']", "form[action$='/papers']"


async def signed_in_elsewhere(page: Page) -> None:
    other = await page.context.new_page()
    await other.goto("/sign-in")
    await other.select_option("[name=tenant]", XIAOSHAN)
    await other.fill("[name=login]", "village-clerk")
    await other.fill("[name=password]", PASSWORD)
    await other.click("[type=submit]")
    await other.wait_for_url("**/cases")
    await other.close()


async def test_a_page_that_was_typed_on_stays_and_an_untouched_one_does_not(visit: Visit) -> None:
    clerk, page = await visit.hall.signed_in("village-clerk"), visit.page
    address = f"/cases/{await clerk.register()}"
    untouched = await page.context.new_page()
    await untouched.goto(address)
    await page.goto(f"{address}?form=add-note")
    await page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")
    await page.fill(f"{NOTE} [name=text]", "家属送来银行流水")
    await page.set_input_files(f"{ATTACH} [name=file]", {"name": "a.png", "mimeType": "image/png", "buffer": png()})
    await page.context.clear_cookies(name="bancheng_hall_session")
    await untouched.wait_for_url("**/sign-in?next=*")
    await page.wait_for_selector("#signed-out[role=alert]:visible")
    assert await page.input_value(f"{NOTE} [name=text]") == "家属送来银行流水"

    await signed_in_elsewhere(page)
    await page.wait_for_selector("#signed-out", state="hidden")
    await page.click(f"{ATTACH} [type=submit]")
    await page.wait_for_url("**?done=attach-paper")
    assert [each["name"] for each in (await clerk.get(f"{address}/papers")).json()] == ["a.png"]
