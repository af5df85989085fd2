"""磐安's procedure by its own rules: each step starts the clock of the next, and the 会商 settles the type.

March 2026 has no holiday: Monday 2 March is day 0, Tuesday the first working day.
"""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from bancheng.kernel import commands as c
from bancheng.profiles.loader import shipped_profile
from tests.kernel.notices import beijing
from tests.kernel.tenant import HALL, TWO_TIERS
from tests.kernel.world import MONDAY, REGISTER, Story

PAPER = "a" * 64


def panan(case_type: str) -> Story:
    """Registered, signed and handed in on Monday at the county's own window."""
    story = Story(now=MONDAY, profile=shipped_profile("330727"), directory=TWO_TIERS)
    registration = replace(
        REGISTER, unit=HALL, kind="enterprise_difficulty", case_type=case_type, ground="applied_not_accepted"
    )
    story.do(registration, "county")
    story.do(
        c.AttachPaper(sha256=PAPER, name="登记表", media_type="image/png", size=9, paper_kind="signed_form"), "county"
    )
    story.do(c.SignForm(method="paper", signer="周某", paper=PAPER))
    story.do(c.Accept())
    return story


def due(story: Story, key: str) -> date:
    clock = story.state.clock(f"step:{key}")
    assert clock is not None
    assert clock.state != "stopped"
    return clock.due_day


def is_owed(story: Story, key: str) -> bool:
    clock = story.state.clock(f"step:{key}")
    return clock is not None and clock.state != "stopped"


@pytest.mark.clause("PA-R10", "PA-R11", part="the limits of the file and the consultation")
def test_the_file_is_due_a_day_after_signing_and_the_consultation_two_days_after_the_file() -> None:
    story = panan("ordinary")
    assert due(story, "file_to_working_group") == date(2026, 3, 3)
    story.now = beijing(2026, 3, 3)
    story.do(c.SubmitFile())
    assert not is_owed(story, "file_to_working_group")
    assert due(story, "consultation") == date(2026, 3, 5)


@pytest.mark.clause("PA-R13", part="the limit of an ordinary case after the consultation")
def test_an_ordinary_result_is_due_five_working_days_after_the_consultation() -> None:
    story = panan("ordinary")
    story.do(c.SubmitFile())
    story.now = beijing(2026, 3, 4)
    story.do(c.RecordStep(step="consultation_held"))
    assert due(story, "ordinary_result") == date(2026, 3, 11)
    assert not is_owed(story, "papers_to_joint_meeting")


@pytest.mark.clause("PA-R14", "PA-R15", "PA-R19", part="the limits from the consultation to the roadmap")
def test_a_complex_case_goes_to_the_joint_meeting_and_gets_its_roadmap() -> None:
    story = panan("complex")
    story.do(c.SubmitFile())
    story.do(c.RecordStep(step="consultation_held"))
    assert due(story, "papers_to_joint_meeting") == date(2026, 3, 3)
    story.now = beijing(2026, 3, 3)
    story.do(c.RecordStep(step="papers_to_joint_meeting"))
    assert due(story, "joint_meeting") == date(2026, 3, 6)
    story.now = beijing(2026, 3, 6)
    story.do(c.RecordStep(step="joint_meeting_held"))
    assert due(story, "roadmap") == date(2026, 3, 10)
    assert not is_owed(story, "minutes"), "no source says by when: it is shown without a date"


@pytest.mark.clause("PA-05", part="the consultation settles the type")
def test_what_the_new_type_owes_counts_from_the_consultation_that_settled_it() -> None:
    story = panan("ordinary")
    story.do(c.SubmitFile())
    story.now = beijing(2026, 3, 4)
    story.do(c.RecordStep(step="consultation_held"))
    story.now = beijing(2026, 3, 6)
    story.do(c.Classify(kind="enterprise_difficulty", case_type="complex"))
    assert not is_owed(story, "ordinary_result")
    assert due(story, "papers_to_joint_meeting") == date(2026, 3, 5), "one day after 4 March: late already, and seen"
    story.do(c.RecordStep(step="papers_to_joint_meeting"))
    story.do(c.Classify(kind="enterprise_difficulty", case_type="special"))
    assert not is_owed(story, "papers_to_joint_meeting"), "done is done, whatever the type is called later"
    assert due(story, "joint_meeting") == date(2026, 3, 11)
