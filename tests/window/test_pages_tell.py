"""What a page must say for a newcomer not to be misled: what is overdue, what was only proposed, whose step it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.window.browsing import Browser, at_page
from tests.window.town_hall import PASSWORD, XIAOSHAN, TownHall

if TYPE_CHECKING:
    from bancheng.store.database import Database


async def case_of(hall: TownHall, login: str) -> str:
    return f"/cases/{await (await hall.signed_in(login)).register()}"


async def test_signing_in_at_one_service_does_not_sign_out_at_another_on_the_same_host(database: Database) -> None:
    village, county = TownHall(database, service="village"), TownHall(database, service="county")
    first = await at_page(village, "village-clerk")
    second = Browser(county.client())
    # A browser sends the cookies of a host to each of its ports.
    second.client.cookies = first.client.cookies
    door = await second.open("/")
    await second.submit(door, "/sign-in", tenant=XIAOSHAN, login="hall-clerk", password=PASSWORD)
    first.client.cookies = second.client.cookies
    assert "测试village-clerk" in (await first.open("/cases")).text
    assert "测试hall-clerk" in (await second.open("/cases")).text
    assert {each.name for each in first.client.cookies.jar} == {
        "bancheng_village_session", "bancheng_village_form", "bancheng_county_session", "bancheng_county_form",
    }  # fmt: skip


async def test_a_refusal_names_who_may_do_it_to_programs_too(hall: TownHall) -> None:
    caller = await hall.signed_in("village-clerk")
    case_id = await caller.register()
    refused = (await caller.give(case_id, "verify-result")).json()
    assert refused["next_step"] == (
        "It is for the duty leader or coordinator. If nobody here has that role, send the case up."
    )
    action = next(each for each in (await caller.case(case_id))["actions"] if each["name"] == "verify-result")
    assert action["next_step"] == refused["next_step"]
    assert refused["parameters"] == {"roles": "duty_leader,coordinator"}


@pytest.mark.parametrize(
    ("language", "words"), [("zh", "管理员和监督员看不到案件"), ("en", "Administrators and reviewers see no cases.")]
)
async def test_whoever_sees_no_case_by_design_is_told_so_and_where_to_go(
    hall: TownHall, language: str, words: str
) -> None:
    administrator, reviewer = [
        await at_page(hall, login, language=language) for login in ("hall-administrator", "hall-reviewer")
    ]
    await case_of(hall, "hall-clerk")
    for path in ("/cases", "/cases?tab=all", "/cases/search?q=补贴", "/cases/missing?step=answer"):
        page = await administrator.open(path)
        assert words in page.text, path
        for address in ("/registers", "/rules/days", "/links"):
            assert page.answer.text.count(f'href="{address}"') == 2, (path, address)
        seen = await reviewer.open(path)
        assert words in seen.text
        assert 'href="/rules/days"' not in seen.answer.text
    clerk = await at_page(hall, "village-clerk", language=language)
    assert words not in (await clerk.open("/cases")).text


async def test_the_parts_of_a_case_are_called_by_their_names_and_not_by_their_numbers(hall: TownHall) -> None:
    clerk, browser = await hall.signed_in("hall-clerk"), await at_page(hall, "hall-clerk")
    case_id = await clerk.register()
    for name in ("银行流水", "户口簿复印件", "户口簿复印件"):
        await clerk.must(case_id, "require-paper", name=name, due_on="2026-03-06")
    await clerk.must(case_id, "add-joint-person", name="吴某某")
    await clerk.must(case_id, "accept")
    await clerk.must(case_id, "record-required-paper", number=1)
    await clerk.must(case_id, "record-required-paper", number=3)
    await clerk.must(case_id, "pass-to-body", body="仲裁委", helper="李某", reason="要裁决", limit_workdays=3)
    await clerk.must(case_id, "record-body-reply", number=1, text="已裁决", done=True)
    await clerk.must(case_id, "give-answer", text="已告知", person_number=1)
    text = (await browser.open(f"/cases/{case_id}")).text
    for told in (
        "缺的材料 银行流水",
        "缺的材料 户口簿复印件 (3)",
        "补齐材料期限 户口簿复印件 (2)",
        "转出事项跟踪期限 仲裁委",
        "其他机构 仲裁委",
        "答复谁 吴某某",
    ):
        assert told in text, told
    assert "第几项" not in text


async def test_a_case_past_either_limit_is_marked_in_the_list_and_counted_on_its_page(hall: TownHall) -> None:
    path = await case_of(hall, "village-clerk")
    browser = await at_page(hall, "village-clerk")
    before = await browser.open("/cases")
    assert "按本级期限排序" in before.text
    assert ("row-over" in before.answer.text, "已超期" in before.text) == (False, False)
    page = await browser.open(path)
    assert "还剩 3 个工作日" in page.text
    hall.pass_time(days=3, hours=1)
    assert "今天到期" in (await browser.open(path)).text
    hall.pass_time(days=4)
    after = await browser.open("/cases")
    assert ("row-over" in after.answer.text, "已超期" in after.text) == (True, True)
    assert "今天 2026-03-09 11:00" in after.text
    assert "已超 2 个工作日" in (await browser.open(path)).text


async def test_a_proposed_answer_is_not_called_an_answer(hall: TownHall) -> None:
    path = await case_of(hall, "village-leader")
    browser = await at_page(hall, "village-leader")
    page = await browser.submit(await browser.open(path), f"{path}/accept")
    assert "拟答复内容" in page.text
    assert "告知当事人要另办“答复”一步。" in page.text
    proposed = await browser.submit(page, f"{path}/propose-result", outcome="solved", answer="补贴已补发")
    assert "拟答复（还没有告知当事人）" in proposed.text
    assert "给反映人的答复" not in proposed.text
    told = await browser.submit(proposed, f"{path}/give-answer", text="补贴已补发", channel="phone")
    assert "给反映人的答复" in told.text
    assert "拟答复（还没有告知当事人）" not in told.text


async def test_days_used_before_stand_in_the_answer_to_why_this_date(hall: TownHall) -> None:
    path = await case_of(hall, "village-leader")
    browser = await at_page(hall, "village-leader")
    hall.pass_time(days=2)
    page = await browser.open(path)
    assert "之前已用" not in page.text
    paused = await browser.submit(page, f"{path}/pause", reason="waiting_for_papers", until="2026-03-06")
    assert "之前已用 2 个工作日" in paused.text
    counted = re.findall("第 ([0-9]+) 天", paused.text)
    assert {"3", "10"} <= set(counted)
    assert {"1", "2"}.isdisjoint(counted)


async def test_the_page_of_alerts_says_what_it_leaves_out(hall: TownHall) -> None:
    page = await (await at_page(hall, "village-clerk")).open("/cases/alerts")
    assert "期限已过的案件不在这里" in page.text


async def test_a_long_text_is_refused_whole_and_never_cut(hall: TownHall) -> None:
    path = await case_of(hall, "village-clerk")
    browser = await at_page(hall, "village-clerk")
    page = await browser.open(path)
    assert "maxlength" not in page.answer.text.split('class="case-side"')[1]
    assert "maxlength" not in (await browser.open("/cases/new")).answer.text.split('class="register"')[1]
    long = "长" * 20_001
    refused = await browser.submit(page, f"{path}/add-note", text=long)
    assert refused.status == 422
    assert "“内容”太长" in refused.text
    assert refused.forms[f"{path}/add-note"].values["text"].strip() == long


async def test_an_english_error_calls_a_field_what_stands_above_it(hall: TownHall) -> None:
    browser = await at_page(hall, "village-clerk", language="en")
    page = await browser.submit(await browser.open("/cases/new"), "/cases/new", person__name="a\u0007b")
    for said in ("“Title” ", "“What was reported” ", "“How it came in” "):
        assert said in page.text, said
    assert "“Name” holds a control character that cannot be seen: delete the word and type it again." in page.text


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_the_keys_of_tiers_are_not_shown(hall: TownHall, language: str) -> None:
    path = await case_of(hall, "village-clerk")
    browser = await at_page(hall, "village-clerk", language=language)
    tier = "区级" if language == "zh" else "District"
    own = "村社" if language == "zh" else "Village or community"
    assert re.search(f"甲村站 {own} ", (await browser.open(path)).text), "the unit's, not that of the site it lives at"
    links = (await browser.open("/links")).text
    assert f"{tier} · 区中心" in links
    assert "hall" not in links


async def test_a_step_that_has_nothing_to_choose_says_what_is_lacking(hall: TownHall) -> None:
    browser, path = await at_page(hall, "village-clerk"), await case_of(hall, "village-clerk")
    page = await browser.open(path)
    for lacking in ("没有等着补齐的材料。", "没有等着答复的交办。", "本单位下面没有可以接手的窗口。"):
        assert lacking in page.text
    assert "现在没有可选的对象" not in page.text


async def test_a_case_says_what_it_waits_for_and_who_may_do_it(hall: TownHall) -> None:
    """What comes next is not hidden among thirty reasons when it is somebody else's to do."""
    clerk, alone = await hall.signed_in("village-clerk"), await hall.signed_in("other-clerk")
    paths: list[str] = []
    for caller in (clerk, alone):
        case_id = await caller.register()
        await caller.must(case_id, "accept")
        await caller.must(case_id, "propose-result", outcome="solved", answer="已补发")
        paths.append(f"/cases/{case_id}")
    page = await (await at_page(hall, "village-clerk")).open(paths[0])
    assert "接下来等：核查通过 您的岗位不能做这一步。由值班长或总协调人来做" in page.text
    assert "本单位没有别人可以办这一步。" not in page.text
    assert "接下来等" not in (await (await at_page(hall, "village-leader")).open(paths[0])).text

    browser = await at_page(hall, "other-clerk")
    page = await browser.open(paths[1])
    assert "本单位没有别人可以办这一步。" in page.text
    told = await browser.submit(page, f"{paths[1]}/escalate", reason="本站没有值班长，请核查")
    assert told.status == 200, told.text
    leader = await at_page(hall, "town-leader")
    verified = await leader.submit(await leader.open(paths[1]), f"{paths[1]}/verify-result")
    assert "已保存：核查通过" in verified.text


async def test_a_refused_page_leads_to_the_form_that_was_not_saved(hall: TownHall) -> None:
    """On a telephone it lies far below the notice."""
    browser, path = await at_page(hall, "village-clerk"), await case_of(hall, "village-clerk")
    refused = await browser.submit(await browser.open(path), f"{path}/add-note", text="")
    assert refused.status == 422
    assert '<a href="#form-add-note">到没有保存的表单</a>' in refused.answer.text
    assert 'id="form-add-note" open' in refused.answer.text
    assert "到没有保存的表单" not in (await browser.open(path)).text
