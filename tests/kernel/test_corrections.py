"""What was mistyped of the person is put right by an entry, and nothing that was entered is altered."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from bancheng.kernel import commands as c
from bancheng.kernel.audience import audience_of
from bancheng.kernel.history import replay
from bancheng.schema import events as e
from tests.kernel.entries import ATTACH, SIGN
from tests.kernel.tenant import CENTRE, DEPARTMENT, DESK_TWO, STATION, TOWN, VILLAGE
from tests.kernel.world import REGISTER, Story, clerk, registered

MISTYPED = c.CorrectPerson(name="吴某", phone="000-1234", address="甲村 1 号", reason="听错了姓")


@pytest.mark.clause("ST-02", part="a correction of the person is an entry that keeps what was entered before")
def test_the_fields_that_differ_are_corrected_and_the_earlier_entries_stay() -> None:
    story = registered()
    first = story.entries[0]
    (event,) = story.do(MISTYPED)
    assert isinstance(event, e.PersonCorrected)
    assert event.corrections == (
        e.Correction(field="name", was="周某", now="吴某"),
        e.Correction(field="address", was="", now="甲村 1 号"),
    )
    assert story.state.person == e.Person(name="吴某", phone="000-1234", address="甲村 1 号")
    assert story.entries[0] == first
    assert isinstance(first.event, e.Registered)
    assert first.event.person.name == "周某"
    story.do(c.CorrectPerson(phone="", reason="电话是别人的"))
    assert story.state.person == e.Person(name="吴某", address="甲村 1 号")
    assert replay(story.entries) == story.state


def test_what_differs_in_nothing_or_makes_two_of_one_person_is_refused() -> None:
    story = registered()
    same = c.CorrectPerson(name="周某", phone="000-1234", reason="核对")
    assert story.refusal(same) == story.refusal(c.CorrectPerson(reason="核对")) == "person.nothing_to_correct"
    story.do(c.AddJointPerson(name="吴某", phone="000-5678"))
    assert story.refusal(c.CorrectPerson(name="吴某", phone="000-5678", reason="听错了")) == "person.already_here"


def test_the_unit_that_registered_corrects_it_where_the_holder_works_at_its_site_and_nobody_else_does() -> None:
    story = Story()
    story.do(replace(REGISTER, unit=DESK_TWO), TOWN, unit=DESK_TWO)
    up = c.Escalate(reason="本级解决不了")
    story.do(up, TOWN, unit=DESK_TWO)
    assert story.refusal(MISTYPED, unit=DESK_TWO) == "case.in_transit"
    story.receive()
    assert story.state.holder_unit == CENTRE
    story.do(MISTYPED, unit=DESK_TWO)
    story.do(c.CorrectPerson(phone="000-4321", reason="记错一位"), unit=CENTRE)
    assert story.refusal(MISTYPED, unit=DEPARTMENT) == "case.not_holder"

    climbed = registered(STATION)
    climbed.climb()
    assert climbed.refusal(MISTYPED, VILLAGE) == "case.not_holder"


def test_a_form_that_was_signed_before_says_so_and_stays_signed() -> None:
    story = registered()
    for command in (ATTACH, SIGN):
        story.do(command)
    signature = story.state.record.signature
    assert signature is not None
    assert not signature.is_before_correction
    story.do(MISTYPED)
    assert story.state.record.signature == replace(signature, is_before_correction=True)
    assert story.refusal(SIGN) == "form.already_signed"


@pytest.mark.clause("XS-04", part="a correction of the person is sealed like every entry of a conduct case")
def test_a_correction_in_a_conduct_case_is_kept_from_the_site_complained_of() -> None:
    story = Story()
    story.do(replace(REGISTER, kind="conduct", complained_unit=CENTRE), VILLAGE)
    (event,) = story.ask(MISTYPED, VILLAGE, clerk(STATION))
    sealed_to = audience_of(event, story.state, VILLAGE, story.jurisdiction)
    assert sealed_to
    assert TOWN not in sealed_to
