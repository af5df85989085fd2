"""Every situation that a case can be in when somebody asks something of it, made by commands only.

Owns the stages at the holder and the situations beside them, and the standard form of every command. What the rules
answer is in `matrix`; this module must not know it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import get_args
from uuid import UUID

from bancheng.kernel import commands as c
from bancheng.kernel.asking import Ask
from bancheng.kernel.calendar import CalendarYear, DayName, merge_overrides
from bancheng.schema import events as e
from tests.kernel import entries
from tests.kernel.notices import CALENDAR, beijing
from tests.kernel.tenant import CENTRE, COUNTY, DEPARTMENT, DESK_TWO, HALL, STATION, TOWN, VILLAGE
from tests.kernel.world import DAY, MONDAY, REGISTER, Story, clerk, registered, system

LATE_HASH = b"late" * 8
LATE_ENTRY = c.FileLateEntry(
    event_hash=LATE_HASH,
    author=VILLAGE,
    event=e.ResultProposed(
        at=beijing(2026, 3, 2, 15), actor=clerk(STATION), outcome="solved", answer="已恢复发放", clocks=()
    ),
)
ASK = c.AnswerAsk(
    ask=Ask(
        at=MONDAY, actor=clerk(STATION), ask_id=UUID(int=9), case_id=REGISTER.case_id, command=c.AddNote(text="补充")
    ),
    ask_hash=b"ask!" * 8,
    asked_site=VILLAGE,
)

BY_ANOTHER = (c.ApproveDecline, c.RefuseDecline, c.ApproveExtension, c.RefuseExtension)
"""Given by the leader in the matrix: nobody approves what he asked for himself."""
BY_THE_CLOCK = (c.PassDeadline, c.TakeOver, c.Receive, c.RecomputeDues, c.LeaveClosedUnit, c.FileLateEntry, c.AnswerAsk)

COMMANDS: tuple[c.AnyCommand, ...] = (
    REGISTER,
    c.Accept(),
    c.ProposeDecline(ground="litigation", explanation="已进入诉讼程序"),
    c.ApproveDecline(),
    c.RefuseDecline(reason="应予受理"),
    c.Classify(kind="approval", case_type="special"),
    c.AddNote(text="已电话联系"),
    c.Pause(reason="waiting_for_papers", until=date(2026, 3, 20)),
    c.Resume(),
    c.RequestExtension(workdays=2, reason="等待上级答复"),
    c.ApproveExtension(),
    c.RefuseExtension(reason="可按期办结"),
    c.GiveAnswer(text="已恢复发放"),
    c.ProposeResult(outcome="solved", answer="已恢复发放"),
    c.VerifyResult(),
    c.SendBackResult(reason="补贴未到账"),
    c.Revisit(satisfied=True, rating=5),
    c.StrikeOff(),
    c.Withdraw(reason="本人要求"),
    c.Archive(),
    c.Escalate(reason="本级解决不了"),
    c.HandDown(to_unit=STATION, reason="由村里办理"),
    c.Return(reason="不属本级"),
    c.Receive(),
    c.TakeOver(cause="silence"),
    c.TakeBack(reason="收回办理"),
    LATE_ENTRY,
    c.AdoptLateOutcome(event_hash=LATE_HASH.hex()),
    c.OverruleLate(event_hash=LATE_HASH.hex(), reason="并未到账"),
    c.PassDeadline(),
    c.CallDutyLeader(reason="群众在窗口等候"),
    c.RecomputeDues(),
    c.LeaveClosedUnit(),
    c.RecordOutsideReply(text="请县里继续办理"),
    ASK,
    *entries.COMMANDS,
)
assert {type(command) for command in COMMANDS} == set(get_args(c.AnyCommand))


@dataclass(frozen=True, kw_only=True)
class Situation:
    """A case as it stands, and the site and unit from where something is asked of it."""

    make: Callable[[], Story]
    words: str
    site: str = TOWN
    unit: str = CENTRE

    def answer(self, command: c.AnyCommand) -> tuple[Story, tuple[e.CaseEvent, ...]]:
        """What the rules say to the command here. Raises Rejected."""
        story = self.make()
        actor = system(self.unit) if isinstance(command, BY_THE_CLOCK) else clerk(self.unit, _staff(command))
        return story, story.carry_on(story.ask(command, self.site, actor), self.site)


def _staff(command: c.AnyCommand) -> str:
    return "leader" if isinstance(command, BY_ANOTHER) else "clerk"


def at_the_town(*commands: c.AnyCommand) -> Callable[[], Story]:
    """Came from the village, is held by the town; then these commands, by clerk or leader."""

    def make() -> Story:
        story = registered()
        story.climb()
        for command in commands:
            story.do(command, staff=_staff(command))
        return story

    return make


def _then(make: Callable[[], Story], *changes: Callable[[Story], object]) -> Callable[[], Story]:
    def changed() -> Story:
        story = make()
        for change in changes:
            change(story)
        return story

    return changed


def _later(days: int) -> Callable[[Story], None]:
    def pass_time(story: Story) -> None:
        story.now += days * DAY

    return pass_time


def _newer_calendar(story: Story) -> None:
    """Thursday 5 March becomes a day off: every date behind it moves."""
    off = CalendarYear(
        year=2026, official=True, days_off=(DayName(day=date(2026, 3, 5), name="放假"),), make_up_workdays=()
    )
    story.calendar = merge_overrides(CALENDAR, (off,), edition=9)


_accepted = (c.Accept(),)
_in_hand = (*_accepted, c.Classify(kind="allowance", case_type="complex"))
_proposed = (*_in_hand, c.GiveAnswer(text="已恢复发放"), c.ProposeResult(outcome="solved", answer="已恢复发放"))
_verified = (*_proposed, c.VerifyResult())
_revisited = (*_verified, c.Revisit(satisfied=True, rating=5))
_struck_off = (*_revisited, c.StrikeOff())
_decline = (c.ProposeDecline(ground="litigation", explanation="已进入诉讼程序"),)
_at_the_county = _then(at_the_town(*_in_hand), Story.climb)

STAGES: Mapping[str, Situation] = {
    "registered": Situation(make=at_the_town(), words="登记"),
    "accepted": Situation(make=at_the_town(*_accepted), words="受理"),
    "decline_proposed": Situation(make=at_the_town(*_decline), words="拟不予受理"),
    "in_hand": Situation(make=at_the_town(*_in_hand), words="在办"),
    "result_proposed": Situation(make=at_the_town(*_proposed), words="办结申请"),
    "verified": Situation(make=at_the_town(*_verified), words="已核查"),
    "revisited": Situation(make=at_the_town(*_revisited), words="已回访"),
    "struck_off": Situation(make=at_the_town(*_struck_off), words="销号"),
    "declined": Situation(make=at_the_town(*_decline, c.ApproveDecline()), words="不予受理"),
    "withdrawn": Situation(make=at_the_town(c.Withdraw(reason="本人要求")), words="撤回"),
    "archived": Situation(make=at_the_town(*_struck_off, c.Archive()), words="归档"),
}
"""Each stage at the unit that holds the case: the town, which has it from the village."""


def _handed_over(command: c.AnyCommand) -> Callable[[], Story]:
    return at_the_town(*_in_hand, command)


_up, _down = c.Escalate(reason="本级解决不了"), c.HandDown(to_unit=STATION, reason="由村里办理")
_sent_down = _handed_over(_down)
_pause = c.Pause(reason="waiting_for_papers", until=date(2026, 3, 20))
_ask_extension = c.RequestExtension(workdays=2, reason="等待上级答复")


def _file(story: Story) -> None:
    story.tick(LATE_ENTRY)


def _report_outside(story: Story) -> None:
    story.do(_up)


SITUATIONS: Mapping[str, Situation] = {
    "came from nobody": Situation(make=registered, words="where it was registered", site=VILLAGE, unit=STATION),
    "at the top": Situation(make=_at_the_county, words="in hand at the county", site=COUNTY, unit=HALL),
    "reported outside": Situation(
        make=_then(_at_the_county, _report_outside),
        words="the same, reported outside",
        site=COUNTY,
        unit=HALL,
    ),
    "paused": Situation(make=at_the_town(*_in_hand, _pause), words="in hand, paused"),
    "extension asked": Situation(make=at_the_town(*_in_hand, _ask_extension), words="in hand, asked for more time"),
    "late decision open": Situation(make=_then(at_the_town(*_in_hand), _file), words="in hand, a late result waits"),
    "late decision overdue": Situation(
        make=_then(at_the_town(*_in_hand), _file, _later(2)), words="the same, its limit is over"
    ),
    "verified, late decision open": Situation(
        make=_then(at_the_town(*_verified), _file), words="verified, a late result waits"
    ),
    "overdue": Situation(make=_then(at_the_town(*_in_hand), _later(4)), words="in hand, over the holder's limit"),
    "calendar arrived": Situation(
        make=_then(at_the_town(*_in_hand), _newer_calendar), words="in hand, a new calendar moves the dates"
    ),
    "everything entered": Situation(
        make=at_the_town(*_in_hand, *entries.ENTERED), words="in hand, one of each entry waits for its end"
    ),
    "everything ended": Situation(make=at_the_town(*_in_hand, *entries.ENDED), words="the same, each has its end"),
    "on its way up, at the sender": Situation(make=_handed_over(_up), words="escalated, not received"),
    "on its way up, at the receiver": Situation(
        make=_handed_over(_up), words="escalated, not received", site=COUNTY, unit=HALL
    ),
    "on its way down, at the sender": Situation(make=_sent_down, words="handed down, not received"),
    "on its way down too long, at the sender": Situation(
        make=_then(_sent_down, _later(2)), words="handed down, not received in time"
    ),
    "on its way down, at the receiver": Situation(
        make=_sent_down, words="handed down, not received", site=VILLAGE, unit=STATION
    ),
    "seen by who held it before": Situation(
        make=at_the_town(*_in_hand), words="in hand at a town", site=VILLAGE, unit=STATION
    ),
    "seen by another unit of the site": Situation(
        make=at_the_town(*_in_hand), words="in hand at a town", unit=DESK_TWO
    ),
    "ordered, seen by the department": Situation(
        make=at_the_town(*_in_hand, *entries.ENTERED), words="in hand at a town, an order waits", unit=DEPARTMENT
    ),
    "seen from above": Situation(make=at_the_town(*_in_hand), words="in hand at a town", site=COUNTY, unit=HALL),
    "overdue, seen from above": Situation(
        make=_then(at_the_town(*_in_hand), _later(4)),
        words="over limit and margin",
        site=COUNTY,
        unit=HALL,
    ),
    "closed, seen from above": Situation(
        make=at_the_town(*_struck_off), words="struck off at the town", site=COUNTY, unit=HALL
    ),
}
"""What can stand beside the stage. Looked at from the town's unit unless another is named."""

ALL: Mapping[str, Situation] = {**STAGES, **SITUATIONS}
