"""Five jurisdictions on the same three services at once, each by its own rules, from its lowest window to the end.

One case of each goes all the way over real links. Days are counted from the tenant's own calendar: the clock of the
system is shared with the other tests of this folder and stands wherever they left it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

import pytest

from bancheng.kernel.dues import due_after
from tests.support.api import Client, Refused, RegisteredCase
from tests.support.five_households import CITY_COUNTY, CITY_TOWN, DEPARTMENT, NEIXIANG, PANZHIHUA, SHANTING
from tests.support.oracle import judge
from tests.support.papers import png, sha256_of
from tests.support.system import System
from tests.support.tenants import (
    COUNTY,
    PANAN,
    PANAN_COUNTY,
    PANAN_TOWN,
    TOWN,
    VILLAGE,
    XIAOSHAN,
    calendar,
)  # fmt: skip

CLERKS = {
    XIAOSHAN: ("village-clerk", "town-clerk", "county-clerk"),
    PANAN: ("panan-town-clerk", "panan-clerk"),
    PANZHIHUA: ("town-clerk", "county-clerk", "city-clerk"),
    NEIXIANG: ("county-clerk",),
    SHANTING: ("county-clerk",),
}
"""One at each window of the chain, the lowest first."""
Desk = Callable[[str, str], Client]
"""Somebody of a tenant, by their login."""


@pytest.fixture(scope="module")
def desk(system: System) -> Desk:
    """Everybody signs in once."""
    return cache(system.client)


def clocks(client: Client, case_id: UUID) -> dict[str, Any]:
    """Those that run, by name."""
    return {each["name"]: each for each in client.case(case_id)["clocks"] if each["state"] == "running"}


def due(client: Client, case_id: UUID, clock: str) -> date:
    return date.fromisoformat(clocks(client, case_id)[clock]["due_day"])


def workdays(system: System, count: int) -> date:
    """That many working days from now."""
    return due_after(calendar(), system.clock.now(), count).due_day


def today(system: System) -> str:
    return f"{calendar().local_day(system.clock.now()):%Y%m%d}"


def story(client: Client, case_id: UUID) -> list[tuple[str, str]]:
    """Hash and type of every entry of the main line."""
    return [(entry["hash"], entry["type"]) for entry in client.history(case_id)["main"]]


def finished(holder: Client, checker: Client, case_id: UUID, *, answer: str, rating: int = 5) -> None:
    """Answered, proposed, verified by somebody else, revisited, struck off."""
    holder.give(case_id, "give-answer", {"text": answer})
    holder.give(case_id, "propose-result", {"outcome": "solved", "answer": answer})
    checker.give(case_id, "verify-result")
    holder.give(case_id, "revisit", {"satisfied": True, "rating": rating, "channel": "phone"})
    holder.give(case_id, "strike-off")


def ordered(window: Client, officer: Client, case_id: UUID, unit: str, **more: Any) -> None:
    """A department is asked, and answers at a desk of its own."""
    window.give(case_id, "issue-order", {"to_unit": unit, "request": "请核实并反馈", **more})
    number = max(each["number"] for each in window.case(case_id)["record"]["orders"])
    officer.give(case_id, "answer-order", {"number": number, "reply": "result", "text": "已核实，可以办"})


def all_see(system: System, desk: Desk, tenant: str, case_id: UUID, **expected: Any) -> None:
    """Every window of the chain comes to the same history; no other tenant's at any service knows the case."""
    chain = [desk(tenant, login) for login in CLERKS[tenant]]
    for client in chain:
        client.wait_for_case(case_id, **expected)
    histories = [story(client, case_id) for client in chain]
    assert all(each == histories[0] for each in histories)
    for other, logins in CLERKS.items():
        for stranger in (desk(other, login) for login in logins if other != tenant):
            assert str(case_id) not in {each["case_id"] for each in stranger.get("/cases", limit=100)["cases"]}
            for path in (f"/cases/{case_id}", f"/cases/{case_id}/history"):
                with pytest.raises(Refused) as refused:
                    stranger.get(path)
                assert refused.value.status == 404
            with pytest.raises(Refused) as refused:
                stranger.give(case_id, "add-note", {"text": "不该写得进"})
            assert refused.value.status == 404


