"""The registers at the page: what an administrator changes there, and what the others see."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from msgspec.structs import replace
from openpyxl import load_workbook

from bancheng.kernel.profile_parts import Text
from bancheng.window.registers.matters import MOST_MATTERS
from tests.conformance.hall import PANAN, XIAOSHAN, unit_code
from tests.conformance.registers_hall import RegistersHall
from tests.window.browsing import at_page

if TYPE_CHECKING:
    from tests.conformance.hall import OpenHall

TOP, FIRST = unit_code(PANAN, "top"), unit_code(PANAN, "first")


@pytest_asyncio.fixture
async def hall(open_hall: OpenHall) -> RegistersHall:
    hall = RegistersHall(open_hall.database)
    await hall.begin(PANAN)
    await hall.begin(XIAOSHAN)
    return hall


@pytest.mark.clause("PA-01", part="at the page")
async def test_an_administrator_adds_and_closes_a_window_at_the_page(hall: RegistersHall) -> None:
    browser = await at_page(hall, "top-administrator", PANAN)
    page = await browser.open("/registers")
    added = await browser.submit(
        page, "/registers/units/add-unit", code="330727002", name="乙镇窗口", parent=TOP, tier="town", is_window="true"
    )
    assert added.status == 200, added.text
    assert "乙镇窗口" in added.text
    assert "已办：新设窗口或部门" in added.text
    closed = await browser.submit(added, "/registers/units/close-unit", unit="330727002")
    assert "已撤销" in closed.text
    refused = await browser.submit(closed, "/registers/units/close-unit", unit=TOP)
    assert refused.status == 422
    assert "不能撤并" in refused.text


@pytest.mark.clause("XS-03", part="the catalogue at the page")
@pytest.mark.clause("PA-17", part="at the page")
async def test_the_catalogue_and_the_entrustments_are_kept_at_the_page(hall: RegistersHall) -> None:
    browser = await at_page(hall, "top-administrator", PANAN)
    page = await browser.open("/registers/matters")
    lines = f"subsidy,护理补贴,town,{FIRST},身份证、残疾证\nlicence，许可，county"
    listed = await browser.submit(page, "/registers/matters/publish-matters", matter_lines=lines)
    assert "身份证、残疾证" in listed.text
    wrong = await browser.submit(listed, "/registers/matters/publish-matters", matter_lines="a,甲,moon")
    assert wrong.status == 422
    assert wrong.forms["/registers/matters/publish-matters"].values["matter_lines"] == "a,甲,moon"
    unnamed = await browser.submit(listed, "/registers/matters/publish-matters", matter_lines=f"{lines}\n\n胡写")
    assert "“第 3 项 · 名称”不能为空。" in unnamed.text
    whole = "\n".join(
        f"m{number:04d},办理第{number}项某某某某审批登记事项,town,,身份证、户口簿、住房证明、银行流水、申请表、情况说明"
        for number in range(MOST_MATTERS)
    )
    kept = await browser.submit(unnamed, "/registers/matters/publish-matters", matter_lines=whole)
    assert (kept.status, "已办：发布事项目录" in kept.text) == (200, True)
    assert kept.forms["/registers/matters/publish-matters"].values["matter_lines"].strip() == whole
    page = await browser.open("/registers/entrustments")
    done = await browser.submit(
        page, "/registers/entrustments/entrust", document="甲委〔2026〕3号", department=FIRST, signed_on="2026-01-05",
        entrusted="subsidy、licence",
    )  # fmt: skip
    assert "甲委〔2026〕3号" in done.text
    assert hall.site(PANAN).registers.entrustments.documents[0].matters == ("subsidy", "licence")


async def test_every_register_opens_in_both_languages_and_only_who_may_gets_forms(hall: RegistersHall) -> None:
    for login, language in (("top-clerk", "zh"), ("middle-clerk", "en"), ("top-supervisor", "zh")):
        browser = await at_page(hall, login, PANAN, language)
        for name in ("units", "entrustments", "matters", "zero-reports", "liaisons", "not-done"):
            page = await browser.open(f"/registers/{name}")
            assert page.status == 200, page.text
            changes = {form for form in page.forms if form.startswith(f"/registers/{name}/")}
            may_file = name == "zero-reports" and login != "top-supervisor"
            assert changes == ({"/registers/zero-reports/file-zero"} if may_file else set())
        assert (await browser.open("/registers/nothing")).status == 404


async def test_a_form_without_its_token_changes_nothing_and_a_file_is_kept(hall: RegistersHall) -> None:
    browser = await at_page(hall, "top-administrator", PANAN)
    page = await browser.open("/registers/units")
    refused = await browser.submit(page, "/registers/units/close-unit", unit=FIRST, csrf="other")
    assert refused.status == 403
    assert hall.site(PANAN).jurisdiction.directory.edition == 1
    sheet = await browser.client.get("/registers/not-done/file")
    assert sheet.content.startswith(b"\xef\xbb\xbf")


async def test_a_ledger_may_be_called_what_no_sheet_can_be(open_hall: OpenHall) -> None:
    hall = RegistersHall(open_hall.database)
    rules = hall.site(PANAN).current_profile()
    name = Text(zh="登记簿/台账[甲]：办成?", en="Ledger")
    forms = tuple(replace(each, name=name) if each.kind == "ledger" else each for each in rules.forms)
    await hall.begin(PANAN, replace(rules, forms=forms))
    answer = await (await hall.at(PANAN, "top-clerk")).get("/ledger")
    assert answer.status_code == 200, answer.text
    book: Any = load_workbook(BytesIO(answer.content))
    assert book.sheetnames == ["登记簿 台账 甲 ：办成"]
