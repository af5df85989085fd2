"""Papers at the case's page, as a clerk without scripts uses it: upload, list, look, sign with a photo."""

from __future__ import annotations

import re
import struct
import zipfile
from io import BytesIO
from typing import TYPE_CHECKING

import pytest

from bancheng.window.parts import Limits
from tests.support.papers import chunk, pdf, png, sha256_of
from tests.window.browsing import Browser, at_page
from tests.window.test_pages import registered
from tests.window.town_hall import XIAOSHAN

if TYPE_CHECKING:
    from tests.window.browsing import Page
    from tests.window.town_hall import TownHall


async def upload(browser: Browser, path: str, content: bytes, *, name: str = "流水.png", **typed: str) -> Page:
    page = await browser.open(path)
    return await browser.submit(page, f"{path}/papers", (name, content), **typed)


async def set_papers(hall: TownHall, values: str) -> None:
    async with hall.database.transaction(XIAOSHAN) as tx:
        await tx.execute(f"UPDATE paper SET {values} WHERE tenant = $1", XIAOSHAN)


async def test_an_uploaded_paper_is_listed_with_its_entry_and_opens(hall: TownHall) -> None:
    browser = await at_page(hall, "village-clerk")
    path = await registered(browser)
    page = await upload(browser, path, png(seed=1, size=300_000), paper_kind="evidence")
    assert page.status == 200
    assert "已保存：上传材料" in page.text
    for said in ("流水.png", "佐证材料", "PNG 图片 · 292 KB · 测试village-clerk · 甲村站 · 2026-03-02 10:00"):
        assert said in page.text
    anchor = re.search(r'href="#(entry-[0-9a-f]{16})">第 1 段第 2 条记录', page.answer.text)
    assert anchor is not None
    assert f'id="{anchor[1]}"' in page.answer.text
    link = f"{path}/papers/{sha256_of(png(seed=1, size=300_000))}"
    assert f'href="{link}"' in page.answer.text
    given = await browser.client.get(link)
    assert (given.content, given.headers["content-type"]) == (png(seed=1, size=300_000), "image/png")
    assert given.headers["content-security-policy"].startswith("sandbox")
    assert (await Browser(hall.client()).client.get(link)).status_code == 303


async def test_a_phone_is_offered_its_camera(hall: TownHall) -> None:
    browser = await at_page(hall, "village-clerk")
    page = await browser.open(await registered(browser))
    assert page.answer.text.count('accept="image/*,application/pdf"') == 2
    assert '<script src="/static/papers.js" defer></script>' in page.answer.text
    assert (await browser.client.get("/static/papers.js")).status_code == 200


@pytest.mark.parametrize(
    ("language", "content", "said"),
    [
        ("zh", b"", ("没有选文件。", "请改正标红的 1 项")),
        ("zh", b"<html><script>", ("这种文件不收。", "上传照片或扫描件：JPEG、PNG、WebP、TIFF 或 PDF。")),
        ("en", png()[:-5], ("The file is incomplete, as if it had been cut off.",)),
        ("zh", png(size=400_000), ("文件太大，最多 1 MB。",)),
    ],
)
async def test_a_refused_upload_keeps_the_form_and_names_the_field(
    hall: TownHall, language: str, content: bytes, said: tuple[str, ...]
) -> None:
    hall.application = hall.application_with(Limits(paper_bytes=380_000))
    browser = await at_page(hall, "village-clerk", language=language)
    path = await registered(browser)
    page = await upload(browser, path, content, name="a.png" if content else "", paper_kind="entrustment")
    assert page.status in {413, 422}
    for each in said:
        assert each in page.text
    assert 'id="attach-paper-file-error"' in page.answer.text
    assert '<details class="action" id="attach" open>' in page.answer.text
    assert page.forms[f"{path}/papers"].values["paper_kind"] == "entrustment"
    again = await browser.submit(page, f"{path}/papers", ("a.pdf", pdf()))
    assert again.status == 200
    assert ("委托书" if language == "zh" else "entrustment") in again.text


