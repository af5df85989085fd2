"""Clauses that many tests show in parts, each shown here once from its beginning to its end, by API and page."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import pytest
from openpyxl import load_workbook

from tests.conformance.hall import NEIXIANG, PANAN, SHANTING, XIAOSHAN, unit_code
from tests.conformance.registers_hall import RegistersHall
from tests.conformance.test_forms import form_of, ordered, words
from tests.kernel.notices import beijing
from tests.support.papers import png, sha256_of
from tests.window.browsing import at_page
from tests.window.test_papers import upload

if TYPE_CHECKING:
    from tests.conformance.hall import Desk, OpenHall


async def founded(open_hall: OpenHall, tenant: str) -> RegistersHall:
    """The same database, and one tenant's site made from its documents: what is published takes effect."""
    hall = RegistersHall(open_hall.database)
    await hall.begin(tenant)
    return hall


async def turned_away(hall: OpenHall, exclusion: str, explanation: str, **case: Any) -> tuple[Desk, str]:
    """At a town of 磐安, reported and then approved by somebody else."""
    clerk, leader = await hall.at(PANAN, "middle-clerk"), await hall.at(PANAN, "middle-leader")
    case_id = await clerk.bring(**case)
    await clerk.must(case_id, "propose-decline", ground=exclusion, explanation=explanation)
    await leader.must(case_id, "approve-decline")
    return clerk, case_id


@pytest.mark.clause("PA-03")
async def test_each_exclusion_of_panan_is_refused_on_record_and_in_writing(open_hall: OpenHall) -> None:
    hall = await founded(open_hall, PANAN)
    first, second = unit_code(PANAN, "first"), unit_code(PANAN, "second")
    administrator = await hall.at(PANAN, "top-administrator")
    document = {"document": "甲委〔2026〕3号", "department": first, "matters": ["subsidy"], "signed_on": "2026-01-05"}
    assert (await administrator.post("/entrustments", document)).status_code == 201
    cases: tuple[tuple[str, str, dict[str, str]], ...] = (
        ("litigation_or_petition", "已在法院审理，请等候判决。", {}),
        ("private_dispute", "两家企业之间的合同纠纷，可向调解中心申请。", {}),
        ("single_department_not_authorised", "只涉及一个部门，该部门没有委托大厅。", {"department": second}),
    )
    form = form_of(PANAN, "decline_notice")
    exclusions = {each.key: each.name.zh for each in hall.site(PANAN).current_profile().exclusions}
    assert set(exclusions) == {ground for ground, _, _ in cases}
    for ground, explanation, case in cases:
        clerk, case_id = await turned_away(hall, ground, explanation, **case)
        assert (await clerk.case(case_id))["stage"] == "declined"
        refusal = (await clerk.last(case_id, "Declined"))["details"]
        assert (refusal["ground"], refusal["explanation"]) == (ground, explanation)
        handed_over = words((await clerk.get(f"/cases/{case_id}/forms/{form.key}/document")).content)
        assert {exclusions[ground], explanation, "周某某"} <= set(handed_over)
        page = await (await at_page(hall, "middle-clerk", PANAN)).open(f"/cases/{case_id}/forms/{form.key}")
        assert explanation in page.text
    clerk = await hall.at(PANAN, "middle-clerk")
    entrusted = await clerk.bring(matter="subsidy", department=first)
    refused = await clerk.refused(
        entrusted, "propose-decline", ground="single_department_not_authorised", explanation="只涉及一个部门"
    )
    assert refused["code"] == "decline.matter_is_entrusted"


@pytest.mark.clause("NX-13")
async def test_neixiangs_numbers_of_a_day_and_the_form_that_bears_them(open_hall: OpenHall) -> None:
    open_hall.now = beijing(2021, 8, 10)
    clerk = await open_hall.at(NEIXIANG, "top-clerk")
    made = [(await clerk.post("/cases", clerk.body())).json() for _ in range(100)]
    numbers = [each["number"] for each in made]
    assert (numbers[2], numbers[98], numbers[99]) == ("2021081003", "2021081099", "20210810100")
    assert len(set(numbers)) == 100

    third = made[2]["case_id"]
    assert (await upload(clerk, third, png())).status_code == 200
    await clerk.must(third, "sign-form", method="drawn", signer="周某某", paper=sha256_of(png()))
    await clerk.must(third, "accept")
    await clerk.must(third, "issue-order", to_unit=unit_code(NEIXIANG, "first"), request="请核实", limit_workdays=3)
    officer = await open_hall.at(NEIXIANG, "first-officer")
    await officer.must(third, "answer-order", number=1, reply="result", text="已补录，当日可领")
    form = form_of(NEIXIANG, "registration")
    document = (await clerk.get(f"/cases/{third}/forms/{form.key}/document")).content
    texts = words(document)
    # The fields of annex 3, with both signatures
    for label in (
        "事项编号", "办理对象姓名", "联系电话", "受理人员", "受理时间", "情况记录", "确认（签字）", "确认（日期）",
        "回复、处理情况", "经办人员签字", "日期",
    ):  # fmt: skip
        assert any(label in each for each in texts), label
    said = ("2021081003", "周某某", "测试top-clerk", "2021年8月10日 10:00", "已补录，当日可领")
    assert all(any(each in text for text in texts) for each in said)
    with ZipFile(BytesIO(document)) as parts:
        pictures = [parts.read(name) for name in parts.namelist() if name.startswith("word/media/")]
    assert png() in pictures, "signed, as it was drawn"


