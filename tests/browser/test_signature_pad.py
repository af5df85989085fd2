"""Signing on the screen with a mouse or a finger: what was drawn is what is stored, and nothing is lost on the way."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.browser.conftest import Visit

FORM = "form[action$='/sign-form']"


def pixels(png: bytes) -> tuple[int, int, int]:
    """Width and height in pixels, and how many bytes of the picture are neither white nor of its frame."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    data, place = b"", 8
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        if png[place + 4 : place + 8] == b"IDAT":
            data += png[place + 8 : place + 8 + length]
        place += 12 + length
    raw = zlib.decompress(data)
    return width, height, sum(1 for each in raw if each not in {0, 255})


async def draw(page: Page) -> None:
    pad = page.locator(".pad canvas")
    await pad.scroll_into_view_if_needed()
    box = await pad.bounding_box()
    assert box is not None
    left, top = box["x"] + 40, box["y"] + 60
    await page.mouse.move(left, top)
    await page.mouse.down()
    for step in range(1, 9):
        await page.mouse.move(left + 15 * step, top + 40 * (step % 2))
    await page.mouse.up()


@pytest.mark.clause("PA-R10", part="the applicant signs with a finger on the screen of the window")
async def test_what_is_drawn_is_kept_through_a_refusal_and_stored_as_the_signed_form(visit: Visit) -> None:
    clerk, page = await visit.hall.signed_in("village-clerk"), visit.page
    case_id = await clerk.register()
    await page.goto(f"/cases/{case_id}")
    await page.click("details.action:has(form[action$='/sign-form']) summary")
    assert await page.input_value(f"{FORM} [name=method]") == "drawn"
    assert not await page.is_visible(f"{FORM} [name=file]")

    await page.fill(f"{FORM} [name=signer]", "周某某")
    await page.click(f"{FORM} [type=submit]")
    await page.wait_for_selector("text=还没有签名。")
    await draw(page)
    await page.click(f"{FORM} [data-clear]")
    await page.click(f"{FORM} [type=submit]")
    assert await page.inner_text(f"{FORM} [data-problem]") == "还没有签名。"
    await draw(page)
    await page.fill(f"{FORM} [name=signer]", "")
    await page.click(f"{FORM} [type=submit]")
    await page.wait_for_selector("#sign-form-signer-error")
    # Meanwhile somebody else wrote into the case: it is said, and the drawing still stands.
    await clerk.must(case_id, "add-note", note_kind="progress", text="电话核实")
    await page.fill(f"{FORM} [name=signer]", "周某某")
    await page.click(f"{FORM} [type=submit]")
    await page.wait_for_selector(f"{FORM} [data-problem]:has-text('别人已经改动过这个案件')")
    assert not await page.locator("#sign-form-signer-error").count()
    await page.click(f"{FORM} [type=submit]")
    await page.wait_for_url("**done=sign-form")

    record = (await clerk.case(case_id))["record"]
    assert (record["signature"]["method"], record["signature"]["signer"]) == ("drawn", "周某某")
    (paper,) = record["papers"]
    assert (paper["sha256"], paper["paper_kind"]) == (record["signature"]["paper"], "signed_form")
    given = await clerk.get(f"/cases/{case_id}/papers/{paper['sha256']}")
    width, height, drawn = pixels(given.content)
    # 120 by 40 points and their margin, three times as sharp as the screen's points.
    assert width == pytest.approx(3 * (120 + 20), abs=9)
    assert height == pytest.approx(3 * (40 + 20), abs=9)
    assert drawn > 1_000
    assert visit.troubles == []


async def test_who_cannot_draw_attaches_a_photo_by_keyboard(visit: Visit) -> None:
    clerk, page = await visit.hall.signed_in("village-clerk"), visit.page
    case_id = await clerk.register()
    await page.goto(f"/cases/{case_id}")
    await page.focus("details.action:has(form[action$='/sign-form']) summary")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    # The third of the ways, chosen as a keyboard chooses.
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    assert await page.input_value(f"{FORM} [name=method]") == "thumbprint"
    assert not await page.is_visible(".pad")
    await page.keyboard.press("Tab")
    await page.keyboard.type("周某某")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.name") == "file"
    too_large = {"name": "photo.png", "mimeType": "image/png", "buffer": bytes(2 << 20)}
    await page.set_input_files(f"{FORM} [name=file]", [too_large])  # pyright: ignore[reportArgumentType]
    await page.click(f"{FORM} [type=submit]")
    await page.wait_for_selector("text=文件太大，最多 1 MB。")
    no_photo = {"name": "photo.png", "mimeType": "image/png", "buffer": b"a text"}
    await page.set_input_files(f"{FORM} [name=file]", [no_photo])  # pyright: ignore[reportArgumentType]
    await page.click(f"{FORM} [type=submit]")
    await page.wait_for_selector(f"{FORM} .error-text:has-text('这种文件不收。')")
    assert await page.locator(f"{FORM} .error-text").count() == 1, "said once, and the refusal before is gone"
    assert visit.troubles == []
