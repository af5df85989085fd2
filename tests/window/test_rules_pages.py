"""The administrator's pages: the notice row by row or as a file, the next edition of the rules, each seen before."""

from __future__ import annotations

import io
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest
from openpyxl import Workbook

from bancheng.store.links import ensure_link
from tests.window.browsing import Browser, Page, at_page
from tests.window.test_publishing_days import NOTICE_2027, YEAR_END
from tests.window.town_hall import CHILD, XIAOSHAN, TierHall

if TYPE_CHECKING:
    from tests.support.tiers import Tiers
    from tests.window.town_hall import TownHall

ROWS = {
    "first_0": "2027-01-01", "last_0": "2027-01-03",
    "first_1": "2027-02-05", "last_1": "2027-02-11", "worked_1": "2027-02-13",
}  # fmt: skip


def shipped_text(**changes: str) -> str:
    text = (files("bancheng.profiles") / XIAOSHAN / "profile.toml").read_text(encoding="utf-8")
    for old, new in changes.items():
        text = text.replace(old, new)
    return text


def next_edition(text: str, on: str = "2026-03-02", edition: int = 2) -> str:
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if line.startswith("edition ="):
            lines[number] = f"edition = {edition}"
        elif line.startswith("effective_on ="):
            lines[number] = f"effective_on = {on}"
    return "\n".join(lines) + "\n"


async def sent(browser: Browser, page: Page, action: str, files: dict[str, tuple[str, bytes]]) -> Page:
    values = {name: value for name, value in page.forms[action].values.items() if name not in files}
    return Page(await browser.client.post(action, data=values, files=files))


@pytest.fixture
async def linked(hall: TownHall) -> TownHall:
    async with hall.database.transaction(XIAOSHAN) as tx:
        await ensure_link(tx, CHILD, "child")
    return hall


async def test_a_notice_typed_row_by_row_is_previewed_and_then_published(linked: TownHall) -> None:
    linked.now = YEAR_END
    clerk = await linked.signed_in("village-clerk")
    case_id = await clerk.register(title="不该让管理员看到的标题")
    number = (await clerk.case(case_id))["number"]
    browser = await at_page(linked, "hall-administrator")
    page = await browser.open("/rules/days")
    assert "规则与日历" in page.text
    seen = await browser.submit(page, "/rules/days/preview", **ROWS)
    assert seen.status == 200
    assert "未结案件 1 件" in seen.text
    assert number in seen.text
    assert "不该让管理员看到的标题" not in seen.text
    assert "2027-02-13 周六 周末 调休上班日 · 春节" in seen.text
    done = await browser.submit(seen, "/rules/days")
    assert "已发布" in done.text
    twice = await browser.submit(seen, "/rules/days")
    assert "已发布" in twice.text, "the key makes sending it twice one edition"


async def test_a_mistake_is_told_beside_its_row_and_nothing_typed_is_lost(hall: TownHall) -> None:
    browser = await at_page(hall, "hall-administrator")
    page = await browser.open("/rules/days")
    seen = await browser.submit(
        page, "/rules/days/preview", **{**ROWS, "last_1": "2027-02-01", "worked_6": "2027-10-32"}
    )
    assert seen.status == 422
    assert "春节" in seen.text
    assert "2027-02-05 – 2027-02-01" in seen.text
    assert "国庆节" in seen.text
    assert seen.forms["/rules/days/preview"].values["worked_6"] == "2027-10-32"
    empty = await browser.submit(page, "/rules/days/preview")
    assert empty.status == 422
    assert empty.text.count("还没有填写任何一天，也没有上传文件。") == 1
    assert "至少填写一个节日的放假第一天" in empty.text


@pytest.mark.parametrize("kind", ["xlsx", "csv", "toml"])
async def test_a_notice_is_read_from_a_file(hall: TownHall, kind: str) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for line in NOTICE_2027.splitlines():
        sheet.append(line.split(","))
    stream = io.BytesIO()
    book.save(stream)
    toml = '[[year]]\nyear = 2027\nofficial = true\ndays_off = [{ day = 2027-01-01, name = "元旦" }]\n'
    content = {"xlsx": stream.getvalue(), "csv": NOTICE_2027.encode("utf-8-sig"), "toml": toml.encode()}[kind]
    browser = await at_page(hall, "hall-administrator")
    page = await browser.open("/rules/days")
    seen = await sent(browser, page, "/rules/days/preview", {"file": (f"days.{kind}", content)})
    assert seen.status == 200, seen.text
    assert "2027 年有了正式安排" in seen.text


async def test_a_file_that_is_none_is_refused_in_words(hall: TownHall) -> None:
    browser = await at_page(hall, "hall-administrator")
    page = await browser.open("/rules/days")
    for content in (b"PK\x03\x04 broken", "元旦".encode("gbk"), b"\x00\x01\x02"):
        seen = await sent(browser, page, "/rules/days/preview", {"file": ("days.xlsx", content)})
        assert seen.status == 422
        assert "notice-error" in seen.answer.text


async def test_the_next_edition_is_compared_and_then_published(linked: TownHall) -> None:
    browser = await at_page(linked, "hall-administrator")
    page = await browser.open("/rules/profile")
    text = next_edition(shipped_text()).replace("answer_workdays = 10", "answer_workdays = 8", 1)
    seen = await browser.submit(page, "/rules/profile/preview", text=text)
    assert seen.status == 200
    assert "答复（工作日） 修改 10 8" in seen.text
    done = await browser.submit(seen, "/rules/profile")
    assert "规则第 2 版已发布" in done.text


async def test_mistakes_of_a_profile_are_told_by_line_and_field(hall: TownHall) -> None:
    browser = await at_page(hall, "hall-administrator", language="en")
    page = await browser.open("/rules/profile")
    text = next_edition(shipped_text()).replace("answer_workdays = 10", "answer_workdays = 999", 1)
    line = next(number for number, each in enumerate(text.splitlines(), 1) if "999" in each)
    seen = await browser.submit(page, "/rules/profile/preview", text=text)
    assert seen.status == 422
    assert f"Line {line}" in seen.text
    assert "answer_workdays" in seen.text
    assert "/rules/profile" not in seen.forms


async def test_only_administrators_find_the_pages_and_elsewhere_they_are_told_where(
    hall: TownHall, tiers: Tiers
) -> None:
    clerk = await at_page(hall, "hall-clerk")
    assert "/rules/days" not in (await clerk.open("/cases")).answer.text
    for path in ("/rules/days", "/rules/profile"):
        refused = await clerk.open(path)
        assert refused.status == 403
        assert "由管理员来办" in refused.text
        assert "上报" not in refused.text
    below = TierHall(tiers.sites["town"].database, hosted=tiers.sites["town"].hosted)
    administrator = await at_page(below, "hall-administrator")
    for path in ("/rules/days", "/rules/profile"):
        page = await administrator.open(path)
        assert "站点 county" in page.text
        assert not [action for action in page.forms if action.startswith("/rules")]


async def test_a_form_without_the_token_of_its_session_changes_nothing(hall: TownHall) -> None:
    browser = await at_page(hall, "hall-administrator")
    for action in ("/rules/days", "/rules/days/preview", "/rules/profile", "/rules/profile/preview"):
        answer = await browser.client.post(action, data={"text": NOTICE_2027, "csrf": "another"})
        assert answer.status_code == 403
