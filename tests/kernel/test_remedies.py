"""What is done about a matter, by hand-worked examples: pursuit, orders, papers, a no, many persons, fault, contacts.

March 2026 has no holiday: Monday 2 March is MONDAY, every weekday counts.
"""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from bancheng.kernel import commands as c
from bancheng.kernel.profile import Profile
from bancheng.kernel.record import Officer
from bancheng.schema import events as e
from bancheng.schema.clocks import PERSON, PURSUIT
from tests.kernel.entries import ATTACH, PAPER
from tests.kernel.tenant import CENTRE, DEPARTMENT, DESK_TWO, HALL, PROFILE, STATION, TOWN, VILLAGE
from tests.kernel.world import DAY, MONDAY, REGISTER, Story, clerk, names, registered

PROGRESS = c.GiveAnswer(text="正在核实，因需调档尚未办结", answer_kind="progress")
TOLD = c.GiveAnswer(text="已恢复发放")
NO = c.ProposeResult(outcome="cannot_be_done", answer="政策不允许")
SOLVED = c.ProposeResult(outcome="solved", answer="已补发")


def _accepted(case_type: str = "complex", unit: str = CENTRE, profile: Profile = PROFILE) -> Story:
    story = registered(unit, case_type=case_type, profile=profile)
    story.do(c.Accept())
    return story


# -- progress, then pursued


@pytest.mark.clause(
    "PZ-09", part="progress with reasons meets the limit, and the person is told again until it is done"
)
@pytest.mark.clause("ST-04", part="progress with reasons, then followed until done")
def test_progress_meets_the_limit_and_is_pursued_until_the_final_answer() -> None:
    story = _accepted("special")
    story.do(PROGRESS)
    pursuit = story.state.clocks[PURSUIT]
    # Told on Monday 2 March: to be told again within five working days, by Monday 9 March.
    assert (story.state.clocks[PERSON].state, pursuit.due_day) == ("stopped", date(2026, 3, 9))
    story.now += 4 * DAY
    story.do(PROGRESS)
    # Told on Friday 6 March: the next time is Friday 13 March.
    assert story.state.clocks[PURSUIT].due_day == date(2026, 3, 13)
    story.now += 10 * DAY
    passed = [event for event in story.tick() if isinstance(event, e.DeadlinePassed)]
    assert [(event.clock, event.owner) for event in passed] == [(PURSUIT, CENTRE)]
    story.receive()
    story.do(TOLD)
    assert story.state.clocks[PURSUIT].state == "stopped"
    assert story.refusal(PROGRESS) == "answer.already_final"


def test_progress_is_no_answer_where_the_matter_is_to_be_resolved() -> None:
    assert _accepted("complex").refusal(PROGRESS) == "answer.progress_not_enough"


def test_progress_told_to_one_of_several_moves_no_limit() -> None:
    story = _accepted("special")
    story.do(c.AddJointPerson(name="吴某", phone="000-5678"))
    story.do(replace(PROGRESS, person_number=1))
    assert story.state.clocks[PERSON].state == "running"
    assert PURSUIT not in story.state.clocks
    assert story.state.progress_told_at is None


# -- orders


def _ordered(limit_workdays: int | None = None, case_type: str = "special", profile: Profile = PROFILE) -> Story:
    story = _accepted(case_type, profile=profile)
    story.do(c.IssueOrder(to_unit=DEPARTMENT, request="请核实停发原因", limit_workdays=limit_workdays))
    return story


@pytest.mark.clause("ST-04", part="an order has the limit of its type, and may set its own")
def test_an_order_has_the_limit_of_the_type_unless_it_sets_its_own() -> None:
    assert _ordered().state.clocks["order:1"].due_day == date(2026, 3, 9)
    own = _ordered(2).state.clocks["order:1"]
    assert (own.due_day, own.owner) == (date(2026, 3, 4), DEPARTMENT)
    without = _accepted("complex")
    assert without.refusal(c.IssueOrder(to_unit=DEPARTMENT, request="请核实")) == "order.limit_missing"
    assert without.refusal(c.IssueOrder(to_unit=STATION, request="请核实")) == "order.not_a_department"


