"""The forms of the annexes with all their fields: on screen, for the printer, as Word documents, as a spreadsheet."""

from __future__ import annotations

import re
import shutil
import subprocess
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from docx import Document
from openpyxl import load_workbook

from bancheng.kernel.profile_parts import FORM_DATA, Form
from bancheng.profiles.loader import shipped_profile, shipped_profiles
from bancheng.window.documents.word import word_document
from tests.conformance.hall import NEIXIANG, SHANTING, unit_code

if TYPE_CHECKING:
    from pathlib import Path

    from bancheng.kernel.profile_parts import FormKind
    from tests.conformance.hall import Desk, OpenHall

STORY = "三次到大厅申请开办小吃店，都说材料不全，\n又说不清缺什么。"


def form_of(tenant: str, kind: FormKind) -> Form:
    return next(form for form in shipped_profile(tenant).forms if form.kind == kind)


def words(document: bytes) -> list[str]:
    """Every text of a Word document's paragraphs and cells, read back by another library."""
    read: Any = Document(BytesIO(document))
    cells = [cell.text for table in read.tables for row in table.rows for cell in row.cells]
    return [*(paragraph.text for paragraph in read.paragraphs), *cells]


async def ordered(hall: OpenHall) -> tuple[Desk, str]:
    """A case of 山亭 that was sent to a department, answered there, and told to the person."""
    clerk = await hall.at(SHANTING, "top-clerk")
    ordinary = shipped_profile(SHANTING).case_types[1].key
    case_id = await clerk.accepted(description=STORY, case_type=ordinary)
    await clerk.must(
        case_id, "issue-order", to_unit=unit_code(SHANTING, "first"), request="说明缺哪些材料", handler="李某"
    )
    await clerk.must(
        case_id, "answer-order", number=1, reply="result", text="缺场地证明一份", said_by="李某", said_how="phone"
    )
    await clerk.must(case_id, "give-answer", text="缺场地证明一份，补来即办")
    return clerk, case_id


@pytest.mark.clause("ST-15", part="acceptance form and transfer order, on screen, printable and as documents")
async def test_the_acceptance_form_and_the_transfer_order_have_every_field_of_the_annexes(open_hall: OpenHall) -> None:
    clerk, case_id = await ordered(open_hall)
    annexes: dict[FormKind, str] = {
        "acceptance": "反映人姓名 联系电话 受理人员 受理时间 问题类型 情况记录 处理意见 备注",
        "transfer_order": "反映人姓名 联系电话 承办单位 承办人 问题类型 情况记录 办理要求 结果反馈 备注",
    }
    for kind, labels in annexes.items():
        form = form_of(SHANTING, kind)
        shown = (await clerk.get(f"/cases/{case_id}/forms/{form.key}")).json()
        names = [field["name"]["zh"] for field in shown["form"]["fields"]]
        assert all(any(label in name for name in names) for label in labels.split()), names
        assert shown["data"]["person_name"] == "周某某"
        assert shown["data"]["description"] == STORY
        assert "☑一般事项" in shown["data"]["case_type"]
        assert "□简单事项" in shown["data"]["case_type"]

        answer = await clerk.get(f"/cases/{case_id}/forms/{form.key}/document")
        assert answer.headers["content-type"].startswith("application/vnd.openxmlformats")
        texts = words(answer.content)
        assert form.name.zh in texts
        assert "周某某" in texts
        assert STORY in texts
        for field in form.fields:
            if field.shows != "number":
                assert field.name.zh in texts, field.name.zh
    order = (await clerk.get(f"/cases/{case_id}/forms/{form_of(SHANTING, 'transfer_order').key}")).json()["data"]
    assert (order["order_unit"], order["order_handler"]) == ("民政局", "李某")
    assert order["order_answer"] == "缺场地证明一份"
    assert order["order_answered_at"] == "2026年3月2日"


@pytest.mark.clause("ST-15", part="the ledger of ten columns, as a spreadsheet")
@pytest.mark.clause("ST-02", part="what was recorded stands in the ledger as it was said")
async def test_the_ledger_is_a_spreadsheet_of_ten_columns(open_hall: OpenHall) -> None:
    clerk, _ = await ordered(open_hall)
    await clerk.bring(title="=cmd|' /C calc'!A0", description="像公式的文字")

    answer = await clerk.get("/ledger", first="2026-01-01", last="2026-12-31")
    assert answer.status_code == 200, answer.text
    sheet: Any = load_workbook(BytesIO(answer.content)).active
    table = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert table[0] == [
        "编号", "反映人", "联系电话", "反映事项", "受理时间", "问题类型及办理时限", "承办单位", "办理结果",
        "实际办结时间", "备注",
    ]  # fmt: skip
    assert [row[1] for row in table[1:]] == ["周某某", "周某某"]
    assert table[1][3] == "=cmd|' /C calc'!A0"
    assert all(cell.data_type == "s" for row in sheet.iter_rows() for cell in row if cell.value)
    assert table[2][6] == "民政局"
    assert table[2][7] == "缺场地证明一份，补来即办"

    none = await clerk.get("/ledger", first="2025-01-01", last="2025-12-31")
    empty: Any = load_workbook(BytesIO(none.content)).active
    assert empty.max_row == 1
    wrong = await clerk.get("/ledger", first="2026-12-31", last="2026-01-01")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "ledger.span")
    another_age = await clerk.get("/ledger", last="9999-12-31")
    assert (another_age.status_code, another_age.json()["field"]) == (422, "last")