async def test_no_paper_is_taken_without_the_token_of_the_session(hall: TownHall) -> None:
    browser = await at_page(hall, "village-clerk")
    path = await registered(browser)
    page = await browser.open(path)
    for action in (f"{path}/papers", f"{path}/sign-form"):
        answer = await browser.send(page, action, ("a.png", png()), csrf="guessed")
        assert (answer.status_code, "api.csrf" in answer.text) == (403, True)
    assert "流水" not in (await browser.open(path)).text


async def test_a_paper_sent_twice_is_one_paper(hall: TownHall) -> None:
    browser = await at_page(hall, "village-clerk")
    path = await registered(browser)
    page = await browser.open(path)
    first = await browser.submit(page, f"{path}/papers", ("流水.png", png()), paper_kind="evidence")
    again = await browser.submit(page, f"{path}/papers", ("流水.png", png()), paper_kind="evidence")
    assert (first.status, again.status) == (200, 200)
    assert again.answer.text.count('class="paper-head"') == 1


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("state = 'fetching', received_bytes = size / 2", "还在路上 49%"),
        ("state = 'fetching', reason = 'paper.not_here_yet'", "材料还在路上，本处还没有收全。"),
        ("state = 'fetching', received_bytes = 0, refused_copies = 2", "收到的副本不符，没有收，正在重取"),
        ("state = 'missing', reason = 'paper.gone'", "文件丢失，正在重取"),
    ],
)
async def test_a_paper_that_is_not_here_is_said_so_and_the_page_renews_itself(
    hall: TownHall, row: str, said: str
) -> None:
    browser = await at_page(hall, "village-clerk")
    path = await registered(browser)
    page = await upload(browser, path, png(size=9_999))
    live = re.search(r'hx-get="([^"]+)"', page.answer.text)
    assert live is not None
    address = live[1].replace("&amp;", "&")
    assert (await browser.client.get(address)).status_code == 204
    await set_papers(hall, row)
    renewed = await browser.client.get(address)
    assert renewed.status_code == 200
    assert said in renewed.text
    assert f'href="{path}/papers/' not in renewed.text


async def test_whoever_must_not_know_whose_matter_it_is_sees_that_there_is_a_paper_and_no_more(hall: TownHall) -> None:
    clerk, town = await at_page(hall, "village-clerk"), await at_page(hall, "town-clerk")
    path = await registered(clerk, is_restricted="")
    await upload(clerk, path, png(), paper_kind="evidence")
    seen = await town.open(path)
    assert "您的单位没有办过这件事，材料只列出，不能看。" in seen.text
    assert "佐证材料" in seen.text
    assert "流水" not in seen.text
    assert f"{path}/papers" not in seen.answer.text.replace('action="', "")
    assert f"{path}/papers" not in seen.forms


@pytest.mark.clause("PA-R10", part="at the page: a photo of the signed form is attached and signed for in one step")
@pytest.mark.parametrize("method", ["paper", "thumbprint", "drawn"])
async def test_a_photo_of_the_signed_form_signs_it_at_the_page(hall: TownHall, method: str) -> None:
    browser = await at_page(hall, "village-clerk")
    path = await registered(browser)
    page = await browser.open(path)
    signed = await browser.submit(page, f"{path}/sign-form", ("签名.png", png()), method=method, signer="周某某")
    assert signed.status == 200
    assert "已保存：签收登记表" in signed.text
    words = {"paper": "纸质签名", "thumbprint": "按手印", "drawn": "屏幕签名"}
    assert f"周某某 · {words[method]}" in signed.text
    assert "签字的登记表" in signed.text
    assert f"{path}/sign-form" not in signed.forms


