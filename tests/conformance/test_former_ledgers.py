"""PA-R3: the ledgers of the two windows that the hard-matters window replaces come in, and what was open goes on."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from openpyxl import Workbook, load_workbook

from bancheng.runtime.domain_clock import Anchor, write_anchor
from bancheng.runtime.ledger_command import LedgerOrder, import_ledger
from bancheng.runtime.settings import Settings
from bancheng.runtime.site_files import write_site_file
from bancheng.runtime.staff_command import StaffRefused
from tests.conformance.conftest import NAME
from tests.conformance.hall import PANAN
from tests.conformance.registers_hall import RegistersHall
from tests.kernel.notices import CALENDAR
from tests.support.databases import service_url
from tests.window.browsing import at_page
from tests.window.test_rules_pages import sent
from tests.window.town_hall import START

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import httpx

    from bancheng.runtime.database_admin import DatabaseAdmin
    from tests.conformance.hall import Desk, OpenHall

FIRST_WINDOW, SECOND_WINDOW = "跑一次没办成窗口", "“办不成事”反映窗口"
KIND = "涉企难事"
HEADINGS = (
    "原编号", "原窗口", "登记日期", "姓名", "联系电话", "反映内容", "事项种类", "问题类型", "办理状态", "办结日期",
    "办理结果", "答复内容", "备注",
)  # fmt: skip
OPEN = (
    "0017", FIRST_WINDOW, "2026-02-26", "周某某", "00012345678", "营业执照变更跑了三趟没有办成", KIND, "一般事项",
    "在办",
)  # fmt: skip
ENDED = (
    "0003", SECOND_WINDOW, "2026年1月5日", "王小明", "", "申请材料不齐被退回", KIND, "复杂事项", "已办结", "2026/1/9",
    "办成", "已补齐材料并办结",
)  # fmt: skip
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def a_csv(*rows: Sequence[str], headings: Sequence[str] = HEADINGS, encoding: str = "utf-8-sig") -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([headings, *rows])
    return text.getvalue().encode(encoding)


def a_workbook(*rows: Sequence[Any], headings: Sequence[str] = HEADINGS) -> bytes:
    book = Workbook()
    for row in (headings, *rows):
        book.worksheets[0].append(list(row))
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


async def preview(desk: Desk, content: bytes) -> dict[str, Any]:
    answer = await desk.client.post("/api/v1/ledgers/former/preview", files={"file": ("ledger", content)})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def take(desk: Desk, content: bytes, rows: str = "all", key: str = "once") -> httpx.Response:
    return await desk.client.post(
        "/api/v1/ledgers/former", params={"take": rows}, files={"file": ("ledger", content)},
        headers={"Idempotency-Key": key},
    )  # fmt: skip


async def the_case(desk: Desk, number: str) -> dict[str, Any]:
    found = (await desk.get("/cases/search", q=number)).json()["cases"]
    assert [each["number"] for each in found] == [number]
    return await desk.case(found[0]["case_id"])


@pytest.mark.clause("PA-R3")
async def test_the_ledgers_of_both_windows_come_in_under_their_numbers_and_what_was_open_goes_on(
    open_hall: OpenHall,
) -> None:
    coordinator = await open_hall.at(PANAN, "top-coordinator")
    content = a_csv(OPEN, ENDED)
    seen = await preview(coordinator, content)
    assert seen["counts"] == {"new": 2, "known": 0, "repeated": 0, "unfit": 0}
    # From Thursday 26 February: Friday 27 is the first working day, Saturday 28 is worked and the second.
    assert [(each["number"], each["due_day"], each["is_overdue"]) for each in seen["rows"]] == [
        ("0017", "2026-02-28", True), ("0003", None, False),
    ]  # fmt: skip
    assert (await coordinator.get("/cases/search", q="0017")).json()["cases"] == [], "nothing was taken in yet"
    assert (await take(coordinator, content)).json() == {"taken": 2, "known": 0, "left_out": 0}

    clerk = await open_hall.at(PANAN, "top-clerk")
    case = await the_case(clerk, "0017")
    assert (case["stage"], case["received_on"], case["imported_from"]) == ("registered", "2026-02-26", FIRST_WINDOW)
    person_clock = next(each for each in case["clocks"] if each["name"] == "person")
    assert person_clock["due_day"] == "2026-02-28"
    await clerk.must(case["case_id"], "accept")
    await clerk.must(case["case_id"], "give-answer", text="已办结，请来取件", channel="phone")
    old = await the_case(clerk, "0003")
    assert (old["stage"], old["outcome"], old["answer"]) == ("archived", "solved", "已补齐材料并办结")
    assert (await clerk.refused(old["case_id"], "add-note", text="补记"))["code"] == "case.closed"


@pytest.mark.clause("PA-R3", part="the same file or row twice makes no double, and no two windows mix their numbers")
async def test_a_row_is_taken_once_however_often_and_by_whomever_it_is_sent(open_hall: OpenHall) -> None:
    coordinator = await open_hall.at(PANAN, "top-coordinator")
    content = a_csv(OPEN, OPEN, ENDED)
    assert (await preview(coordinator, content))["counts"] == {"new": 2, "known": 0, "repeated": 1, "unfit": 0}
    first = await take(coordinator, content)
    assert first.json() == {"taken": 2, "known": 1, "left_out": 0}
    assert (await take(coordinator, content)).json() == first.json(), "the key"
    administrator = await open_hall.at(PANAN, "top-administrator")
    namesake = (OPEN[0], SECOND_WINDOW, *OPEN[2:])
    again = a_workbook(OPEN, ENDED, namesake)
    assert [each["state"] for each in (await preview(administrator, again))["rows"]] == ["known", "known", "new"]
    assert (await take(administrator, again)).json() == {"taken": 1, "known": 2, "left_out": 0}
    found = (await coordinator.get("/cases/search", q="0017")).json()["cases"]
    assert [each["number"] for each in found] == ["0017", "0017"]
    assert (await take(administrator, again, key="another")).json() == {"taken": 0, "known": 3, "left_out": 0}


@pytest.mark.clause("PA-R3", part="what does not fit is told by row and column, and only what somebody chose comes in")
async def test_every_misfit_is_told_by_its_cell_and_the_sound_rows_come_in_only_if_that_was_asked_for(
    open_hall: OpenHall,
) -> None:
    coordinator = await open_hall.at(PANAN, "top-coordinator")
    wrong = ("", FIRST_WINDOW, "2026-02-30", "李某", "", "看不懂", KIND, "很难的", "搁置")
    content = a_csv(
        OPEN,
        wrong,
        ("0018", FIRST_WINDOW, "2026-03-03", "李某", "", "还没到的日子", KIND, "一般事项"),
        ("0019", FIRST_WINDOW, "2026-02-02", "李某", "", "没有答复就办结", KIND, "一般事项", "已办结", "2026-02-03"),
        ("0017", FIRST_WINDOW, "2026-02-26", "赵某", "", "同一个编号的另一件事", KIND, "一般事项"),
        ("0020", FIRST_WINDOW, "2026-02-02", "李某", "", "在办却有结果", KIND, "一般事项", "在办", "", "办成"),
    )
    seen = await preview(coordinator, content)
    assert seen["counts"] == {"new": 1, "known": 0, "repeated": 0, "unfit": 5}
    told = {(row["line"], each["field"], each["code"]) for row in seen["rows"] for each in row["problems"]}
    assert told == {
        (3, "number", "api.missing_field"), (3, "received_on", "ledger.no_date"),
        (3, "case_type", "ledger.unknown_word"), (3, "state", "ledger.unknown_state"),
        (4, "received_on", "registration.received_in_future"),
        (5, "outcome", "ledger.ended_without"), (5, "answer", "ledger.ended_without"),
        (6, "number", "ledger.number_twice"), (7, "outcome", "ledger.open_with"),
    }  # fmt: skip
    date_problem = next(each for each in seen["rows"][1]["problems"] if each["field"] == "received_on")
    assert (date_problem["column"], "登记日期" in date_problem["message"]) == ("登记日期", True)
    refused = await take(coordinator, content)
    assert (refused.status_code, refused.json()["code"]) == (422, "ledger.rows_unfit")
    assert (await coordinator.get("/cases/search", q="0017")).json()["cases"] == []
    sound = await take(coordinator, content, "sound", key="sound")
    assert sound.json() == {"taken": 1, "known": 0, "left_out": 5}


@pytest.mark.clause(
    "PA-R3", part="a workbook: no formula is worked out, no lost digit believed; CSV of any encoding here"
)
async def test_files_are_read_as_they_are_saved_and_nothing_in_them_is_run(open_hall: OpenHall) -> None:
    coordinator = await open_hall.at(PANAN, "top-coordinator")
    headings = (*HEADINGS[:6], "证件号码", "事项种类", "事项类型")
    # A spreadsheet keeps local times, without a zone.
    there = (FIRST_WINDOW, datetime(2026, 2, 26, 9, 30, tzinfo=UTC).replace(tzinfo=None))
    sheet = a_workbook(
        (17, *there, "周某某", "", "跑了三趟", "000109190001010000", KIND, "一般事项"),
        (18, *there, "周某某", "", '=HYPERLINK("http://example.invalid")', "", KIND, "一般事项"),
        (19, FIRST_WINDOW, date(2026, 2, 26), "周某某", "", "跑了三趟", 330109190001010000, KIND, "一般事项"),
        headings=headings,
    )  # fmt: skip
    first, *others = (await preview(coordinator, sheet))["rows"]
    assert (first["number"], first["received_on"], first["state"]) == ("17", "2026-02-26", "new")
    assert [[(each["field"], each["code"]) for each in row["problems"]] for row in others] == [
        [("description", "ledger.formula")], [("person.identity_number", "ledger.digits_lost")],
    ]  # fmt: skip
    for encoding in ("utf-8", "utf-8-sig", "gb18030"):
        seen = await preview(coordinator, a_csv(OPEN, encoding=encoding))
        assert (seen["rows"][0]["imported_from"], seen["ignored_columns"]) == (FIRST_WINDOW, ["备注"])
    english = ("Old number", "Former window", "Registered on", "Name", "What was reported", "Kind", "Type")
    row = ("0021", FIRST_WINDOW, "2026-02-26", "周某某", "跑了三趟", "enterprise_difficulty", "Ordinary")
    assert (await preview(coordinator, a_csv(row, headings=english)))["counts"]["new"] == 1


async def test_a_file_that_is_no_ledger_is_refused_with_the_reason(open_hall: OpenHall) -> None:
    coordinator = await open_hall.at(PANAN, "top-coordinator")
    long = ["0017", FIRST_WINDOW, "2026-02-26", "周某某", "", "跑了三趟", KIND, "一般事项"]
    for content, code in (
        (b"", "ledger.empty"),
        (b"\xff\xfe\x00\x81\xff", "ledger.wrong_encoding"),
        (b"PK\x03\x04 and no more", "ledger.unreadable"),
        (a_csv(), "ledger.empty"),
        (a_csv(OPEN, headings=("原编号", "标题")), "ledger.column_missing"),
        (a_csv(OPEN, headings=(*HEADINGS[:8], "原编号")), "ledger.column_twice"),
        (a_csv(*[long] * 1_001), "ledger.too_many_rows"),
        (b"x" * (2 * 1024 * 1024 + 1), "ledger.too_large"),
    ):
        answer = await coordinator.client.post("/api/v1/ledgers/former/preview", files={"file": ("a", content)})
        assert answer.json()["code"] == code, answer.text
    nothing = await coordinator.client.post("/api/v1/ledgers/former/preview", data={"file": "text"})
    assert (nothing.status_code, nothing.json()["code"]) == (422, "ledger.no_file")


async def test_who_may_not_takes_nothing_in_and_it_stands_in_the_audit(open_hall: OpenHall) -> None:
    for login in ("top-clerk", "top-supervisor", "middle-leader"):
        desk = await open_hall.at(PANAN, login)
        assert (await take(desk, a_csv(OPEN))).status_code == 403
        refused = await desk.client.post("/api/v1/ledgers/former/preview", files={"file": ("a", a_csv(OPEN))})
        assert refused.status_code == 403
    coordinator = await open_hall.at(PANAN, "top-coordinator")
    await take(coordinator, a_csv(OPEN, ENDED))
    async with open_hall.database.transaction(PANAN) as tx:
        rows = await tx.fetch(
            "SELECT action, detail FROM audit WHERE tenant = $1 AND action ~ 'import' ORDER BY id", PANAN
        )
    actions = [row[0] for row in rows]
    assert actions.count("refused:ledger-imported") == 6
    assert (actions.count("import"), actions.count("ledger-imported")) == (2, 1)
    assert "2 rows" in str(rows[-1][1])
    assert not any("周某某" in str(row[1]) for row in rows)


@pytest.mark.clause("PA-R3", part="at the page: first seen, then taken in")
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_ledger_is_seen_at_the_page_before_it_is_taken_in(open_hall: OpenHall, language: str) -> None:
    browser = await at_page(open_hall, "top-coordinator", PANAN, "zh" if language == "zh" else "en")
    page = await browser.open("/registers/former-ledger")
    action = "/registers/former-ledger/preview"
    wrong = await sent(browser, page, action, {"file": ("a.csv", a_csv(OPEN, headings=("标题",)))})
    assert wrong.status == 422
    assert ("缺少“原编号”这一列" in wrong.text) == (language == "zh")
    seen = await sent(browser, page, action, {"file": ("a.csv", a_csv(OPEN, ENDED, ("0018", *OPEN[1:2], "某日")))})
    assert seen.status == 200, seen.text
    assert ("只导入合格的 2 行" in seen.text) == (language == "zh")
    assert "周某某" in seen.text
    done = await browser.submit(seen, "/registers/former-ledger", take="sound")
    assert ("导入 2 行" in done.text) == (language == "zh"), done.text
    case = await the_case(await open_hall.at(PANAN, "top-clerk"), "0017")
    told = await (await at_page(open_hall, "top-clerk", PANAN)).open(f"/cases/{case['case_id']}")
    assert FIRST_WINDOW in told.text
    no = await browser.submit(seen, "/registers/former-ledger", take="every")
    assert no.status == 422
    clerk = await at_page(open_hall, "top-clerk", PANAN)
    assert (await clerk.open("/registers/former-ledger")).status == 403
    assert "导入原台账" not in (await clerk.open("/registers/units")).text


async def test_the_empty_ledger_names_the_tenants_own_words_and_comes_in_when_it_is_filled(open_hall: OpenHall) -> None:
    coordinator = await open_hall.at(PANAN, "top-coordinator")
    answer = await coordinator.get("/ledgers/former/template")
    assert answer.headers["content-type"] == XLSX
    book = load_workbook(io.BytesIO(answer.content))
    sheet, notes = book.worksheets
    assert "Complex" in str(list(notes.iter_rows(values_only=True)))
    headings = [str(cell.value) for cell in sheet[1]]
    filled = {
        "Old number": "0017", "Former window": FIRST_WINDOW, "Registered on": "2026-02-26", "Name": "周某某",
        "What was reported": "跑了三趟", "Type": "Ordinary", "Kind": KIND,
    }  # fmt: skip
    sheet.append([filled.get(heading) for heading in headings])
    content = io.BytesIO()
    book.save(content)
    assert (await preview(coordinator, content.getvalue()))["counts"]["new"] == 1


@pytest.mark.clause("PA-R3", part="from a terminal: a dry run says every row, then it is taken in")
async def test_an_operator_takes_a_ledger_in_from_a_terminal(
    open_hall: OpenHall, postgres: DatabaseAdmin, tmp_path: Path
) -> None:
    hall = RegistersHall(open_hall.database)
    await hall.begin(PANAN)
    write_site_file(tmp_path, hall.files[PANAN])
    write_anchor(tmp_path / "clock.json", Anchor(domain_at=START, day_seconds=60, calendar=CALENDAR))
    settings = Settings(
        database_url=service_url(postgres, NAME), sites_dir=tmp_path,
        clock_file=tmp_path / "clock.json",
    )  # fmt: skip
    ledger = tmp_path / "ledger.csv"
    ledger.write_bytes(a_csv(OPEN, ENDED, ("0018", FIRST_WINDOW, "某日", "李某", "", "跑了三趟", KIND, "一般事项")))
    order = LedgerOrder(tenant=PANAN, login="top-coordinator", file=ledger, is_dry_run=True, take="all", language="zh")
    said, is_done = await import_ledger(settings, order)
    assert is_done
    assert said[-1] == "2 new, 0 known, 0 repeated, 1 unfit"
    assert any("登记日期: [ledger.no_date]" in line for line in said)
    assert not any("周某某" in line for line in said)
    refused, is_done = await import_ledger(settings, replace(order, is_dry_run=False))
    assert (is_done, refused[0].startswith("[ledger.rows_unfit]")) == (False, True)
    sound = replace(order, is_dry_run=False, take="sound")
    assert await import_ledger(settings, sound) == (["2 taken in, 0 here already, 1 left out"], True)
    assert await import_ledger(settings, sound) == (["0 taken in, 2 here already, 1 left out"], True)
    for wrong, code in (
        (replace(order, login="nobody"), "staff.unknown_login"),
        (replace(order, file=tmp_path / "no"), "ledger.no_file"),
    ):
        with pytest.raises(StaffRefused) as refusal:
            await import_ledger(settings, wrong)
        assert refusal.value.code == code
