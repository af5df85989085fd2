"""What no template tells: whether all of a page can be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import PHONE

if TYPE_CHECKING:
    from playwright.async_api import ViewportSize

    from tests.browser.conftest import Visit

DESK: ViewportSize = {"width": 1366, "height": 768}
OUT_OF_SIGHT = """(links) => links
    .map((link) => [link.textContent, link.getBoundingClientRect(), link.parentElement.getBoundingClientRect()])
    .filter(([, link, around]) => link.right > around.right + 1 || link.bottom > around.bottom + 4)
    .map(([text]) => text)"""


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
async def test_every_tab_and_every_page_of_the_bar_is_in_sight_in_english(visit: Visit, size: ViewportSize) -> None:
    page = visit.page
    await page.set_viewport_size(size)
    await page.goto("/language/en?next=/registers/units")
    await page.goto("/registers/units")
    assert await page.eval_on_selector_all(".tabs a", OUT_OF_SIGHT) == []
    assert await page.eval_on_selector_all(".bar nav a", OUT_OF_SIGHT) == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert await page.eval_on_selector(".tabs", "(tabs) => getComputedStyle(tabs).overflowY") == "visible"
    assert visit.troubles == []
