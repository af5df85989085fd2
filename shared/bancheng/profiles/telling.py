"""An imagined case told day by day: each day with what it is, and under it what happens and what is due by when.

Owns the words of this telling, Chinese and English. What happens is `imagined`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from bancheng.kernel.calendar import Calendar, DayKind
from bancheng.kernel.profile import Profile
from bancheng.kernel.profile_parts import Text
from bancheng.profiles.imagined import Happening
from bancheng.profiles.words import CLOCKS, OWNERS, VALUES, WEEKDAYS, Language, said
from bancheng.schema import events as e
from bancheng.schema.clocks import HELD_PREFIX, STEP_PREFIX, Clock

_DAYS: dict[DayKind, Text] = {
    DayKind.WORKDAY: Text(zh="工作日", en="working day"),
    DayKind.MAKE_UP_WORKDAY: Text(zh="调休上班，算工作日", en="make-up working day"),
    DayKind.WEEKEND: Text(zh="周末", en="weekend"),
    DayKind.HOLIDAY: Text(zh="放假", en="holiday"),
}
_PROVISIONAL = Text(zh="，暂定", en=", provisional")
_ACTS: dict[type[e.CaseEvent], Text] = {
    e.PaperAttached: Text(zh="附上签字的登记表", en="The signed form is attached"),
    e.FormSigned: Text(zh="当事人核对无误，签字", en="The person checks and signs the form"),
    e.FileSubmitted: Text(zh="资料完整提交", en="The complete file is handed in"),
    e.Accepted: Text(zh="受理", en="Accepted"),
    e.Sealed: Text(zh="盖“办成”印章", en="Sealed"),
    e.GuidanceIssued: Text(zh="部门出具受理指导意见", en="The department issues guidance"),
    e.PassedToBody: Text(zh="转交其他机构", en="Passed to another body"),
    e.OrderIssued: Text(zh="交办给部门", en="Order to the department"),
    e.OrderAnswered: Text(zh="部门反馈结果", en="The department reports its result"),
    e.ResultProposed: Text(zh="办结申请", en="Result proposed"),
    e.ResultVerified: Text(zh="核查", en="Result verified"),
    e.Revisited: Text(zh="回访，满意", en="Return visit: satisfied"),
    e.StruckOff: Text(zh="销号", en="Struck off the list"),
}
_ANSWERS: dict[str, Text] = {
    "progress": Text(zh="告知当事人进展和原因", en="The person is told how it stands and why"),
    "final": Text(zh="答复当事人", en="The person is answered"),
}


def told(happenings: Sequence[Happening], profile: Profile, calendar: Calendar, language: Language) -> Iterator[str]:
    """One line for each day, with indented lines for what happens on it."""
    by_day: dict[date, list[Happening]] = {}
    for each in happenings:
        by_day.setdefault(calendar.local_day(each.at), []).append(each)
    day, last = min(by_day), max(by_day)
    while day <= last:
        yield _day(day, calendar, language)
        for each in by_day.get(day, ()):
            at = calendar.local(each.at).strftime("%H:%M")
            yield from (f"    {at}  {line}" for line in (_what(each.event, profile, language),) if line)
            yield from (f"           ▸ {_clock(clock, profile, language)}" for clock in _begun(each.event))
        day += timedelta(days=1)


def _day(day: date, calendar: Calendar, language: Language) -> str:
    reason = calendar.day_reason(day)
    what = said(_DAYS[reason.kind], language)
    name = f"（{reason.name}）" if reason.name and language == "zh" else f" ({reason.name})" if reason.name else ""
    provisional = said(_PROVISIONAL, language) if reason.provisional else ""
    return f"{day.isoformat()} {said(WEEKDAYS[day.weekday()], language)}  {what}{name}{provisional}"


def _begun(event: e.CaseEvent) -> list[Clock]:
    """The clocks that the event starts: a warning carries its clock only to say which rungs are left."""
    clocks: tuple[Clock, ...] = getattr(event, "clocks", ())
    if isinstance(event, e.DeadlineWarned | e.DeadlineReminded | e.DeadlinePassed | e.DutyLeaderCalled):
        return []
    if isinstance(event, e.ObligationsMoved):
        return [clock for clock in clocks if clock.name.removeprefix(STEP_PREFIX) in event.started]
    handed_over = isinstance(event, e.Escalated | e.Received | e.TakenOver)
    return [clock for clock in clocks if clock.state == "running" and not (handed_over and ":" in clock.name)]


def _what(event: e.CaseEvent, profile: Profile, language: Language) -> str:
    zh = language == "zh"
    match event:
        case e.Registered():
            tier, case_type = profile.tier(event.unit), profile.case_type(event.case_type)
            where = said(tier.name, language) if tier is not None else event.unit
            of = said(case_type.name, language) if case_type is not None else event.case_type
            return f"登记（{where}，{of}）" if zh else f"Registered ({where}; {of})"
        case e.StepRecorded():
            name = next((said(step.name, language) for step in profile.steps if step.key == event.step), event.step)
            return f"步骤：{name}" if zh else f"Step: {name}"
        case e.ObligationsMoved():
            met = "、".join(obligation_name(key, profile, language) for key in event.met)
            return "" if not met else f"已做到：{met}" if zh else f"Met: {met}"
        case e.AnswerGiven():
            return said(_ANSWERS[event.answer_kind], language)
        case e.DeadlineWarned() | e.DeadlineReminded() | e.DeadlinePassed():
            word = {e.DeadlineWarned: "warn", e.DeadlineReminded: "remind", e.DeadlinePassed: "pass"}[type(event)]
            action, name = said(VALUES["action"][word], language), clock_name(event.clock, profile, language)
            return f"{action}：{name}" if zh else f"{action.capitalize()}: {name}"
        case e.DutyLeaderCalled():
            return said(VALUES["action"]["call_duty_leader"], language)
        case e.Escalated() | e.Received() | e.TakenOver() | e.ReportedOutside():
            return _handed_over(event, profile, language)
        case _:
            text = _ACTS.get(type(event))
            return said(text, language) if text is not None else type(event).__name__


def _handed_over(
    event: e.Escalated | e.Received | e.TakenOver | e.ReportedOutside, profile: Profile, language: Language
) -> str:
    zh = language == "zh"
    if isinstance(event, e.ReportedOutside):
        authority = said(profile.outside_authority, language)
        return f"报{authority}，继续跟办" if zh else f"Reported to {authority} and followed"
    unit = event.grant.unit if isinstance(event, e.Escalated) else event.unit
    tier = profile.tier(unit)
    where = said(tier.name, language) if tier is not None else unit
    if isinstance(event, e.Escalated):
        return f"到期自动上报{where}" if zh else f"Climbs by itself to {where}"
    return f"{where}签收" if zh else f"Received at {where}"


def _clock(clock: Clock, profile: Profile, language: Language) -> str:
    zh = language == "zh"
    name, owner = clock_name(clock.name, profile, language), _owner(clock.name, profile, language)
    days = _limit(clock.limit_workdays, language)
    due = f"{clock.due_day.isoformat()} {said(WEEKDAYS[clock.due_day.weekday()], language)}"
    nature = said(VALUES["nature"][clock.nature], language)
    provisional = said(_PROVISIONAL, language) if clock.provisional else ""
    if zh:
        return f"{name}：{owner + '，' if owner else ''}{days}，到期 {due}（{nature}）{provisional}"
    return f"{name}: {owner + ', ' if owner else ''}{days}, due {due} ({nature}){provisional}"


def _limit(workdays: int, language: Language) -> str:
    if workdays == 0:
        return "当场" if language == "zh" else "at once"
    if language == "zh":
        return f"{workdays} 个工作日"
    return f"{workdays} working day{'' if workdays == 1 else 's'}"


def clock_name(name: str, profile: Profile, language: Language) -> str:
    """`step:<key>` by the obligation's name; any other by its sort."""
    sort, _, rest = name.partition(":")
    if sort == "step":
        return obligation_name(rest, profile, language)
    if name.startswith(HELD_PREFIX):
        return said(CLOCKS["holder"], language)
    words = said(CLOCKS[sort], language) if sort in CLOCKS else name
    return f"{words} {rest}".rstrip()


def obligation_name(key: str, profile: Profile, language: Language) -> str:
    found = profile.obligation(key)
    return said(found.name, language) if found is not None else key


def _owner(name: str, profile: Profile, language: Language) -> str:
    sort, _, rest = name.partition(":")
    found = profile.obligation(rest) if sort == "step" else None
    if found is None:
        return ""
    return said(found.owner_name if found.owner_name is not None else OWNERS[found.owner], language)