def xiaoshan(system: System, desk: Desk) -> RegisteredCase:
    """A village's visit; what it cannot do climbs by itself; the town and the district consult."""
    village, town, county = (desk(XIAOSHAN, login) for login in CLERKS[XIAOSHAN])
    made = village.register(title="土地流转费没有发", channel="visit")
    case_id = made.case_id
    assert re.fullmatch(rf"{VILLAGE}-{today(system)}-\d{{3}}", made.number)
    village.give(case_id, "accept")
    assert [kind for _, kind in story(village, case_id)] == ["Registered", "Accepted", "Sealed"]
    person = workdays(system, 10)
    assert (due(village, case_id, "person"), due(village, case_id, "holder")) == (person, workdays(system, 3))
    system.clock.advance_to(datetime.fromisoformat(clocks(village, case_id)["holder"]["due_at"]))

    town.wait_for_case(case_id, holder_unit=TOWN, in_transit_to=None)
    assert (due(town, case_id, "person"), due(town, case_id, "holder")) == (person, workdays(system, 5))
    ordered(town, desk(XIAOSHAN, "town-officer"), case_id, TOWN + DEPARTMENT, limit_workdays=2)
    town.give(case_id, "record-step", {"step": "consultation_held"})
    town.give(case_id, "escalate", {"reason": "账在区里，镇里会诊后仍办不了"})

    county.wait_for_case(case_id, holder_unit=COUNTY, in_transit_to=None)
    ordered(county, desk(XIAOSHAN, "county-officer"), case_id, COUNTY + DEPARTMENT, limit_workdays=2)
    county.give(case_id, "record-step", {"step": "cause_sought"})
    county.give(case_id, "code-cause", {"cause": "across_places_or_departments"})
    finished(county, desk(XIAOSHAN, "county-coordinator"), case_id, answer="已补发到卡")
    all_see(system, desk, XIAOSHAN, case_id, stage="struck_off")
    assert [kind for _, kind in story(village, case_id)].count("Escalated") == 2
    return made


def panan(system: System, desk: Desk) -> RegisteredCase:
    """A town's enterprise: its file, then the county's 会商, joint meeting, roadmap; five days to a word."""
    town, county = (desk(PANAN, login) for login in CLERKS[PANAN])
    made = town.register(title="厂房验收卡住", kind="joint_inspection", ground="leader_assigned", case_type="complex")
    case_id = made.case_id
    assert re.fullmatch(rf"{PANAN_TOWN}-{today(system)}-\d{{3}}", made.number)
    town.give(case_id, "accept")
    assert due(town, case_id, "person") == workdays(system, 5)
    scan = png(seed=330727, size=400_000)
    town.attach(case_id, scan)
    town.give(case_id, "sign-form", {"method": "paper", "signer": "测试甲", "paper": sha256_of(scan)})
    assert due(town, case_id, "step:file_to_working_group") == workdays(system, 1)
    town.give(case_id, "submit-file")
    assert due(town, case_id, "step:consultation") == workdays(system, 2)
    person = due(town, case_id, "person")
    system.clock.advance_to(datetime.fromisoformat(clocks(town, case_id)["holder"]["due_at"]))

    county.wait_for_case(case_id, holder_unit=PANAN_COUNTY, in_transit_to=None)
    assert due(county, case_id, "person") == person, "never reset by a hand-over"
    assert county.wait_for_paper(case_id, sha256_of(scan)) == scan
    limits = {"papers_to_joint_meeting": 1, "joint_meeting": 3, "roadmap": 2}
    for step, owed in (
        ("consultation_held", "papers_to_joint_meeting"),
        ("papers_to_joint_meeting", "joint_meeting"),
        ("joint_meeting_held", "roadmap"),
    ):
        county.give(case_id, "record-step", {"step": step})
        assert due(county, case_id, f"step:{owed}") == workdays(system, limits[owed])
    county.give(case_id, "record-step", {"step": "roadmap_listed"})
    ordered(county, desk(PANAN, "panan-officer"), case_id, PANAN_COUNTY + DEPARTMENT)
    finished(county, desk(PANAN, "panan-coordinator"), case_id, answer="已组织联合验收")
    all_see(system, desk, PANAN, case_id, stage="struck_off")
    return made


