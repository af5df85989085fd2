"""One case as it is shown, to programs as JSON and to the page as it is: its state, why each limit is due when it is,
and what may be done now.

Owns that shape and how a state fills it in the reader's language. Must not know storage, HTTP or templates.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import get_args
from uuid import UUID

import msgspec

from bancheng.kernel import limits
from bancheng.kernel.calendar import Calendar
from bancheng.kernel.case import Case
from bancheng.kernel.context import Jurisdiction
from bancheng.kernel.dues import DueDate, explain, workdays_between
from bancheng.kernel.missing import MissingStep, missing_steps
from bancheng.kernel.profile import Profile
from bancheng.kernel.rejected import Rejected
from bancheng.kernel.rules.entrusting import own_liaisons
from bancheng.schema.clocks import HELD_PREFIX, Clock
from bancheng.schema.events import Person
from bancheng.window.availability import availabilities
from bancheng.window.error_texts import Language, text_for
from bancheng.window.identity import Identity
from bancheng.window.permissions import masked
from bancheng.window.person_checks import Doubt, doubts
from bancheng.window.record_views import RecordView, record_view
from bancheng.window.views import (
    ActionView,
    AlertView,
    AskView,
    ClockView,
    DayView,
    DeclineView,
    ExtensionView,
    LateView,
    UnitView,
    late_views,
    named_units,
    unit_view,
)


class CaseView(msgspec.Struct, frozen=True, kw_only=True):
    """A case as it stands here. `version` is what an If-Match names; `person_masked`: personal data is hidden.

    `missing`: steps of the loop that it lacks, in their order. `doubts`: fields of the person that look wrong.
    `supervised_by`: who supervises an open case that bears the seal, as its rules name them; else empty (XS-08).
    `own_liaisons`: departments that have not entrusted the matter, with which the holder speaks itself (PA-R25).
    """

    case_id: UUID
    number: str
    version: str
    title: str
    description: str
    kind: str
    case_type: str
    ground: str
    channel: str
    stage: str
    is_closed: bool
    round: int
    returns: int
    outcome: str | None
    answer: str
    answered_at: datetime | None
    registered_at: datetime
    registered_unit: UnitView
    holder_unit: UnitView
    in_transit_to: UnitView | None
    reported_outside_at: datetime | None
    profile_edition: int
    person: Person
    person_masked: bool
    decline: DeclineView | None
    extension: ExtensionView | None
    clocks: list[ClockView]
    actions: list[ActionView]
    late_entries: list[LateView]
    asks: list[AskView]
    alerts: list[AlertView]
    matter: str
    department: UnitView | None
    own_liaisons: list[UnitView]
    complained_unit: UnitView | None
    is_restricted: bool
    received_on: date | None
    imported_from: str
    progress_told_at: datetime | None
    missing: list[MissingStep]
    supervised_by: str
    doubts: list[Doubt]
    record: RecordView


def case_view(
    case: Case,
    identity: Identity,
    language: Language,
    *,
    hide_person: bool,
    asks: list[AskView],
    alerts: list[AlertView],
) -> CaseView:
    """Raises UnknownEdition when the case's rules are not here yet."""
    site = identity.site
    jurisdiction, now = site.jurisdiction, site.now()
    decline, extension, lacks = case.decline, case.extension, missing_steps(case)
    return CaseView(
        case_id=case.case_id,
        number=case.number,
        version=case.head.hash.hex(),
        title=case.title,
        description=case.description,
        kind=case.kind,
        case_type=case.case_type,
        ground=case.ground,
        channel=case.channel,
        stage=case.stage,
        is_closed=case.is_closed,
        round=case.round,
        returns=case.returns,
        outcome=case.outcome,
        answer=case.answer,
        answered_at=case.answered_at,
        registered_at=case.registered_at,
        registered_unit=unit_view(jurisdiction, case.registered_unit),
        holder_unit=unit_view(jurisdiction, case.holder_unit),
        in_transit_to=None if case.in_transit is None else unit_view(jurisdiction, case.in_transit.unit),
        reported_outside_at=case.reported_outside_at,
        profile_edition=case.profile_edition,
        person=masked(case.person) if hide_person else case.person,
        person_masked=hide_person,
        decline=None if decline is None else DeclineView(ground=decline.ground, explanation=decline.explanation),
        extension=None
        if extension is None
        else ExtensionView(clock=extension.clock, workdays=extension.workdays, reason=extension.reason),
        clocks=[clock_view(clock, jurisdiction, site.calendar, now) for clock in _shown(case)],
        actions=actions(case, identity, site.profile(case.profile_edition), language),
        late_entries=late_views(case, jurisdiction),
        asks=asks,
        alerts=alerts,
        matter=case.matter,
        department=_unit_or_none(case.department, jurisdiction),
        own_liaisons=[unit_view(jurisdiction, unit) for unit in _own_liaisons(case, identity)],
        complained_unit=_unit_or_none(case.complained_unit, jurisdiction),
        is_restricted=case.is_restricted,
        received_on=case.received_on,
        imported_from=case.imported_from,
        progress_told_at=case.progress_told_at,
        missing=[step for step in get_args(MissingStep) if step in lacks],
        supervised_by=_supervised_by(case, site.profile(case.profile_edition), language),
        doubts=[] if hide_person else list(doubts(case.person.phone, case.person.identity_number)),
        record=record_view(case, jurisdiction, now, hide_person=hide_person),
    )


