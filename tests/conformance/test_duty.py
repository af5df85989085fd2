"""Who acts: the clerk on duty, the duty leader who is called, and B for A (NX-07, PZ-02, PA-R7)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.conformance.hall import NEIXIANG, PANAN, PANZHIHUA, XIAOSHAN
from tests.window.browsing import at_page

if TYPE_CHECKING:
    from tests.conformance.hall import Desk, OpenHall

TODAY, TOMORROW, SUNDAY = "2026-03-02", "2026-03-03", "2026-03-08"
CLERK, DEPUTY, LEADER = "s-top-clerk", "s-top-deputy", "s-top-leader"


async def planned(desk: Desk, path: str, **body: Any) -> dict[str, Any]:
    answer = await desk.post(path, body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = (await desk.get("/duty")).json()
    return found


async def registered_by(desk: Desk) -> dict[str, Any]:
    entry = await desk.last(await desk.bring(), "Registered")
    assert entry["type"] == "Registered"
    return entry


@pytest.mark.clause("NX-07")
async def test_the_clerk_on_duty_takes_it_in_and_who_else_does_is_recorded(open_hall: OpenHall) -> None:
    clerk, deputy = await open_hall.at(NEIXIANG, "top-clerk"), await open_hall.at(NEIXIANG, "top-deputy")
    before = (await registered_by(clerk))["details"]
    assert (before["on_duty"], before["was_on_duty"]) == ("", None)
    leader = await open_hall.at(NEIXIANG, "top-leader")
    await planned(leader, "/duty", staff=CLERK, duty="clerk", day=TODAY)
    taken = await registered_by(clerk)
    assert (taken["details"]["on_duty"], taken["details"]["was_on_duty"]) == ("测试top-clerk", True)
    assert taken["actor"]["name"] == "测试top-clerk"
    form = await clerk.get(f"/cases/{await clerk.bring()}/forms/registration")
    assert form.status_code == 200
    assert "测试top-clerk" in form.text
    other = (await registered_by(deputy))["details"]
    assert (other["on_duty"], other["was_on_duty"]) == ("测试top-clerk", False)
    await planned(leader, "/duty/remove", number=1)
    assert (await clerk.last(await clerk.bring(), "Registered"))["details"]["was_on_duty"] is None


@pytest.mark.clause("NX-07", part="the day of duty is the day of domain time")
async def test_a_weekly_duty_and_single_days_follow_the_date_of_the_place(open_hall: OpenHall) -> None:
    clerk, leader = await open_hall.at(NEIXIANG, "top-clerk"), await open_hall.at(NEIXIANG, "top-leader")
    week = await planned(leader, "/duty", staff=CLERK, duty="clerk", weekday=1)
    assert [each["clerks"] != [] for each in week["days"]] == [True, False, False, False, False, False, False]
    open_hall.now += timedelta(days=1)
    assert (await registered_by(clerk))["details"]["was_on_duty"] is None
    open_hall.now += timedelta(days=6)
    assert (await registered_by(clerk))["details"]["was_on_duty"] is True


@pytest.mark.clause("PZ-02")
async def test_officers_are_named_and_the_duty_leader_is_called_at_once(open_hall: OpenHall) -> None:
    clerk, leader = await open_hall.at(PANZHIHUA, "top-clerk"), await open_hall.at(PANZHIHUA, "top-leader")
    await planned(leader, "/duty", staff=LEADER, duty="duty_leader", day=TODAY, phone="00088880000")
    case_id = await clerk.accepted()
    week = (await clerk.get("/duty")).json()
    assert week["days"][0]["duty_leaders"] == [
        {"staff": LEADER, "name": "测试top-leader", "stands_in_for": "", "phone": "00088880000"}
    ]
    await clerk.must(case_id, "call-duty-leader", reason="当事人已经跑了三趟，需要拍板")
    called = await clerk.last(case_id, "DutyLeaderCalled")
    assert (called["details"]["called"], called["details"]["reason"]) == (
        "测试top-leader", "当事人已经跑了三趟，需要拍板",
    )  # fmt: skip
    assert called["actor"]["name"] == "测试top-clerk"
    assert (await clerk.case(case_id))["record"]["officer"]["name"] == "测试top-clerk"
    open_hall.now += timedelta(days=1)
    await clerk.must(case_id, "call-duty-leader", reason="第二天没有人值班")
    assert (await clerk.last(case_id, "DutyLeaderCalled"))["details"]["called"] == ""


@pytest.mark.clause("PZ-02", part="the clock's own call names the leader on duty that day, too")
async def test_who_is_called_by_the_clock_is_on_duty_that_day(open_hall: OpenHall) -> None:
    clerk, leader = await open_hall.at(PANZHIHUA, "top-clerk"), await open_hall.at(PANZHIHUA, "top-leader")
    case_id = await clerk.accepted()
    person = next(each for each in (await clerk.case(case_id))["clocks"] if each["name"] == "person")
    await planned(leader, "/duty", staff=LEADER, duty="duty_leader", day=person["due_day"])
    await open_hall.pass_until(datetime.fromisoformat(person["due_at"]), PANZHIHUA)
    entry = await clerk.last(case_id, "DutyLeaderCalled")
    assert (entry["details"]["called"], entry["details"]["reason"], entry["by_system"]) == (
        "测试top-leader", "deadline:person", True,
    )  # fmt: skip


@pytest.mark.clause("PA-R7")
async def test_b_holds_the_duties_of_a_who_is_away_and_every_act_says_so(open_hall: OpenHall) -> None:
    clerk, deputy = await open_hall.at(PANAN, "top-clerk"), await open_hall.at(PANAN, "top-deputy")
    leader = await open_hall.at(PANAN, "top-leader")
    case_id = await clerk.accepted()
    await planned(leader, "/duty", staff=CLERK, duty="clerk", day=TODAY)
    await planned(leader, "/duty/posts", post="难事专窗", a_staff=CLERK, b_staff=DEPUTY)
    await deputy.must(case_id, "add-note", note_kind="progress", text="A 岗在岗，只是搭把手")
    assert "stands_in_for" not in (await deputy.last(case_id, "NoteAdded"))["actor"]
    week = await planned(leader, "/duty/absences", staff=CLERK, first_day=TODAY, last_day=TODAY)
    assert [each["name"] for each in week["days"][0]["clerks"]] == ["测试top-deputy"]
    await deputy.must(case_id, "give-answer", text="材料已转交")
    acted = (await deputy.last(case_id, "AnswerGiven"))["actor"]
    assert (acted["name"], acted["stands_in_for"]) == ("测试top-deputy", "测试top-clerk")
    taken = await registered_by(deputy)
    assert (taken["details"]["on_duty"], taken["details"]["was_on_duty"]) == ("测试top-deputy（代测试top-clerk）", True)
    browser = await at_page(open_hall, "top-deputy", PANAN)
    assert "测试top-deputy（代测试top-clerk）" in (await browser.open(f"/cases/{case_id}")).text
    open_hall.now += timedelta(days=1)
    await deputy.must(case_id, "add-note", note_kind="progress", text="A 岗回来了")
    assert "stands_in_for" not in (await deputy.last(case_id, "NoteAdded"))["actor"]


async def test_last_week_is_copied_without_days_off_and_gaps_are_listed(open_hall: OpenHall) -> None:
    leader = await open_hall.at(PANZHIHUA, "top-leader")
    for day in (TODAY, TOMORROW, SUNDAY):
        await planned(leader, "/duty", staff=CLERK, duty="clerk", day=day)
    week = await planned(leader, "/duty/copy-week", week="2026-03-10")
    assert [each["day"] for each in week["entries"]] == [TODAY, TOMORROW, SUNDAY, "2026-03-09", "2026-03-10"]
    gaps = {each["day"] for each in week["gaps"] if each["duty"] == "clerk"}
    assert gaps == {"2026-03-04", "2026-03-05", "2026-03-06", "2026-03-11", "2026-03-12", "2026-03-13"}
    again = await leader.post("/duty/copy-week", {"week": "2026-03-10"})
    assert (again.status_code, again.json()["code"]) == (422, "duty.nothing_to_copy")


@pytest.mark.parametrize(
    ("path", "body", "code", "field"),
    [
        ("/duty", {"staff": "nobody", "duty": "clerk", "day": TODAY}, "duty.unknown_staff", "staff"),
        ("/duty", {"staff": "s-top-supervisor", "duty": "clerk", "day": TODAY}, "duty.not_their_role", "staff"),
        ("/duty", {"staff": CLERK, "duty": "clerk"}, "duty.day_or_weekday", "day"),
        ("/duty", {"staff": CLERK, "duty": "clerk", "day": "2026-03-01"}, "duty.in_the_past", "day"),
        ("/duty", {"staff": CLERK, "duty": "clerk", "day": TODAY, "last_day": TODAY}, "duty.last_day", "last_day"),
        ("/duty", {"staff": CLERK, "duty": "clerk", "weekday": 8}, "api.too_great", "weekday"),
        ("/duty/remove", {"number": 7}, "duty.not_on_roster", "number"),
        ("/duty/copy-week", {"week": "2026-02-01"}, "duty.in_the_past", "week"),
        ("/duty/posts", {"post": "专窗", "a_staff": CLERK, "b_staff": CLERK}, "duty.same_person", "b_staff"),
        ("/duty/posts", {"post": "专窗", "a_staff": LEADER, "b_staff": CLERK}, "duty.b_lacks_a_role", "b_staff"),
        ("/duty/posts/remove", {"post": "专窗"}, "duty.not_on_roster", "post"),
        (
            "/duty/absences", {"staff": CLERK, "first_day": TOMORROW, "last_day": TODAY}, "duty.ends_before",
            "last_day",
        ),
        ("/duty/absences/remove", {"number": 7}, "duty.not_on_roster", "number"),
    ],
)  # fmt: skip
async def test_what_does_not_fit_the_roster_is_refused_with_its_field(
    open_hall: OpenHall, path: str, body: dict[str, Any], code: str, field: str
) -> None:
    answer = await (await open_hall.at(PANZHIHUA, "top-leader")).post(path, body)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, code, field)


async def test_a_roster_is_its_units_own_and_changed_by_who_leads_it(open_hall: OpenHall) -> None:
    leader = await open_hall.at(XIAOSHAN, "middle-leader")
    await planned(leader, "/duty", staff="s-middle-clerk", duty="clerk", day=TODAY)
    for login in ("middle-clerk", "middle-supervisor"):
        refused = await (await open_hall.at(XIAOSHAN, login)).post(
            "/duty", {"staff": "s-middle-clerk", "duty": "clerk", "day": TOMORROW}
        )
        assert (refused.status_code, refused.json()["code"]) == (403, "register.forbidden")
    above = await open_hall.at(XIAOSHAN, "top-leader")
    assert (await above.get("/duty")).json()["entries"] == []
    stranger = await above.post("/duty", {"staff": "s-middle-clerk", "duty": "clerk", "day": TODAY})
    assert stranger.json()["code"] == "duty.unknown_staff"


@pytest.mark.clause("PZ-02", part="the roster at its page, and who is on duty on the pages of the window")
async def test_the_roster_is_kept_at_its_page_and_shown_where_people_work(open_hall: OpenHall) -> None:
    leader = await at_page(open_hall, "top-leader", PANZHIHUA)
    page = await leader.open("/registers/duty")
    assert "窗口没有人值班" in page.text
    done = await leader.submit(page, "/registers/duty/add-duty", staff=CLERK, duty_kind="clerk", day=TODAY)
    done = await leader.submit(done, "/registers/duty/add-duty", staff=LEADER, duty_kind="duty_leader", weekday="1")
    done = await leader.submit(done, "/registers/duty/pair-post", post="专窗", a_staff=CLERK, b_staff=DEPUTY)
    assert done.status == 200
    refused = await leader.submit(done, "/registers/duty/add-duty", staff=CLERK, duty_kind="clerk", day="2026-02-02")
    assert refused.status == 422
    assert "这一天已经过了" in refused.text
    away = await leader.submit(done, "/registers/duty/record-absence", staff=CLERK, first_day=TODAY, last_day=TODAY)
    assert "测试top-deputy（代测试top-clerk）" in away.text
    clerk = await at_page(open_hall, "top-clerk", PANZHIHUA)
    for path in ("/cases", "/cases/new"):
        shown = (await clerk.open(path)).text
        assert "今天窗口值班：测试top-deputy（代测试top-clerk）" in shown
        assert "值班长：测试top-leader" in shown
    assert "您不在今天的值班表上" in (await clerk.open("/cases/new")).text
    assert not [form for form in (await clerk.open("/registers/duty")).forms if form.startswith("/registers/duty/")]