def panzhihua(system: System, desk: Desk) -> RegisteredCase:
    """City, county and town at one case; no clock takes it from where it is. The chief settles it by a policy tool."""
    town, county, city = (desk(PANZHIHUA, login) for login in CLERKS[PANZHIHUA])
    made = town.register(title="资质证明办不下来", person={"name": "测试丙", "phone": "00012345678"})
    case_id = made.case_id
    assert re.fullmatch(rf"{CITY_TOWN}-{today(system)}-\d{{3}}", made.number)
    town.give(case_id, "accept")
    assert due(town, case_id, "person") == workdays(system, 2)
    assert "holder" not in clocks(town, case_id), "how long a level keeps a case is not limited here"
    town.give(case_id, "escalate", {"reason": "乡里没有权限"})
    county.wait_for_case(case_id, holder_unit=CITY_COUNTY, in_transit_to=None)
    county.give(case_id, "escalate", {"reason": "要市里的部门一起办"})

    city.wait_for_case(case_id, holder_unit=PANZHIHUA, in_transit_to=None)
    ordered(city, desk(PANZHIHUA, "officer"), case_id, PANZHIHUA + DEPARTMENT)
    chief = desk(PANZHIHUA, "city-leader")
    chief.give(case_id, "use-policy-tool", {"tool": "commitment_certificates", "basis": "告知承诺目录第三项"})
    city.give(case_id, "hand-down", {"to_unit": CITY_COUNTY, "reason": "由县里发证"})

    county.wait_for_case(case_id, holder_unit=CITY_COUNTY, in_transit_to=None)
    assert county.case(case_id)["record"]["policy_tools"] == ["commitment_certificates"]
    finished(county, desk(PANZHIHUA, "county-leader"), case_id, answer="凭承诺先发证")
    all_see(system, desk, PANZHIHUA, case_id, stage="struck_off")
    return made


def neixiang(system: System, desk: Desk) -> RegisteredCase:
    """The hall's numbering; told by day three, solved by day five; the department's first word three days after."""
    clerk, leader, officer = (desk(NEIXIANG, login) for login in ("county-clerk", "county-leader", "officer"))
    made = clerk.register(title="开业许可跑了四趟")
    case_id = made.case_id
    assert re.fullmatch(rf"{today(system)}\d{{2}}", made.number)
    clerk.give(case_id, "accept")
    assert (due(clerk, case_id, "step:feasibility"), due(clerk, case_id, "person")) == (
        workdays(system, 3),
        workdays(system, 5),
    )
    clerk.give(case_id, "record-step", {"step": "taken_to_zone"})
    clerk.give(case_id, "record-step", {"step": "feasibility_told", "note": "能办"})
    clerk.give(case_id, "raise-level", {"level": "level_1", "reason": "两个部门互为前置"})
    clerk.give(case_id, "issue-order", {"to_unit": NEIXIANG + DEPARTMENT, "request": "请先收件"})
    assert due(clerk, case_id, "step:first_feedback") == workdays(system, 3)
    officer.give(case_id, "answer-order", {"number": 1, "reply": "progress", "text": "已收件"})
    assert "step:first_feedback" not in clocks(clerk, case_id)
    clerk.give(case_id, "escalate", {"reason": "中心协调不了"})
    clerk.give(case_id, "record-outside-reply", {"text": "领导小组同意并联办理"})
    officer.give(case_id, "answer-order", {"number": 1, "reply": "result", "text": "已发证"})
    finished(clerk, leader, case_id, answer="许可已发")
    all_see(system, desk, NEIXIANG, case_id, stage="struck_off")
    return made