@pytest.mark.clause("ST-04", part="a department's progress is followed until it is done")
def test_progress_on_an_order_that_wants_progress_starts_its_limit_again() -> None:
    types = tuple(replace(each, order_nature="report_by") for each in PROFILE.case_types)
    story = _ordered(profile=replace(PROFILE, case_types=types))
    story.now += 2 * DAY
    said = c.AnswerOrder(number=1, reply="progress", text="正在核实", said_by="李四", said_how="phone")
    story.do(said)
    # Reported on Wednesday 4 March: five working days more, until Wednesday 11 March.
    clock = story.state.clocks["order:1"]
    assert (clock.due_day, clock.nature, clock.owner) == (date(2026, 3, 11), "report_by", DEPARTMENT)
    story.do(replace(said, reply="result", text="已补发"))
    assert story.state.clocks["order:1"].state == "stopped"
    order = story.state.record.orders[0]
    assert (order.answer, order.is_done) == ("已补发", True)


def test_progress_on_an_order_that_wants_the_thing_done_leaves_its_limit() -> None:
    story = _ordered()
    before = story.state.clocks["order:1"]
    story.do(c.AnswerOrder(number=1, reply="progress", text="正在核实", said_by="李四", said_how="paper"))
    assert story.state.clocks["order:1"] == before


def test_a_department_answers_its_own_order_and_no_other_unit_does() -> None:
    story = _ordered()
    answer = c.AnswerOrder(number=1, reply="result", text="已补发")
    assert story.refusal(answer, unit=DESK_TWO) == "case.not_holder"
    assert story.refusal(answer) == "order.who_said_it"
    story.do(answer, unit=DEPARTMENT)
    assert story.state.record.orders[0].is_done


def test_an_order_that_passes_is_the_departments_also_when_the_case_has_moved_on() -> None:
    story = _ordered(1)
    story.climb()
    story.now += 2 * DAY
    passed = [event for event in story.tick() if isinstance(event, e.DeadlinePassed)]
    assert [(event.clock, event.owner) for event in passed] == [("order:1", DEPARTMENT)]


# -- papers and other bodies


@pytest.mark.clause(
    "PA-R24", part="accepted with a paper missing: it has a day, is recorded as late, and is ticked off"
)
def test_a_missing_paper_is_chased_until_it_comes() -> None:
    story = registered(CENTRE)
    story.do(c.RequirePaper(name="户口簿复印件", due_on=date(2026, 3, 3)))
    story.do(c.Accept())
    assert story.state.clocks["paper:1"].due_day == date(2026, 3, 3)
    story.now += DAY + DAY / 2
    assert "paper:1" in [event.clock for event in story.tick() if isinstance(event, e.DeadlinePassed)]
    story.do(ATTACH)
    story.do(c.RecordRequiredPaper(number=1, paper=PAPER))
    missing = story.state.record.required_papers[0]
    assert (missing.came_at, missing.paper) == (story.now, PAPER)
    assert story.state.clocks["paper:1"].state == "stopped"


def test_the_day_of_a_missing_paper_is_a_working_day_to_come() -> None:
    story = registered(CENTRE)
    for day in (date(2026, 3, 1), date(2026, 3, 2), date(2029, 3, 2)):
        assert story.refusal(c.RequirePaper(name="户口簿", due_on=day)) == "paper.due_out_of_range"
    required = story.do(c.RequirePaper(name="户口簿", due_on=date(2026, 3, 8)))[0]
    assert isinstance(required, e.PaperRequired)
    # A Sunday is nobody's day: the Friday before it.
    assert required.due_on == date(2026, 3, 6)