@pytest.mark.clause("ST-15")
async def test_shantings_three_forms_have_every_field_for_the_screen_the_printer_and_the_file(
    open_hall: OpenHall,
) -> None:
    clerk, case_id = await ordered(open_hall)
    browser = await at_page(open_hall, "top-clerk", SHANTING)
    annexes = {
        "acceptance": "反映人姓名 联系电话 受理人员 受理时间 问题类型 情况记录 处理意见 备注",
        "transfer_order": "反映人姓名 联系电话 承办单位 承办人 问题类型 情况记录 办理要求 结果反馈 备注",
    }
    for key, labels in annexes.items():
        on_paper = " ".join(words((await clerk.get(f"/cases/{case_id}/forms/{key}/document")).content))
        on_screen = (await browser.open(f"/cases/{case_id}/forms/{key}")).text
        for shown in (on_paper, on_screen):
            assert all(label in shown for label in (*labels.split(), "周某某"))
    columns = [
        "编号", "反映人", "联系电话", "反映事项", "受理时间", "问题类型及办理时限", "承办单位", "办理结果",
        "实际办结时间", "备注",
    ]  # fmt: skip
    sheet: Any = load_workbook(BytesIO((await clerk.get("/ledger")).content)).active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0] == columns
    assert rows[1][1:4] == ["周某某", "00012345678", "护理补贴停发"]
    printed = (await browser.open("/ledger")).text
    assert all(each in printed for each in (*columns, "周某某"))


@pytest.mark.clause("XS-04")
async def test_the_four_kinds_are_taken_and_a_complaint_never_comes_to_whom_it_is_about(open_hall: OpenHall) -> None:
    village, county = await open_hall.at(XIAOSHAN, "bottom-clerk"), await open_hall.at(XIAOSHAN, "top-clerk")
    town = await open_hall.at(XIAOSHAN, "middle-clerk")
    for kind in ("urgent_matter", "policy_advice", "coordination"):
        case_id = await village.accepted(kind=kind)
        assert (await village.case(case_id))["kind"] == kind
        assert (await town.get(f"/cases/{case_id}")).status_code == 200
    unnamed = await village.post("/cases", village.body(kind="conduct"))
    assert (unnamed.json()["code"], unnamed.json()["field"]) == ("conduct.unit_missing", "complained_unit")
    at_their_own = await town.post("/cases", town.body(kind="conduct", complained_unit=town.unit))
    assert at_their_own.json()["code"] == "conduct.unit_complained_of"

    complaint = await village.accepted(kind="conduct", complained_unit=town.unit)
    await village.must(complaint, "escalate", reason="村里不能处理镇里的作风问题")
    assert (await county.case(complaint))["holder_unit"]["code"] == county.unit, "past the town"
    down = await county.refused(complaint, "hand-down", to_unit=town.unit, reason="属镇里")
    assert down["code"] == "conduct.unit_complained_of"
    about_a_department = await county.accepted(kind="conduct", complained_unit=unit_code(XIAOSHAN, "first"))
    order = {"to_unit": unit_code(XIAOSHAN, "first"), "request": "请核实", "limit_workdays": 2}
    asked = await county.refused(about_a_department, "issue-order", **order)
    assert asked["code"] == "conduct.unit_complained_of"
    officer = await open_hall.at(XIAOSHAN, "first-officer")
    assert (await officer.get(f"/cases/{about_a_department}")).status_code == 404
    for login in ("middle-clerk", "middle-leader"):
        stranger = await open_hall.at(XIAOSHAN, login)
        assert (await stranger.get(f"/cases/{complaint}")).status_code == 404
        assert complaint not in {each["case_id"] for each in (await stranger.get("/cases")).json()["cases"]}
        page = await (await at_page(open_hall, login)).open(f"/cases/{complaint}")
        assert page.status == 404