def _own_liaisons(case: Case, identity: Identity) -> tuple[str, ...]:
    return own_liaisons(case, identity.site.context(identity.actor, identity.site.profile(case.profile_edition)))


def _supervised_by(case: Case, profile: Profile, language: Language) -> str:
    """From the seal on until the end."""
    role = next((each for each in profile.roles if each.role == "supervisor"), None)
    if case.record.sealed_at is None or case.is_closed or role is None:
        return ""
    name = role.name.zh if language == "zh" else role.name.en
    return f"{name}（{role.filled_by}）" if role.filled_by else name


def _unit_or_none(code: str, jurisdiction: Jurisdiction) -> UnitView | None:
    return unit_view(jurisdiction, code) if code else None


def _shown(case: Case) -> list[Clock]:
    """Running ones first, the earliest due date first; then those that stopped."""
    return sorted(
        case.clocks.values(),
        key=lambda clock: (clock.state == "stopped", clock.name.startswith(HELD_PREFIX), clock.due_at),
    )


def clock_view(clock: Clock, jurisdiction: Jurisdiction, calendar: Calendar, now: datetime) -> ClockView:
    return ClockView(
        name="held" if clock.name.startswith(HELD_PREFIX) else clock.name,
        owner=unit_view(jurisdiction, clock.owner),
        nature=clock.nature,
        state=clock.state,
        started_at=clock.started_at,
        limit_workdays=clock.limit_workdays,
        used_workdays=clock.used_workdays,
        spent_workdays=limits.used_workdays(clock, calendar, now),
        left_workdays=workdays_between(calendar, calendar.local_day(now), clock.due_day),
        due_at=clock.due_at,
        due_day=clock.due_day,
        provisional=clock.provisional,
        is_over=clock.state != "stopped" and clock.due_at <= now,
        paused_until=clock.paused_until,
        stopped_at=clock.stopped_at,
        days=[] if clock.state == "stopped" else _days(clock, calendar),
    )


def _days(clock: Clock, calendar: Calendar) -> list[DayView]:
    """Day by day from when the clock was last started; a paused one counts from the end of its pause."""
    start_day = clock.paused_until if clock.paused_until is not None else clock.start_day
    due = DueDate(
        due_at=clock.due_at,
        due_day=clock.due_day,
        start_day=start_day,
        limit_workdays=max(0, clock.limit_workdays - clock.used_workdays),
        provisional=clock.provisional,
        calendar_edition=clock.calendar_edition,
    )
    try:
        rows = explain(calendar, due)
    except Rejected:
        return []
    return [
        DayView(day=row.day, kind=row.kind.value, name=row.name, counted=row.counted, provisional=row.provisional)
        for row in rows
    ]


def actions(case: Case, identity: Identity, profile: Profile, language: Language) -> list[ActionView]:
    """Every command, with the reason beside the one that is not allowed."""
    views: list[ActionView] = []
    for each in availabilities(case, identity, profile):
        if not each.code:
            views.append(ActionView(name=each.spec.name, allowed=True, is_asked=each.is_asked))
            continue
        text = text_for(each.code, language, named_units(each.parameters, identity.site.jurisdiction))
        views.append(
            ActionView(
                name=each.spec.name, allowed=False, code=each.code, reason=text.message, next_step=text.next_step
            )
        )
    return views
