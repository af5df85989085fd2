"""Every row of the sources' clocks, compared with the profiles: who owes what, from when, in how many working days.

The rows are written here again by hand from the five documents, so that neither can change alone.
"""

from __future__ import annotations

import pytest

from bancheng.kernel.profile import Profile
from bancheng.profiles.loader import shipped_profile

PANAN, PANZHIHUA, NEIXIANG, SHANTING, XIAOSHAN = "330727", "510400", "411325", "370406", "330109"

AnswerRow = tuple[str, int, str, str]
StepRow = tuple[str, str, str, int | None, str]

ANSWERS: dict[str, list[AnswerRow]] = {
    PANAN: [
        ("一般事项", 2, "report_by", "window"),
        ("复杂事项", 5, "report_by", "window"),
        ("特殊事项", 10, "report_by", "window"),
    ],
    PANZHIHUA: [
        ("简单问题", 0, "resolve_by", "window"),
        ("一般问题", 2, "resolve_by", "office"),
        ("复杂问题", 5, "report_by", "office"),
    ],
    NEIXIANG: [
        ("简单问题", 0, "resolve_by", "window"),
        ("复杂问题", 5, "resolve_by", "window"),
        ("特殊情况", 7, "resolve_by", "office"),
        ("难点问题", 7, "report_by", "leader"),
        ("完全不能办理", 3, "resolve_by", "window"),
    ],
    SHANTING: [
        ("简单事项", 0, "resolve_by", "window"),
        ("一般事项", 2, "resolve_by", "department"),
        ("复杂事项", 5, "report_by", "lead_department"),
    ],
}
"""Type, working days from registration, what is due then, whose it is."""

STEPS: dict[str, list[StepRow]] = {
    PANAN: [
        ("file_to_working_group", "clerk", "signed", 1, "规则第十条"),
        ("consultation", "working_group", "file_submitted", 2, "规则第十一条"),
        ("ordinary_result", "department", "step:consultation_held", 5, "规则第十三条"),
        ("papers_to_joint_meeting", "working_group", "step:consultation_held", 1, "规则第十四条"),
        ("joint_meeting", "coordinator", "step:papers_to_joint_meeting", 3, "规则第十五"),
        ("roadmap", "lead_department", "step:joint_meeting_held", 2, "规则第十九条"),
        ("minutes", "working_group", "step:roadmap_listed", None, "规则第十九条"),
        ("result_reported", "department", "step:department_finished", 1, "规则第二十一条"),
        ("consent_of_absentee", "department", "step:absent_from_joint_visit", None, "规则第二十三条"),
    ],
    PANZHIHUA: [("to_right_body", "window", "step:found_not_of_this_level", None, "二(四)")],
    NEIXIANG: [
        ("feasibility", "window", "registered", 3, "方案四(三)"),
        ("first_feedback", "department", "ordered", 3, "附件2第四条"),
        ("upward_at_once", "office", "step:found_beyond_centre", 0, "方案四(五)"),
        ("answer_of_leading_group", "leader", "reported_outside", None, "附件2第四条"),
    ],
    SHANTING: [("to_right_body", "window", "step:found_not_of_this_level", None, "方案三(三)")],
    XIAOSHAN: [],
}
"""Obligation, owner, counted from, working days, section."""


def steps(profile: Profile) -> list[StepRow]:
    return [(each.key, each.owner, each.after, each.workdays, each.source) for each in profile.obligations]


@pytest.mark.parametrize("code", ANSWERS)
@pytest.mark.clause("PA-05", "PZ-09", "NX-04", "NX-10", "ST-04", part="the limits, as the documents have them")
def test_the_person_is_answered_within_the_limits_of_the_document(code: str) -> None:
    profile = shipped_profile(code)
    rows = [(each.name.zh, each.answer_workdays, each.nature, each.owner) for each in profile.case_types]
    assert rows == ANSWERS[code]


@pytest.mark.parametrize("code", STEPS)
def test_every_step_that_the_document_wants_is_owed_by_whom_it_names(code: str) -> None:
    found = steps(shipped_profile(code))
    assert [row[:4] for row in found] == [row[:4] for row in STEPS[code]]
    for (*_, source), (*_, section) in zip(found, STEPS[code], strict=True):
        assert source.startswith(section)


@pytest.mark.parametrize("code", STEPS)
def test_every_owner_is_said_in_words(code: str) -> None:
    assert not [each.key for each in shipped_profile(code).obligations if each.owner_name is None]