@pytest.mark.clause("PA-R25", part="no limit waits for a department that entrusted nothing, only for the person")
def test_no_limit_waits_for_a_department_that_entrusted_nothing() -> None:
    story = _accepted("special")
    procedure = c.Pause(reason="procedure", until=date(2026, 3, 9))
    story.do(c.IssueOrder(to_unit=DEPARTMENT, request="请核实"))
    assert story.refusal(procedure) == "pause.liaison_is_the_windows"
    story.do(c.Pause(reason="waiting_for_papers", until=date(2026, 3, 9)))
    story.do(c.Resume())
    story.do(c.AnswerOrder(number=1, reply="result", text="已核实", said_by="李某", said_how="phone"))
    assert isinstance(story.do(procedure)[0], e.Paused)


@pytest.mark.clause("PZ-09", part="handed to the right body with a helper, and tracked until it is done")
def test_a_matter_with_another_body_is_asked_after_until_it_is_done() -> None:
    story = _accepted()
    story.do(c.PassToBody(body="某市社会保障局", helper="王五", reason="不属本级"))
    assert story.state.clocks["body:1"].due_day == date(2026, 3, 9)
    story.now += DAY
    story.do(c.RecordBodyReply(number=1, text="正在办理", done=False))
    assert story.state.clocks["body:1"].due_day == date(2026, 3, 10)
    story.do(c.RecordBodyReply(number=1, text="已办结", done=True))
    assert story.state.clocks["body:1"].state == "stopped"


# -- a no


@pytest.mark.clause("NX-08", part="a no is told only after somebody else approved it")
def test_a_no_is_told_after_somebody_else_approved_it() -> None:
    story = _accepted()
    story.do(TOLD)
    story.now += DAY
    story.do(NO)
    assert story.refusal(c.GiveAnswer(text="政策不允许")) == "answer.no_needs_approval"
    assert story.refusal(c.VerifyResult()) == "approval.own_request"
    story.do(c.VerifyResult(), staff="leader")
    # What was said before the no was approved is not the no.
    assert story.refusal(c.Revisit(satisfied=True, rating=4)) == "result.no_not_told"
    story.do(c.GiveAnswer(text="政策不允许"))
    story.do(c.Revisit(satisfied=True, rating=4))
    story.do(c.StrikeOff())
    assert (story.state.outcome, story.state.answer) == ("cannot_be_done", "政策不允许")


@pytest.mark.clause("PZ-05", part="a no needs its cause by code, where the rules say so")
@pytest.mark.clause("PZ-08", part="a no needs the offer of aid before it, where the rules say so")
def test_a_no_needs_its_cause_and_the_offer_of_aid() -> None:
    profile = replace(PROFILE, negative_needs_cause=True, negative_needs_aid_offer=True)
    story = _accepted(profile=profile)
    assert story.refusal(NO) == "result.cause_missing"
    story.do(c.CodeCause(cause="papers_incomplete"))
    assert story.refusal(NO) == "result.aid_not_offered"
    story.do(c.OfferAid(programme="low_income"))
    story.do(NO)
    assert (story.state.record.causes, story.state.record.aid[0].programme) == (("papers_incomplete",), "low_income")


# -- many persons, fault


@pytest.mark.clause("PA-10", part="everybody who brought the matter is answered in every round before it is struck off")
def test_everybody_who_joined_is_answered_in_every_round() -> None:
    story = _accepted()
    story.do(TOLD)
    story.do(c.AddJointPerson(name="吴某", phone="000-5678"))
    for command in (SOLVED, c.VerifyResult()):
        story.do(command)
    assert story.refusal(c.Revisit(satisfied=True, rating=5)) == "result.joint_person_not_answered"
    story.do(c.GiveAnswer(text="已恢复发放", person_number=1))
    story.do(c.Revisit(satisfied=False, rating=1, comment="又停发了"))
    assert story.state.record.joint_persons[0].answered_at is None
    for command in (TOLD, SOLVED, c.VerifyResult(), c.Revisit(satisfied=True, rating=5), c.StrikeOff()):
        story.do(command)
    assert story.state.stage == "struck_off"