async def test_a_paper_that_the_case_has_signs_it_as_well(hall: TownHall) -> None:
    browser = await at_page(hall, "village-clerk")
    path = await registered(browser)
    page = await upload(browser, path, pdf(), paper_kind="signed_form")
    assert "paper" in page.forms[f"{path}/sign-form"].values
    signed = await browser.submit(page, f"{path}/sign-form", method="paper", signer="周某某", paper=sha256_of(pdf()))
    assert "已保存：签收登记表" in signed.text
    assert signed.answer.text.count('class="paper-head"') == 1


async def test_signing_with_nothing_is_refused_at_the_file_and_keeps_what_was_typed(hall: TownHall) -> None:
    browser = await at_page(hall, "village-clerk")
    path = await registered(browser)
    page = await browser.open(path)
    refused = await browser.submit(page, f"{path}/sign-form", method="thumbprint", signer="周某某")
    assert refused.status == 422
    assert "没有签名的图片或纸质件。" in refused.text
    assert 'id="sign-form-file-error"' in refused.answer.text
    kept = refused.forms[f"{path}/sign-form"].values
    assert (kept["method"], kept["signer"]) == ("thumbprint", "周某某")
    nobody = await browser.submit(page, f"{path}/sign-form", ("a.png", png()), method="drawn", signer="")
    assert nobody.status == 422
    assert 'id="sign-form-signer-error"' in nobody.answer.text
    moved = await browser.submit(
        page, f"{path}/sign-form", ("a.png", png()), method="drawn", signer="周某某", version="0" * 64
    )
    assert moved.status == 412
    assert 'class="paper-head"' not in moved.answer.text


@pytest.mark.clause("PA-R10", part="what was drawn stands on the printed form and in its Word document")
async def test_the_drawn_signature_stands_on_the_printed_form(hall: TownHall) -> None:
    browser = await at_page(hall, "village-clerk")
    path = await registered(browser)
    link = re.search(r'href="([^"]+/forms/[^"]+)"', (await browser.open(path)).answer.text)
    assert link is not None
    unsigned = await browser.open(link[1])
    assert "paper-signature" not in unsigned.answer.text
    page = await browser.open(path)
    await browser.submit(page, f"{path}/sign-form", ("签名.png", png()), method="drawn", signer="周某某")
    printed = await browser.open(link[1])
    assert f'<img class="paper-signature" src="{path}/papers/{sha256_of(png())}"' in printed.answer.text
    document = await browser.client.get(f"{link[1]}/document")
    with zipfile.ZipFile(BytesIO(document.content)) as parts:
        pictures = [parts.read(name) for name in parts.namelist() if name.startswith("word/media/")]
    assert pictures == [png()]
    await set_papers(hall, "state = 'fetching'")
    assert "周某某（屏幕签名）" in (await browser.open(link[1])).text
    assert (await browser.client.get(f"{link[1]}/document")).status_code == 200


@pytest.mark.parametrize("header", [(), (0, 0), (0, 7)])
async def test_a_drawing_that_is_no_picture_within_leaves_the_document_readable(
    hall: TownHall, header: tuple[int, ...]
) -> None:
    """It begins and ends as a PNG does: the words stand in its box."""
    browser = await at_page(hall, "village-clerk")
    path = await registered(browser)
    link = re.search(r'href="([^"]+/forms/[^"]+)"', (await browser.open(path)).answer.text)
    assert link is not None
    inside = chunk(b"IHDR", struct.pack(">IIBBBBB", *header, 8, 0, 0, 0, 0)) if header else b""
    drawing = png()[:8] + inside + chunk(b"IEND", b"")
    page = await browser.open(path)
    await browser.submit(page, f"{path}/sign-form", ("签名.png", drawing), method="drawn", signer="周某某")
    document = await browser.client.get(f"{link[1]}/document")
    assert document.status_code == 200
    with zipfile.ZipFile(BytesIO(document.content)) as parts:
        assert not [name for name in parts.namelist() if name.startswith("word/media/")]
        assert "周某某（屏幕签名）" in parts.read("word/document.xml").decode()