def test_panans_steps_apply_to_the_types_that_the_rules_name() -> None:
    types = {each.key: each.case_types for each in shipped_profile(PANAN).obligations}
    assert types["ordinary_result"] == ("ordinary",)
    for key in ("papers_to_joint_meeting", "joint_meeting", "roadmap", "minutes"):
        assert types[key] == ("complex", "special")


@pytest.mark.parametrize(
    ("code", "key", "workdays", "is_zero_report"),
    [(PANAN, "zero_report", None, True), (PANZHIHUA, "work_report", 2, False)],
)
def test_what_is_reported_each_month_has_the_day_that_the_document_gives(
    code: str, key: str, workdays: int | None, is_zero_report: bool
) -> None:
    report = next(each for each in shipped_profile(code).reports if each.key == key)
    assert (report.every, report.workday, report.is_zero_report) == ("month", workdays, is_zero_report)


def test_no_hour_of_xiaoshan_is_its_sources_but_the_monthly_meeting_is() -> None:
    profile = shipped_profile(XIAOSHAN)
    assert {"case_types", "tiers.county.hold_workdays", "tiers.town.hold_workdays"} <= set(profile.own_choices)
    monthly = [each.name.zh for each in profile.meetings if each.every == "month"]
    assert monthly == ["“办不成事”反映窗口月度联席会议"]


def test_a_timed_climb_is_off_where_every_level_keeps_its_own() -> None:
    profile = shipped_profile(PANZHIHUA)
    assert [tier.hold_workdays for tier in profile.tiers] == [None, None, None]
    assert not [rung for rung in profile.ladder if rung.action == "climb"]


@pytest.mark.clause("NX-03", part="the levels and where each type begins")
def test_neixiangs_levels_rise_from_the_third_to_the_first() -> None:
    profile = shipped_profile(NEIXIANG)
    assert [level.key for level in profile.levels] == ["level_3", "level_2", "level_1"]
    assert {each.key: each.level for each in profile.case_types} == {
        "simple": "level_3",
        "complex": "level_2",
        "special": "level_1",
        "difficult": "level_1",
        "barred": "level_3",
    }


@pytest.mark.clause("NX-04", part="being told by day 3 is apart from being solved by day 5")
def test_what_is_told_by_day_three_and_solved_by_day_five_are_two_limits() -> None:
    profile = shipped_profile(NEIXIANG)
    told, solved = profile.obligation("feasibility"), profile.case_type("complex")
    assert told is not None
    assert solved is not None
    assert (told.workdays, told.nature, told.case_types) == (3, "report_by", ())
    assert (solved.answer_workdays, solved.nature) == (5, "resolve_by")


@pytest.mark.clause("ST-15", part="the ten columns of the ledger")
def test_shantings_ledger_has_the_ten_columns_of_annex_three() -> None:
    ledger = shipped_profile(SHANTING).form("ledger")
    assert ledger is not None
    assert [field.name.zh for field in ledger.fields] == [
        "编号", "反映人", "联系电话", "反映事项", "受理时间", "问题类型及办理时限", "承办单位", "办理结果",
        "实际办结时间",
        "备注",
    ]  # fmt: skip


@pytest.mark.clause("ST-15", part="the fields of the acceptance form and the transfer order")
def test_shantings_acceptance_form_and_transfer_order_are_those_of_the_annexes() -> None:
    profile = shipped_profile(SHANTING)
    acceptance, order = profile.form("acceptance"), profile.form("transfer_order")
    assert acceptance is not None
    assert order is not None
    assert [field.name.zh.split("（", maxsplit=1)[0] for field in acceptance.fields] == [
        "编号", "反映人姓名", "联系电话", "受理人员", "受理时间", "问题类型", "“办不成事”情况记录",
        "“办不成事”窗口处理意见",
        "当场答复情况", "转办部门", "备注",
    ]  # fmt: skip
    assert [field.name.zh.split("（", maxsplit=1)[0] for field in order.fields] == [
        "编号", "反映人姓名", "联系电话", "承办单位", "承办人", "问题类型", "“办不成事”情况记录",
        "办理要求", "其他办理要求",
        "结果反馈", "结果反馈区政务服务中心时间", "备注",
    ]  # fmt: skip


@pytest.mark.clause("NX-13", part="the fields of the registration form")
def test_neixiangs_registration_form_has_the_fields_of_annex_three() -> None:
    form = shipped_profile(NEIXIANG).form("registration")
    assert form is not None
    assert [field.name.zh for field in form.fields] == [
        "事项编号", "办理对象姓名", "联系电话", "受理人员", "受理时间", "“办不成事”情况记录", "办理对象确认（签字）",
        "办理对象确认（日期）", "责任窗口（单位）回复、处理情况", "经办人员签字", "日期",
    ]  # fmt: skip
