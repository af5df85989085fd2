"""What somebody asks for who does not hold the case: the holder enters it as their deed, once, or says why not."""

from __future__ import annotations

from datetime import UTC
from typing import Any, get_args
from uuid import UUID

import msgspec
import pytest
from msgspec.structs import replace

from bancheng.kernel import commands as c
from bancheng.kernel.asking import Ask, AskedCommand, decode_ask, encode_ask
from bancheng.kernel.decide import decide_asked
from bancheng.kernel.history import replay
from bancheng.kernel.rejected import Rejected
from bancheng.schema import events as e
from bancheng.schema.events import Actor
from tests.kernel.branches import healed, known_everywhere, refusal
from tests.kernel.oracle import assert_agreement
from tests.kernel.sites import Network
from tests.kernel.tenant import CENTRE, COUNTY, DEPARTMENT, DESK_TWO, HALL, STATION, TOWN, UNIT_OF, VILLAGE
from tests.kernel.world import CASE_ID, MONDAY, Story, clerk, registered, system

NOTE = c.AddNote(note_kind="supplement", text="本人补交材料")
PHONE = c.CorrectPerson(phone="000-4321", reason="登记时记错一位")
UP = c.Escalate(reason="本级解决不了")
OF_A_DEPARTMENT: tuple[AskedCommand, ...] = (
    c.AnswerOrder(number=1, reply="progress", text="已补发"),
    c.IssueGuidance(department=DEPARTMENT, documents="身份证、残疾证"),
    c.RecordStep(step="consultation", note="已到现场"),
)


def ask(
    command: AskedCommand | None, actor: Actor | None = None, *, number: int = 1, site: str = VILLAGE
) -> c.AnswerAsk:
    question = Ask(at=MONDAY, actor=actor or clerk(STATION), ask_id=UUID(int=number), case_id=CASE_ID, command=command)
    return c.AnswerAsk(ask=question, ask_hash=bytes([number]) * 32, asked_site=site)


def climbed() -> Story:
    """Registered in the village, held by the town."""
    story = registered(STATION)
    story.climb()
    return story


def refused_with(story: Story, command: c.AnswerAsk) -> tuple[str, dict[str, str | int]]:
    (event,) = story.tick(command)
    assert isinstance(event, e.AskRefused)
    assert (event.ask_id, event.asked_site) == (command.ask.ask_id, command.asked_site)
    return event.code, event.parameters


@pytest.mark.clause("PZ-01", part="who faces the person corrects its data while another level holds the case")
def test_who_registered_asks_for_a_correction_and_it_is_entered_as_their_deed() -> None:
    story = climbed()
    corrected, accepted = story.tick(ask(PHONE))
    assert isinstance(corrected, e.PersonCorrected)
    assert (corrected.actor, corrected.at) == (clerk(STATION), story.now)
    assert isinstance(accepted, e.AskAccepted)
    assert (accepted.actor, accepted.asked_by, accepted.asked) == (system(CENTRE), clerk(STATION), "CorrectPerson")
    assert story.state.person.phone == "000-4321"
    assert story.tick(ask(PHONE)) == (), "the same ask again"
    again = ask(PHONE, number=2)
    assert refused_with(story, again) == ("person.nothing_to_correct", {})
    assert story.tick(again) == ()
    assert replay(story.entries) == story.state
    assert story.state.answered_asks == (UUID(int=1), UUID(int=2))


def test_an_ask_gives_nobody_more_than_they_may_do_at_the_holders_own_site() -> None:
    story = climbed()
    story.climb()
    assert refused_with(story, ask(PHONE, clerk(CENTRE), site=TOWN)) == ("case.not_holder", {"unit": HALL})
    assert refused_with(story, ask(OF_A_DEPARTMENT[2], number=2)) == ("case.not_holder", {"unit": HALL})
    for number, actor in enumerate((clerk(HALL), clerk(CENTRE), clerk("unknown"), system(STATION), system(HALL)), 3):
        assert refused_with(story, ask(PHONE, actor, number=number)) == ("ask.not_their_unit", {"unit": actor.unit})
    assert story.state.person.phone == "000-1234"


def test_what_is_closed_is_refused_with_its_stage_and_what_no_release_here_knows_is_refused_too() -> None:
    story = climbed()
    assert refused_with(story, ask(None)) == ("ask.unreadable", {})
    story.do(c.Withdraw(reason="本人要求"))
    for number, command in enumerate((NOTE, PHONE), 2):
        assert refused_with(story, ask(command, number=number)) == ("case.closed", {"stage": "withdrawn"})


@pytest.mark.clause("PZ-01", part="a department at another site than the holder acts in the case by its own account")
@pytest.mark.parametrize("command", OF_A_DEPARTMENT, ids=lambda each: type(each).__name__)
def test_a_department_at_another_site_acts_for_itself_in_a_case_that_the_county_holds(command: AskedCommand) -> None:
    story = climbed()
    story.climb()
    story.do(c.IssueOrder(to_unit=DEPARTMENT, request="请核实停发原因", limit_workdays=2))
    officer = clerk(DEPARTMENT, "officer")
    assert story.refusal(command, TOWN, unit=DEPARTMENT) == "case.not_holder"
    done, accepted, *obligations = story.tick(ask(command, officer, site=TOWN))
    assert (done.actor, done.at) == (officer, story.now)
    assert isinstance(accepted, e.AskAccepted)
    assert all(isinstance(each, e.ObligationsMoved) for each in obligations)
    other = ask(command, clerk(DESK_TWO), number=2, site=TOWN)
    assert refused_with(story, other) == ("case.not_holder", {"unit": HALL})