def shanting(system: System, desk: Desk) -> RegisteredCase:
    """By phone; several departments: progress in five days, more time with approval, a helper to another body."""
    clerk, leader, chief = (desk(SHANTING, login) for login in ("county-clerk", "county-leader", "county-chief"))
    made = clerk.register(title="异地参保转不过来", channel="phone", case_type="complex")
    case_id = made.case_id
    assert re.fullmatch(rf"{today(system)}-\d{{3}}", made.number)
    clerk.give(case_id, "accept")
    assert due(clerk, case_id, "person") == workdays(system, 5)
    clerk.give(case_id, "issue-order", {"to_unit": SHANTING + DEPARTMENT, "request": "牵头办理", "limit_workdays": 3})
    assert due(clerk, case_id, "order:1") == workdays(system, 3)
    with pytest.raises(Refused) as refused:
        leader.give(case_id, "approve-extension")
    assert refused.value.code == "api.forbidden", "the leader of the window may not, here"
    clerk.give(case_id, "request-extension", {"clock": "person", "workdays": 2, "reason": "等转出地盖章"})
    chief.give(case_id, "approve-extension")
    assert due(clerk, case_id, "person") == workdays(system, 7)
    kept = clerk.history(case_id)["main"][-1]
    assert (kept["type"], kept["actor"]["name"]) == ("ExtensionApproved", "测试county-chief")
    assert kept["details"]["old_due_at"] < kept["details"]["new_due_at"]
    clerk.give(case_id, "record-step", {"step": "found_not_of_this_level"})
    helper = {"body": "邻区政务服务中心", "helper": "帮办员吴某", "reason": "参保地在邻区", "limit_workdays": 2}
    clerk.give(case_id, "pass-to-body", helper)
    assert due(clerk, case_id, "body:1") == workdays(system, 2), "followed, not gone"
    clerk.give(case_id, "record-body-reply", {"number": 1, "text": "已转出", "done": True})
    desk(SHANTING, "officer").give(case_id, "answer-order", {"number": 1, "reply": "result", "text": "已转入"})
    finished(clerk, leader, case_id, answer="已转入本区", rating=4)
    all_see(system, desk, SHANTING, case_id, stage="struck_off")
    return made


def judged(system: System, tenant: str, *cases: RegisteredCase) -> None:
    """Quiet, and then everything that the oracle asks of all five."""
    directories = {of: founded.directory for of, founded in system.founded.items()}
    judge(system.quiesce(), directories, registered={tenant: [each.case_id for each in cases]})


@pytest.mark.clause("XS-02")
@pytest.mark.clause("XS-05")
def test_what_a_village_of_xiaoshan_collects_is_consulted_on_above_and_seen_below(system: System, desk: Desk) -> None:
    judged(system, XIAOSHAN, xiaoshan(system, desk))


@pytest.mark.clause("PA-R10")
@pytest.mark.clause("PA-R11", part="the limits of file and consultation, from a town's file on")
def test_a_town_of_panan_files_and_the_county_consults_meets_and_lists_the_roadmap(system: System, desk: Desk) -> None:
    judged(system, PANAN, panan(system, desk))


@pytest.mark.clause("PZ-01")
def test_city_county_and_town_of_panzhihua_act_on_one_case(system: System, desk: Desk) -> None:
    judged(system, PANZHIHUA, panzhihua(system, desk))


@pytest.mark.clause("NX-04")
def test_the_hall_of_neixiang_tells_by_day_three_and_reports_upward(system: System, desk: Desk) -> None:
    judged(system, NEIXIANG, neixiang(system, desk))


@pytest.mark.clause("ST-05")
@pytest.mark.clause("ST-06")
def test_the_hall_of_shanting_extends_with_approval_and_sends_a_helper(system: System, desk: Desk) -> None:
    judged(system, SHANTING, shanting(system, desk))


@pytest.mark.clause("U-04")
def test_two_tenants_at_work_at_the_same_time_know_nothing_of_one_another(system: System, desk: Desk) -> None:
    """Three levels of one and the only hall of the other, on the same county service, request by request."""
    for login in CLERKS[PANZHIHUA]:
        desk(PANZHIHUA, login)
    with ThreadPoolExecutor(max_workers=2) as at_once:
        running = [at_once.submit(walk, system, desk) for walk in (panzhihua, neixiang)]
        made = [each.result() for each in running]
    assert made[0].case_id != made[1].case_id
    judged(system, PANZHIHUA, made[0])
    judged(system, NEIXIANG, made[1])