@pytest.mark.clause("PZ-11", part="the department's answer and what the person was told stand side by side")
def test_a_fault_keeps_both_texts_as_they_were_also_in_another_round() -> None:
    story = _ordered()
    fault = c.AttributeFault(side="window", order_number=1, opinion="未如实转告")
    assert story.refusal(fault) == "fault.nobody_was_told"
    story.do(c.AnswerOrder(number=1, reply="result", text="可以补发", said_by="李四", said_how="phone"))
    for command in (c.GiveAnswer(text="不能补发"), SOLVED, c.VerifyResult()):
        story.do(command)
    story.do(c.Revisit(satisfied=False, rating=1, comment="部门说可以"))
    # The next result is proposed and not told yet: what the person heard is still the first answer.
    story.do(c.ProposeResult(outcome="solved", answer="已经补发"))
    attributed = story.do(fault)[0]
    assert isinstance(attributed, e.FaultAttributed)
    assert (attributed.department_text, attributed.told_text, attributed.unit) == ("可以补发", "不能补发", CENTRE)
    story.do(c.GiveAnswer(text="已经补发"))
    kept = story.state.record.faults[0]
    assert (kept.department_text, kept.told_text) == ("可以补发", "不能补发")


# -- who follows the case


@pytest.mark.clause(
    "NX-16", part="who took the matter in stays the person's contact, and handing that over is recorded"
)
@pytest.mark.clause("PZ-02", part="the window's own officer stays the person's contact wherever the case goes")
def test_the_contact_stays_and_each_holder_has_somebody_once_they_act() -> None:
    story = registered(STATION)
    contact = Officer(staff="clerk", name="张三", unit=STATION)
    assert story.state.record.officer == contact
    story.climb()
    assert (story.state.record.officer, story.state.record.handler) == (contact, None)
    story.do(c.Accept(), staff="townsman")
    assert story.state.record.handler == Officer(staff="townsman", name="张三", unit=CENTRE)
    story.do(c.HandOverDuty(to_staff="heir", to_name="李四", reason="下班"))
    assert story.state.record.handler == Officer(staff="heir", name="李四", unit=CENTRE)
    assert story.refusal(c.HandOverDuty(to_staff="heir", to_name="李四", reason="下班")) == "duty.already_theirs"
    story.do(c.Return(reason="不属本级"))
    story.receive()
    assert (story.state.record.officer, story.state.record.handler) == (contact, None)
    story.do(c.HandOverDuty(to_staff="sister", to_name="王五", reason="下班"))
    assert story.state.record.officer == Officer(staff="sister", name="王五", unit=STATION)


@pytest.mark.clause("XS-14", part="who supervises urges, and nothing of the case changes")
def test_urging_changes_nothing_but_that_it_was_urged() -> None:
    story = _accepted()
    before = story.state
    story.do(c.Urge(text="请尽快组织会诊", wants="consultation"), unit=DESK_TWO)
    assert replace(story.state, head=before.head, record=before.record) == before
    assert replace(story.state.record, urged=0) == before.record
    assert story.refusal(c.Urge(text="请尽快办理"), VILLAGE) == "case.not_holder"


# -- conduct, import, levels