def test_who_asks_is_told_at_once_what_the_holder_would_say_by_what_is_known_here() -> None:
    story = climbed()

    def told(command: AskedCommand, actor: Actor) -> str:
        with pytest.raises(Rejected) as refused:
            decide_asked(command, story.state, story.context(VILLAGE, actor))
        return refused.value.code

    (event,) = decide_asked(PHONE, story.state, story.context(VILLAGE, clerk(STATION)))
    assert isinstance(event, e.PersonCorrected)
    assert told(c.CorrectPerson(phone="000-1234", reason="核对"), clerk(STATION)) == "person.nothing_to_correct"
    assert told(PHONE, clerk(DESK_TWO)) == "case.not_holder"
    story.do(UP)
    assert decide_asked(PHONE, story.state, story.context(VILLAGE, clerk(STATION))), "on its way: asked all the same"


def test_an_ask_for_a_case_on_its_way_is_answered_by_whoever_receives_it() -> None:
    network = Network()
    case_id = known_everywhere(network)
    network.give(VILLAGE, case_id, UP)
    assert refusal(network, VILLAGE, case_id, ask(NOTE)) == "case.in_transit"
    network.carry_all()
    by_clock = system(UNIT_OF[TOWN])
    note, accepted = network.give(TOWN, case_id, ask(NOTE), by_clock)
    assert isinstance(note, e.NoteAdded)
    assert (note.actor.unit, note.text) == (STATION, "本人补交材料")
    assert isinstance(accepted, e.AskAccepted)
    assert network.give(TOWN, case_id, ask(NOTE), by_clock) == ()
    assert healed(network, case_id).answered_asks == (UUID(int=1),)


def test_two_who_take_themselves_for_the_holder_answer_the_same_ask_and_one_answer_stands() -> None:
    network = Network()
    case_id = known_everywhere(network)
    network.give(VILLAGE, case_id, UP)
    network.carry_all()
    network.cut_link(TOWN, COUNTY)
    network.pass_time(14, COUNTY)
    for site in (TOWN, COUNTY):
        assert network.case(site, case_id) is not None
        assert network.give(site, case_id, ask(PHONE), system(UNIT_OF[site]))
    case = healed(network, case_id)
    assert case.holder_site == COUNTY
    assert (case.answered_asks, case.person.phone) == ((UUID(int=1),), "000-4321")
    assert_agreement(network)


def wire(**fields: Any) -> bytes:
    envelope = {
        "at": "2026-03-02T02:00:00Z", "actor": {"staff": "clerk", "name": "张三", "unit": STATION},
        "ask_id": str(UUID(int=1)), "case_id": str(CASE_ID),
    }  # fmt: skip
    return msgspec.json.encode({**envelope, **fields})


def test_a_note_travels_as_it_did_when_it_was_all_that_could_be_asked_for() -> None:
    expected = wire(type="AddNote", note_kind="supplement", text="本人补交材料")
    question = ask(NOTE).ask
    assert decode_ask(expected) == question
    sent = encode_ask(replace(question, at=MONDAY.astimezone(UTC)))
    assert msgspec.json.decode(sent) == msgspec.json.decode(expected)


@pytest.mark.parametrize("command", [NOTE, PHONE, *OF_A_DEPARTMENT], ids=lambda each: type(each).__name__)
def test_every_command_that_can_be_asked_for_arrives_as_it_was_sent(command: AskedCommand) -> None:
    question = ask(command, Actor(staff="s", name="李四", unit=STATION, stands_in_for="王五")).ask
    assert decode_ask(encode_ask(question)) == question
    own = set(msgspec.structs.asdict(question)) - {"command"}
    for kind in get_args(AskedCommand):
        assert not own & set(kind.__struct_fields__), "its fields stand beside those of the ask"


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "Withdraw", "reason": "本人要求"},
        {"type": "SomethingOfLater", "what": 3},
        {"type": "AddNote", "text": ""},
        {"type": "CorrectPerson", "phone": "0" * 33, "reason": "错"},
        {"type": "CorrectPerson", "phone": 3, "reason": "错"},
        {"text": "没有说要做什么"},
    ],
)
def test_what_cannot_be_asked_for_is_still_an_ask_that_is_answered(fields: dict[str, Any]) -> None:
    question = decode_ask(wire(**fields))
    assert (question.ask_id, question.command, question.asked) == (UUID(int=1), None, "")
    with pytest.raises(msgspec.MsgspecError):
        decode_ask(msgspec.json.encode(fields))


def test_answers_that_were_stored_when_only_notes_could_be_asked_for_are_read() -> None:
    envelope = {"at": "2026-03-02T02:00:00Z", "actor": {"staff": "system", "name": "系统", "unit": CENTRE}}
    answer = {"ask_id": str(UUID(int=1)), "ask_hash": "aGFzaA==", "asked_site": VILLAGE}
    accepted = {
        "type": "AskAccepted", **envelope, **answer, "note_kind": "supplement", "text": "本人补交材料",
        "asked_by": {"staff": "clerk", "name": "张三", "unit": STATION},
    }  # fmt: skip
    refused = {"type": "AskRefused", **envelope, **answer, "code": "case.closed", "reason": "archived"}
    one, two = (e.decode_event(msgspec.json.encode(each)) for each in (accepted, refused))
    assert isinstance(one, e.AskAccepted)
    assert (one.asked, one.text) == ("AddNote", "本人补交材料")
    assert isinstance(two, e.AskRefused)
    assert (two.asked, two.code, two.reason, two.parameters) == ("AddNote", "case.closed", "archived", {})
    # The other way round: whoever knew only notes wants these fields of an answer, and finds them.
    story = climbed()
    _, answered = story.tick(ask(PHONE))
    assert {"note_kind", "text"} <= set(msgspec.json.decode(e.encode_event(answered)))