@pytest.mark.clause("XS-01")
@pytest.mark.clause("U-05", part="villages log and help, towns do what was sunk to them, the district takes the rest")
async def test_each_window_of_xiaoshan_does_the_work_of_its_tier(open_hall: OpenHall) -> None:
    hall = await founded(open_hall, XIAOSHAN)
    sunk = {"key": "subsidy", "name": "护理补贴", "tier": "town"}
    kept = {"key": "licence", "name": "经营许可", "tier": "county"}
    administrator = await hall.at(XIAOSHAN, "top-administrator")
    assert (await administrator.post("/matters", {"matters": [sunk, kept]})).status_code == 201
    village, town, county = [await hall.at(XIAOSHAN, f"{place}-clerk") for place in ("bottom", "middle", "top")]

    # The village: a matter of its own, help with one that is done online, and what it collects on visits
    own = await village.accepted(title="村道积水")
    await village.must(own, "propose-result", outcome="solved", answer="已疏通")
    online = await village.accepted(title="不会网上申领")
    await village.must(online, "book-service", form="helper", on="2026-03-03", helper="村干部何某")
    await village.must(online, "complete-service", number=1, took_place=True, note="陪同在手机上申领")
    assert (await village.case(online))["record"]["services"][0]["took_place"]
    collected = await village.bring(channel="visit", title="补贴停发", matter="subsidy")
    assert (await village.refused(collected, "accept"))["code"] == "matter.send_up"

    # The town: what the district has sunk to it, from wherever it was brought, and its own
    await village.must(collected, "escalate", reason="属镇里办理的事项")
    brought = await county.bring(matter="subsidy")
    assert (await county.refused(brought, "accept"))["code"] == "matter.hand_down"
    await county.must(brought, "hand-down", to_unit=town.unit, reason="已下沉到镇")
    for case_id in (collected, brought, await town.bring(title="镇里的路灯")):
        await town.must(case_id, "accept")
        await town.must(case_id, "propose-result", outcome="solved", answer="镇里已办")

    # The district: every sort of matter, and what it keeps for itself
    for case_id in (await county.bring(title="综合窗口"), await county.bring(matter="licence")):
        await county.must(case_id, "accept")
        await county.must(case_id, "propose-result", outcome="solved", answer="区里已办")


@pytest.mark.clause("ST-10")
async def test_who_comes_to_the_desk_telephones_or_writes_on_a_platform_is_answered_the_same_way(
    open_hall: OpenHall,
) -> None:
    clerk = await open_hall.at(SHANTING, "top-clerk")
    browser = await at_page(open_hall, "top-clerk", SHANTING)
    for channel, said in (("desk", "窗口"), ("phone", "电话"), ("platform", "平台")):
        case_id = await clerk.accepted(channel=channel, title=f"{said}反映的事")
        if channel == "platform":
            await clerk.must(case_id, "record-other-number", system="12345", number="DH20260302-7")
            found = (await clerk.get("/cases/search", q="DH20260302-7")).json()["cases"]
            assert [each["case_id"] for each in found] == [case_id], "by the number that the platform gave"
            stranger = await open_hall.at(SHANTING, "first-officer")
            assert not (await stranger.get("/cases/search", q="DH20260302-7")).json()["cases"]
        await clerk.must(case_id, "give-answer", text="已办好", channel=channel)
        assert (await clerk.last(case_id, "AnswerGiven"))["details"]["channel"] == channel
        assert said in (await browser.open(f"/cases/{case_id}")).text


@pytest.mark.clause("XS-08")
async def test_a_matter_is_sealed_when_it_is_accepted_and_seen_under_supervision_until_its_end(
    open_hall: OpenHall,
) -> None:
    village, leader = await open_hall.at(XIAOSHAN, "bottom-clerk"), await open_hall.at(XIAOSHAN, "bottom-leader")
    supervisor = await open_hall.at(XIAOSHAN, "middle-supervisor")
    waiting, case_id = await village.bring(title="还没有受理"), await village.accepted(title="已经受理")
    assert [entry["type"] for entry in await village.history(case_id)] == ["Registered", "Accepted", "Sealed"]
    assert (await village.refused(case_id, "seal"))["code"] == "seal.already_sealed"
    who = "区纪委监委、镇街纪委、“办不成事”监督窗口督导组"
    assert who in (await supervisor.case(case_id))["supervised_by"]
    assert (await supervisor.case(waiting))["supervised_by"] == ""

    # Shown at the pages of the window and of whoever supervises, in the list and in the case
    for login in ("bottom-clerk", "middle-supervisor", "top-supervisor"):
        browser = await at_page(open_hall, login)
        sealed = (await browser.open("/cases?tab=sealed")).text
        assert ("已经受理" in sealed, "还没有受理" in sealed, "办NO.成事" in sealed) == (True, False, True)
        page = (await browser.open(f"/cases/{case_id}")).text
        assert "起受监督" in page
        assert who in page
    english = await at_page(open_hall, "top-supervisor", language="en")
    assert "under supervision since 2026-03-02 10:00" in (await english.open(f"/cases/{case_id}")).text

    # The supervisor asks after it; then it is kept, and supervision of it ends with the matter
    await supervisor.must(case_id, "urge", text="请说明进展")
    await village.must(case_id, "give-answer", text="已办好")
    await village.must(case_id, "propose-result", outcome="solved", answer="已办好")
    await leader.must(case_id, "verify-result")
    await village.must(case_id, "revisit", satisfied=True, rating=5)
    listed = (await supervisor.get("/cases", is_sealed=True, is_closed=False, sort="holder_due_at")).json()["cases"]
    assert [each["case_id"] for each in listed] == [case_id]
    await village.must(case_id, "strike-off")
    after = await supervisor.case(case_id)
    assert (after["supervised_by"], after["record"]["sealed_at"]) == ("", "2026-03-02T02:00:00Z")
    assert not (await supervisor.get("/cases", is_sealed=True, is_closed=False)).json()["cases"]
    assert "盖章在督" not in (await (await at_page(open_hall, "top-clerk", SHANTING)).open("/cases")).text
