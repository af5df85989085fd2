"""What was mistyped of the person is corrected: who may, who sees what, how it is told, found and printed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bancheng.store.search import index_grams
from tests.support.papers import png
from tests.window.browsing import at_page
from tests.window.test_pages import registered
from tests.window.town_hall import XIAOSHAN

if TYPE_CHECKING:
    from tests.window.town_hall import Caller, TownHall

WRONG = {"name": "周某禾", "phone": "00012345679"}


async def found(caller: Caller, words: str) -> int:
    return len((await caller.get("/cases/search", q=words)).json()["cases"])


async def corrected(caller: Caller, case_id: str) -> dict[str, Any]:
    entries = (await caller.get(f"/cases/{case_id}/history")).json()["main"]
    details: dict[str, Any] = next(each for each in entries if each["type"] == "PersonCorrected")["details"]
    return details


async def test_whoever_registered_corrects_it_while_another_unit_holds_it_and_the_rest_is_masked(
    hall: TownHall,
) -> None:
    village, upper = await hall.signed_in("village-clerk"), await hall.signed_in("hall-clerk")
    case_id = await village.register()
    await village.must(case_id, "escalate", reason="村里解决不了")
    await village.must(case_id, "correct-person", **WRONG, reason="电话是 00012345679")
    person = (await village.case(case_id))["person"]
    assert (person["name"], person["phone"], person["address"]) == ("周某禾", "00012345679", "甲村 1 号")
    assert (await corrected(village, case_id))["corrections"] == [
        {"field": "name", "was": "周某某", "now": "周某禾"},
        {"field": "phone", "was": "00012345678", "now": "00012345679"},
    ]

    assert (await upper.case(case_id))["person"]["phone"] == "000****5679"
    assert await corrected(upper, case_id) == {
        "corrections": [
            {"field": "name", "was": "周**", "now": "周**"},
            {"field": "phone", "was": "000****5678", "now": "000****5679"},
        ],
        "reason": "",
    }
    assert (await upper.give(case_id, "correct-person", name="吴某", reason="改")).json()["code"] == "case.not_holder"
    supervisor = await hall.signed_in("hall-supervisor")
    refused = await supervisor.give(case_id, "correct-person", name="吴某", reason="改")
    assert (refused.status_code, refused.json()["code"]) == (403, "api.forbidden")


async def test_each_field_has_the_bounds_that_registration_has(hall: TownHall) -> None:
    clerk = await hall.signed_in("village-clerk")
    case_id = await clerk.register()
    for body, field, code in (
        ({"phone": "0" * 33, "reason": "错"}, "phone", "api.too_long"),
        ({"phone": "\x7f", "reason": "错"}, "phone", "api.control_characters"),
        ({"phone": 3, "reason": "错"}, "phone", "api.wrong_type"),
        ({"name": "", "reason": "错"}, "name", "api.empty_field"),
        ({"name": "长" * 101, "reason": "错"}, "name", "api.too_long"),
        ({"address": "长" * 301, "reason": "错"}, "address", "api.too_long"),
        ({"identity_number": "0" * 33, "reason": "错"}, "identity_number", "api.too_long"),
        ({"name": "吴某"}, "reason", "api.missing_field"),
        ({"age": 3, "reason": "错"}, "age", "api.unknown_field"),
    ):
        answer = await clerk.give(case_id, "correct-person", **body)
        assert (answer.status_code, answer.json()["field"], answer.json()["code"]) == (422, field, code), body
    same = await clerk.give(case_id, "correct-person", name="周某某", reason="核对")
    assert (same.status_code, same.json()["code"]) == (409, "person.nothing_to_correct")
    await clerk.must(case_id, "correct-person", phone="电话不详", reason="本人不记得")
    assert (await clerk.case(case_id))["doubts"] == ["phone", "identity_number"]
    await clerk.must(case_id, "withdraw", reason="本人要求")
    over = await clerk.give(case_id, "correct-person", name="吴某", reason="改")
    assert over.json()["code"] == "case.closed"


async def test_the_search_finds_the_person_by_the_corrected_name_and_not_by_the_wrong_one(hall: TownHall) -> None:
    clerk = await hall.signed_in("village-clerk")
    uncut, cut = await clerk.register(), await clerk.register()
    await clerk.must(uncut, "correct-person", name="吴小满", reason="听错了")
    assert (await found(clerk, "吴小满"), await found(clerk, "周某某")) == (1, 1)
    async with hall.database.transaction(XIAOSHAN) as tx:
        assert await index_grams(tx) == 1
    await clerk.must(cut, "correct-person", name="郑大年", reason="听错了")
    await clerk.must(cut, "correct-person", name="郑小年", reason="又听错了")
    found_by = {name: await found(clerk, name) for name in ("吴小满", "郑大年", "郑小年", "周某某", "护理补贴")}
    assert found_by == {"吴小满": 1, "郑大年": 0, "郑小年": 1, "周某某": 0, "护理补贴": 2}
    async with hall.database.transaction(XIAOSHAN) as tx:
        assert await index_grams(tx) == 0


async def test_it_is_corrected_at_the_page_with_what_is_there_already_and_told_field_by_field(hall: TownHall) -> None:
    browser = await at_page(hall, "village-clerk")
    path = await registered(browser)
    link = f"{path}?form=correct-person#form-correct-person"
    page = await browser.open(path)
    assert f'href="{link}"' in page.answer.text
    assert re.search(r'id="form-correct-person">', page.answer.text)
    page = await browser.open(link)
    assert re.search(r'id="form-correct-person" open>', page.answer.text)
    kept = page.forms[f"{path}/correct-person"].values
    assert (kept["name"], kept["phone"], kept["address"]) == ("周某某", "00012345678", "")
    wrong = await browser.submit(page, f"{path}/correct-person", phone="0" * 33, address="乙村 2 号", reason="记错")
    assert wrong.status == 422
    assert 'id="correct-person-phone-error"' in wrong.answer.text
    assert wrong.forms[f"{path}/correct-person"].values["address"] == "乙村 2 号"
    unnamed = await browser.submit(page, f"{path}/correct-person", name="", reason="记错")
    assert 'id="correct-person-name-error"' in unnamed.answer.text
    done = await browser.submit(page, f"{path}/correct-person", phone="", address="乙村 2 号", reason="电话是邻居的")
    assert "已保存：更正反映人信息" in done.text
    assert "反映人信息已更正" in done.text
    assert "联系电话 00012345678 → （空）" in done.text
    assert "住址 （空） → 乙村 2 号" in done.text
    assert "原因 电话是邻居的" in done.text
    again = await browser.submit(done, f"{path}/correct-person", reason="核对")
    assert "没有要更正的" in again.text


async def test_who_must_not_know_whose_matter_it_is_reads_no_more_from_the_form_than_from_the_page(
    hall: TownHall,
) -> None:
    village, upper = await at_page(hall, "village-clerk"), await at_page(hall, "hall-clerk")
    path = await registered(village, is_restricted="")
    page = await village.open(path)
    await village.submit(page, f"{path}/correct-person", phone="00012345679", reason="是 00012345679")
    seen = await upper.open(f"{path}?form=correct-person")
    assert f"{path}/correct-person" not in seen.forms
    assert "000****5678 → 000****5679" in seen.text
    form = next(each for each in seen.forms.values() if "csrf" in each.values).values["csrf"]
    tried = await upper.client.post(f"{path}/correct-person", data={"csrf": form, "key": "k", "reason": "看看"})
    assert tried.status_code in {409, 412, 422}
    for text in (seen.answer.text, tried.text):
        assert "周某某" not in text
        assert "00012345679" not in text


async def test_a_form_that_was_signed_before_is_not_printed_as_if_signed_with_the_new_data(hall: TownHall) -> None:
    browser = await at_page(hall, "village-clerk")
    path = await registered(browser)
    page = await browser.open(path)
    signed = await browser.submit(page, f"{path}/sign-form", ("签名.png", png()), method="drawn", signer="周某某")
    assert "签在更正之前" not in signed.text
    done = await browser.submit(signed, f"{path}/correct-person", name="周某禾", reason="错字")
    assert "签在更正之前" in done.text
    link = re.search(r'href="([^"]+/forms/[^"]+)"', done.answer.text)
    assert link is not None
    printed = await browser.open(link[1])
    assert "周某禾" in printed.text
    assert "周某某（屏幕签名，签在更正反映人信息之前）" in printed.text
    assert "paper-signature" not in printed.answer.text


async def test_what_was_asked_of_the_holder_is_as_masked_as_the_person_it_is_about(hall: TownHall) -> None:
    town, upper = await hall.signed_in("town-clerk"), await hall.signed_in("hall-clerk")
    case_id = await town.register()
    await town.must(case_id, "hand-down", to_unit="330109001009", reason="请村里核实")
    asked = await town.give(case_id, "correct-person", name="周某禾", phone="", reason="本人叫周某禾")
    assert asked.status_code == 202
    (own,) = (await town.case(case_id))["asks"]
    assert own["details"] == {"name": "周某禾", "phone": "", "reason": "本人叫周某禾"}
    (seen,) = (await upper.case(case_id))["asks"]
    assert seen["details"] == {"name": "周**", "phone": "", "reason": ""}
    page = await (await at_page(hall, "hall-clerk")).open(f"/cases/{case_id}")
    assert "周**" in page.text
    assert "周某禾" not in page.answer.text
    supervisor = await hall.signed_in("hall-supervisor")
    assert (await supervisor.give(case_id, "correct-person", name="吴某", reason="改")).status_code == 403