@pytest.mark.clause("NX-13", part="the registration form has the fields of annex 3, signatures included")
async def test_the_registration_form_of_annex_3(open_hall: OpenHall) -> None:
    clerk = await open_hall.at(NEIXIANG, "top-clerk")
    case_id = await clerk.accepted(description=STORY)
    form = form_of(NEIXIANG, "registration")
    names = [field.name.zh for field in form.fields]
    for label in (
        "编号",
        "办理对象姓名",
        "联系电话",
        "受理人员",
        "受理时间",
        "情况记录",
        "签字",
        "回复",
        "经办人员签字",
    ):
        assert any(label in name for name in names), (label, names)
    shown = (await clerk.get(f"/cases/{case_id}/forms/{form.key}")).json()["data"]
    assert shown["number"] == "2026030201"
    assert shown["officer_name"] == "测试top-clerk"
    assert shown["registered_at"] == "2026年3月2日 10:00"
    assert re.fullmatch(r"2026年3月\d+日", shown["due_day"]), "every date of a paper is written alike"


@pytest.mark.clause("PA-03", part="the person gets the exclusion and the explanation in writing")
async def test_who_is_turned_away_gets_the_reason_in_writing(open_hall: OpenHall) -> None:
    clerk, leader = await open_hall.at(SHANTING, "top-clerk"), await open_hall.at(SHANTING, "top-leader")
    case_id = await clerk.bring()
    exclusion = shipped_profile(SHANTING).exclusions[0]
    await clerk.must(case_id, "propose-decline", ground=exclusion.key, explanation="已在法院审理，请等候判决。")
    await leader.must(case_id, "approve-decline")
    form = form_of(SHANTING, "decline_notice")
    texts = words((await clerk.get(f"/cases/{case_id}/forms/{form.key}/document")).content)
    assert exclusion.name.zh in texts
    assert "已在法院审理，请等候判决。" in texts
    assert "测试top-leader" in texts


async def test_somebody_who_has_nothing_to_do_with_a_case_sees_no_personal_data_on_its_forms(
    open_hall: OpenHall,
) -> None:
    from tests.conformance.hall import XIAOSHAN

    village, above = await open_hall.at(XIAOSHAN, "bottom-clerk"), await open_hall.at(XIAOSHAN, "top-clerk")
    agent = {"name": "吴小某", "relation": "女儿"}
    case_id = await village.bring(agent=agent)
    for form in shipped_profile(XIAOSHAN).forms:
        if form.kind == "registration":
            data = (await above.get(f"/cases/{case_id}/forms/{form.key}")).json()["data"]
            assert data["person_name"] == "周**"
            assert "12345678" not in data["person_phone"]
            assert data["agent_name"] == "吴**（女儿）"
    sheet: Any = load_workbook(BytesIO((await above.get("/ledger")).content)).active
    assert "周某某" not in {cell.value for row in sheet.iter_rows() for cell in row}


async def test_an_unknown_form_and_a_case_that_may_not_be_seen_are_refused(open_hall: OpenHall) -> None:
    clerk = await open_hall.at(SHANTING, "top-clerk")
    case_id = await clerk.bring()
    unknown = await clerk.get(f"/cases/{case_id}/forms/nothing")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "form.unknown")
    no_order = await clerk.get(f"/cases/{case_id}/forms/transfer_order", order=3)
    assert (no_order.status_code, no_order.json()["code"]) == (404, "form.unknown_order")
    stranger = await open_hall.at(NEIXIANG, "top-clerk")
    assert (await stranger.get(f"/cases/{case_id}/forms/acceptance")).status_code == 404


@pytest.mark.parametrize("tenant", shipped_profiles())
async def test_every_form_of_every_tenant_is_filled_from_known_data(open_hall: OpenHall, tenant: str) -> None:
    clerk = await open_hall.at(tenant, "top-clerk")
    case_id = await clerk.bring()
    for form in shipped_profile(tenant).forms:
        if form.kind in {"ledger", "zero_report"}:
            continue
        shown = (await clerk.get(f"/cases/{case_id}/forms/{form.key}")).json()
        assert set(shown["data"]) == set(FORM_DATA)


def test_a_form_as_an_office_prints_it(tmp_path: Path) -> None:
    """By LibreOffice, where it is installed; the other tests read the document without it."""
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        pytest.skip("LibreOffice is not installed: that an office can open the document is not shown by this run")
    source = tmp_path / "form.docx"
    form = form_of(SHANTING, "acceptance")
    source.write_bytes(word_document(form, dict.fromkeys(FORM_DATA, "内容")))
    command = [office, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), str(source)]
    subprocess.run(command, check=True, capture_output=True, timeout=110)
    assert (tmp_path / "form.pdf").read_bytes().startswith(b"%PDF")