@pytest.mark.clause("XS-04", part="no way leads to the unit complained of: not up, not down, not back, not by order")
def test_a_conduct_case_stays_away_from_the_unit_complained_of() -> None:
    story = Story()
    about = replace(REGISTER, kind="conduct", complained_unit=CENTRE)
    story.do(about, VILLAGE)
    assert story.state.is_restricted
    climbed = story.do(c.Escalate(reason="本级解决不了"))[-1]
    assert isinstance(climbed, e.Escalated)
    assert climbed.grant.unit == HALL
    story.receive()
    assert story.refusal(c.HandDown(to_unit=CENTRE, reason="由镇里办理")) == "conduct.unit_complained_of"
    assert story.refusal(c.TakeBack(reason="收回"), TOWN) == "handover.not_above_holder"
    order = c.IssueOrder(to_unit=DEPARTMENT, request="请说明", limit_workdays=2)
    story.do(order)
    own = Story()
    own.do(replace(about, unit=CENTRE, complained_unit=DEPARTMENT), TOWN)
    assert own.refusal(order) == "conduct.unit_complained_of"
    refused = replace(about, unit=CENTRE)
    assert Story().refusal(refused, TOWN) == "conduct.unit_complained_of"
    assert Story().refusal(replace(about, complained_unit=""), VILLAGE) == "conduct.unit_missing"


def test_a_case_about_the_top_unit_is_reported_outside() -> None:
    story = Story()
    story.do(replace(REGISTER, unit=CENTRE, kind="conduct", complained_unit=HALL), TOWN)
    assert names(story.do(c.Escalate(reason="本级解决不了"))) == ["ReportedOutside"]


@pytest.mark.clause("NX-03", part="the level is raised one by one, by hand or by the type, and every step is on record")
def test_a_harder_type_raises_the_level_step_by_step() -> None:
    types = tuple(replace(each, level="two" if each.key == "special" else "") for each in PROFILE.case_types)
    story = _accepted(profile=replace(PROFILE, case_types=types))
    assert story.refusal(c.RaiseLevel(level="two", reason="复杂")) == "level.not_the_next"
    raised = story.do(c.Classify(kind="allowance", case_type="special"))[1:]
    assert [event.level for event in raised if isinstance(event, e.LevelRaised)] == ["three", "two"]
    assert names(story.do(c.Classify(kind="allowance", case_type="complex"))) == ["Classified"]
    assert story.state.record.level == "two"


# -- late


@pytest.mark.parametrize(
    ("event", "answer", "decides"),
    [
        (
            e.OrderAnswered(at=MONDAY, actor=clerk(DEPARTMENT), number=1, reply="result", text="可以补发"),
            "可以补发",
            True,
        ),
        (
            e.OrderAnswered(at=MONDAY, actor=clerk(DEPARTMENT), number=1, reply="progress", text="核实中"),
            "核实中",
            False,
        ),
        (e.BodyReplied(at=MONDAY, actor=clerk(CENTRE), number=1, text="已办结", done=True), "已办结", True),
        (e.JointPersonAdded(at=MONDAY, actor=clerk(CENTRE), person=e.Person(name="吴某")), "", True),
        (
            e.AnswerGiven(
                at=MONDAY, actor=clerk(CENTRE), text="正在办理", channel="phone", answer_kind="progress", clocks=()
            ),
            "",
            True,
        ),
        (e.CauseCoded(at=MONDAY, actor=clerk(CENTRE), cause="papers_incomplete"), "", False),
    ],
)
def test_what_comes_late_is_decided_on_where_it_could_matter(event: e.CaseEvent, answer: str, *, decides: bool) -> None:
    story = registered(STATION)
    story.climb()
    filed = story.tick(c.FileLateEntry(event_hash=b"x" * 32, author=VILLAGE, event=event))[0]
    assert isinstance(filed, e.LateEntryFiled)
    assert (filed.answer, filed.decides) == (answer, decides)


def test_a_late_progress_answer_is_never_adopted_as_the_final_one() -> None:
    story = registered(STATION, case_type="special")
    story.climb()
    told = e.AnswerGiven(
        at=MONDAY, actor=clerk(STATION), text="正在办理", channel="phone", answer_kind="progress", clocks=()
    )
    story.tick(c.FileLateEntry(event_hash=b"x" * 32, author=VILLAGE, event=told))
    story.do(c.AdoptLateOutcome(event_hash=(b"x" * 32).hex()))
    assert (story.state.answered_at, story.state.clocks[PERSON].state) == (None, "running")
