"""The plain pages, as a clerk without scripts uses them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
import pytest

from bancheng.federation.health import LinkStatus
from bancheng.window.command_registry import CASE_COMMANDS
from bancheng.window.error_texts import text_for
from tests.window.bodies import minimal_body
from tests.window.browsing import Browser, at_page
from tests.window.town_hall import PANAN, PASSWORD, XIAOSHAN, panan_body

if TYPE_CHECKING:
    from tests.window.town_hall import TownHall

TYPED = {
    "title": "残疾人护理补贴停发",
    "description": "只领了两个月。\r\n第三个月起没有了。",
    "kind": "coordination",
    "case_type": "ordinary",
    "channel": "desk",
    "person__name": "周某某",
    "person__phone": "00012345678",
}


async def registered(browser: Browser, **typed: str) -> str:
    form = await browser.open("/cases/new")
    page = await browser.submit(form, "/cases/new", **{**TYPED, **typed})
    assert page.status == 200, page.text
    return str(page.answer.url.path)


async def test_a_visitor_is_led_to_sign_in_and_back(hall: TownHall) -> None:
    client = hall.client()
    answer = await client.get("/links")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Flinks")
    browser = Browser(client)
    door = await browser.open("/links")
    assert door.forms["/sign-in"].values["next"] == "/links"
    inside = await browser.submit(door, "/sign-in", tenant=XIAOSHAN, login="hall-clerk", password=PASSWORD)
    assert inside.answer.url.path == "/links"
    cookie = next(each for each in client.cookies.jar if each.name == "bancheng_hall_session")
    assert cookie.value is not None
    assert cookie.value.startswith(f"{XIAOSHAN}.")
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "lax"
    out = await browser.submit(inside, "/sign-out")
    assert "/sign-in" in out.forms
    assert (await client.get("/cases")).status_code == 303


async def test_the_wrong_password_keeps_what_was_typed_but_the_password(hall: TownHall) -> None:
    browser = Browser(hall.client())
    page = await browser.submit(
        await browser.open("/sign-in"), "/sign-in", tenant=PANAN, login="hall-clerk", password="wrong"
    )
    assert page.status == 401
    assert "账号或者密码不对。" in page.text
    form = page.forms["/sign-in"]
    assert (form.values["tenant"], form.values["login"], form.values["password"]) == (PANAN, "hall-clerk", "")


@pytest.mark.parametrize("wanted", ["https://elsewhere.test/", "//elsewhere.test", "/\\elsewhere.test", "elsewhere"])
async def test_signing_in_never_leads_to_another_house(hall: TownHall, wanted: str) -> None:
    client = hall.client()
    browser = Browser(client)
    door = await browser.open(f"/sign-in?next={wanted}")
    form = {**door.forms["/sign-in"].values, "tenant": XIAOSHAN, "login": "hall-clerk", "password": PASSWORD}
    for path in (form["next"], wanted):
        answer = await client.post("/sign-in", data={**form, "next": path})
        assert answer.headers["location"] == "/"


async def test_no_form_is_believed_without_the_token_of_its_session(hall: TownHall) -> None:
    browser, other = await at_page(hall, "hall-clerk"), await at_page(hall, "hall-leader")
    path = await registered(browser)
    page = await browser.open(path)
    for action in (f"{path}/accept", "/sign-out", "/cases/new"):
        source = page if action in page.forms else await browser.open("/cases/new")
        for token in ("", "guessed", (await other.open(path)).forms["/sign-out"].values["csrf"], "\u4e2d"):
            answer = await browser.send(source, action, csrf=token)
            assert answer.status_code == 403
            assert "api.csrf" in answer.text
    assert (await browser.client.get(path)).status_code == 200
    door = Browser(hall.client())
    form = await door.open("/sign-in")
    door.client.cookies.clear()
    refused = await door.send(form, "/sign-in", login="hall-clerk", password=PASSWORD)
    assert refused.status_code == 403


async def test_a_registration_that_does_not_fit_loses_nothing_and_names_each_field(hall: TownHall) -> None:
    browser = await at_page(hall, "village-clerk")
    form = await browser.open("/cases/new")
    bad = {**TYPED, "title": "长" * 201, "kind": "", "person__name": " ", "person__address": "甲村 <1> 号"}
    page = await browser.submit(form, "/cases/new", **bad)
    assert page.status == 422
    for said in ("“标题”太长，最多 200 个字。", "“事项种类”不能为空。", "“姓名”不能为空。", "请改正标红的 3 项"):
        assert said in page.text
    kept = page.forms["/cases/new"].values
    assert kept["title"] == "长" * 201
    assert kept["description"].strip() == "只领了两个月。\n第三个月起没有了。"
    assert (kept["case_type"], kept["channel"], kept["person.phone"]) == ("ordinary", "desk", "00012345678")
    assert kept["person.address"] == "甲村 <1> 号"
    assert "甲村 &lt;1&gt; 号" in page.answer.text
    saved = await browser.submit(page, "/cases/new", title="改好了", kind="coordination", person__name="周某某")
    assert saved.status == 200
    assert "已保存：登记" in saved.text
    assert "第三个月起没有了。" in saved.text


async def test_a_form_sent_twice_is_one_case(hall: TownHall) -> None:
    browser = await at_page(hall, "village-clerk")
    form = await browser.open("/cases/new")
    first = await browser.submit(form, "/cases/new", **TYPED)
    again = await browser.submit(form, "/cases/new", **TYPED)
    assert first.answer.url.path == again.answer.url.path
    assert (await browser.open("/cases")).answer.text.count('class="case-name"') == 1


@pytest.mark.clause("NX-08", part="the page offers a no only with a report, and its approval to somebody else")
async def test_a_case_is_declined_by_two_people_at_the_page(hall: TownHall) -> None:
    clerk, leader = await at_page(hall, "village-clerk"), await at_page(hall, "village-leader")
    path = await registered(clerk)
    page = await clerk.open(path)
    assert f"{path}/approve-decline" not in page.forms
    assert "批准不予受理 您的岗位不能做这一步。由值班长、总协调人或领导来做；本站没有这个岗位时，请上报。" in page.text
    empty = await clerk.submit(page, f"{path}/propose-decline", ground="", explanation="已经起诉，由法院处理")
    assert empty.status == 422
    assert empty.forms[f"{path}/propose-decline"].values["explanation"] == "已经起诉，由法院处理"
    proposed = await clerk.submit(empty, f"{path}/propose-decline", ground="litigation_or_petition")
    assert "拟不予受理" in proposed.text
    assert "否定答复报告，等待批准" in proposed.text
    approved = await leader.submit(await leader.open(path), f"{path}/approve-decline")
    assert "已保存：批准不予受理" in approved.text
    assert "已不予受理" in approved.text


async def test_a_command_on_an_old_page_is_refused_and_what_was_typed_stays(hall: TownHall) -> None:
    clerk, leader = await at_page(hall, "village-clerk"), await at_page(hall, "village-leader")
    path = await registered(clerk)
    old = await clerk.open(path)
    await leader.submit(await leader.open(path), f"{path}/accept")
    late = await clerk.submit(old, f"{path}/escalate", reason="村里解决不了，要镇里协调")
    assert late.status == 412
    assert "您打开之后，别人已经改动过这个案件。" in late.text
    assert late.forms[f"{path}/escalate"].values["reason"] == "村里解决不了，要镇里协调"
    done = await clerk.submit(late, f"{path}/escalate")
    assert "已保存：上报" in done.text
    note = await clerk.submit(old, f"{path}/add-note", text="当事人又来过")
    assert "请承办单位记入的" in note.text


async def test_the_page_renews_itself_only_when_something_changed(hall: TownHall) -> None:
    clerk, leader = await at_page(hall, "village-clerk"), await at_page(hall, "village-leader")
    path = await registered(clerk)
    page = await clerk.open(path)
    live = page.answer.text.split('hx-get="')[1].split('"')[0].replace("&amp;", "&")
    assert (await clerk.client.get(live)).status_code == 204
    await leader.submit(await leader.open(path), f"{path}/accept")
    renewed = await clerk.client.get(live)
    assert renewed.status_code == 200
    assert "案件有了新的记录。" in renewed.text
    assert "已受理" in renewed.text
    rows = (await clerk.open("/cases")).answer.text.split('hx-get="')[1].split('"')[0].replace("&amp;", "&")
    assert (await clerk.client.get(rows)).status_code == 204
    await leader.submit(await leader.open(path), f"{path}/escalate", reason="村里解决不了")
    assert "本单位现在没有承办的案件。" in (await clerk.client.get(rows)).text


async def test_why_a_date_and_who_did_what_are_told_across_units(hall: TownHall) -> None:
    village, town = await at_page(hall, "village-clerk"), await at_page(hall, "town-clerk")
    path = await registered(village)
    await village.submit(await village.open(path), f"{path}/escalate", reason="村里解决不了")
    page = await town.open(path)
    for said in (
        "为什么是这一天？", "2026-03-05 周四", "第 3 天", "起始日，不计", "群众答复期限", "第 1 段", "甲村站",
        "测试village-clerk", "已上报", "村里解决不了", "第 2 段", "甲镇中心", "已签收", "系统", "今天 2026-03-02 10:00",
        "还剩 5 个工作日",
    ):  # fmt: skip
        assert said in page.text, said


async def test_lists_page_by_key_and_filter_and_search(hall: TownHall) -> None:
    caller = await hall.signed_in("hall-clerk")
    for number in range(35):
        await caller.register(title=f"公交站点第{number:02d}件")
    await caller.must(await caller.register(title="已受理的一件"), "accept")
    browser = await at_page(hall, "hall-clerk")
    seen: list[str] = []
    path: str | None = "/cases?tab=all"
    while path is not None:
        page = await browser.open(path)
        rows = page.answer.text.split('class="case-name"')[1:]
        seen += [row.split('">')[1].split("<")[0] for row in rows]
        more = page.answer.text.split('class="button" href="')
        path = more[1].split('"')[0].replace("&amp;", "&") if len(more) > 1 else None
    assert len(seen) == len(set(seen)) == 36
    assert (await browser.open("/cases?tab=held&stage=accepted")).answer.text.count('class="case-name"') == 1
    assert (await browser.open("/cases?tab=closed")).answer.text.count('class="case-name"') == 0
    assert (await browser.open("/cases/search?q=站点")).answer.text.count('class="case-name"') == 30
    short = await browser.open("/cases/search?q=站")
    assert (short.status, "搜索内容太短" in short.text) == (422, True)
    assert (await browser.open("/cases?tab=all&after=garbage")).status == 422


@pytest.mark.clause("U-04", part="no county reaches another's cases by any page")
async def test_pages_of_another_county_are_not_there(hall: TownHall) -> None:
    ours, theirs = await at_page(hall, "hall-coordinator"), await at_page(hall, "hall-coordinator", PANAN)
    path = await registered(ours)
    await (await hall.signed_in("hall-clerk", PANAN)).post("/cases", panan_body(title="磐安的事"))
    token = (await theirs.open("/links")).forms["/sign-out"].values["csrf"]
    answers = [await theirs.client.get(path + inner) for inner in ("", "/live")]
    for spec in CASE_COMMANDS.values():
        form = {**minimal_body(spec), "csrf": token, "key": "k", "version": "0" * 64}
        answers.append(await theirs.client.post(f"{path}/{spec.name}", data=form))
    for answer in answers:
        assert answer.status_code == 404
        assert "周某某" not in answer.text
    assert "磐安的事" in (await theirs.open("/cases?tab=all")).text
    assert "磐安的事" not in (await ours.open("/cases?tab=all")).text
    assert "磐安县" in (await theirs.open("/cases")).text


async def test_english_pages_say_nothing_in_chinese_but_what_people_wrote(hall: TownHall) -> None:
    browser = await at_page(hall, "village-leader", language="en")
    path = await registered(browser)
    await browser.submit(await browser.open(path), f"{path}/pause", reason="waiting_for_papers", until="2026-03-06")
    await browser.submit(await browser.open(path), f"{path}/escalate", reason="村里解决不了")
    await browser.submit(await browser.open(path), f"{path}/add-note", text="当事人又来过")
    pages = [path, "/cases", "/cases?tab=all", "/cases?tab=closed", "/cases/alerts", "/cases/search?q=补贴", "/links"]
    pages += ["/cases/missing", "/cases/missing?step=answer"]
    written = [*TYPED.values(), "第三个月起没有了。", "只领了两个月。", "村里解决不了", "当事人又来过", "补贴"]
    named = ["区中心", "甲镇中心", "甲村站", "乙村站", "丙村站", "测试", "中文", "办成"]
    for each in (*pages, "/cases/new", "/no-such-page"):
        text = (await browser.open(each)).text
        for known in (*written, *named):
            text = text.replace(known, "")
        assert re.findall("[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]+", text) == [], each
    for said in ("What can be done now", "Why this date?", "Hand-over", "Registered", "Sign out"):
        assert said in (await browser.open(path)).text
    chosen = await browser.client.get("/language/zh", headers={"Referer": f"http://window.test{path}"})
    assert chosen.headers["location"].startswith(path)
    assert "现在可以做什么" in (await browser.open(path)).text


async def test_whoever_may_not_register_is_not_offered_it(hall: TownHall) -> None:
    browser = await at_page(hall, "hall-supervisor")
    assert "/cases/new" not in (await browser.open("/cases")).answer.text
    refused = await browser.open("/cases/new")
    assert (refused.status, "您的岗位不能做这一步。" in refused.text) == (403, True)


@pytest.mark.clause("PA-02", part="the registration form asks for the ground")
async def test_the_ground_must_be_chosen_where_the_tenant_wants_it(hall: TownHall) -> None:
    html = (await (await at_page(hall, "hall-clerk", PANAN)).open("/cases/new")).answer.text
    assert re.search(r'<select[^>]*name="ground"[^>]*required', html)
    assert 'name="ground"' not in (await (await at_page(hall, "hall-clerk")).open("/cases/new")).answer.text


async def test_errors_are_pages_with_a_way_on_and_files_are_ours(hall: TownHall) -> None:
    browser = await at_page(hall, "hall-clerk")
    nowhere = await browser.open("/no-such-page")
    assert (nowhere.status, "没有这个页面" in nowhere.text) == (404, True)
    assert "回到首页" in nowhere.text
    assert "去登录" in (await Browser(hall.client()).open("/no-such-page")).text
    page = await browser.open("/cases")
    policy = page.answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert page.answer.headers["cache-control"] == "no-store"
    for name, kind in (("style.css", "text/css"), ("htmx.min.js", "javascript"), ("icon.svg", "svg")):
        answer = await browser.client.get(f"/static/{name}")
        assert answer.status_code == 200
        assert kind in answer.headers["content-type"]
    assert (await browser.client.get("/static/../window.py")).status_code == 404


async def test_links_are_told_with_their_reasons(hall: TownHall) -> None:
    stopped = LinkStatus(
        peer="below", is_parent=False, state="stopped", reason="link.equivocation", detail="", connected=True,
        oldest_unreceipted_at=None, receipted_number=3, out_number=9, in_number=4,
        heard_at=datetime(2026, 3, 2, 1, 7, tzinfo=UTC),
    )  # fmt: skip
    hall.links.append(stopped)
    page = await (await at_page(hall, "hall-clerk")).open("/links")
    facts = ("等待回执 6", "最近听到对方 2026-03-02 09:07")
    for said in ("下级 · 村社 · 丙村站", "已停", text_for("link.equivocation", "zh").message, *facts):
        assert said in page.text, said
    hall.links[0] = msgspec.structs.replace(stopped, heard_at=None)
    assert "最近听到对方 从未听到" in (await (await at_page(hall, "hall-clerk")).open("/links")).text
