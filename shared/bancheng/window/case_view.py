"""The shape of one case as it is shown, to programs as JSON and to the page as it is.

Owns that shape; case_views.py fills it. Must not know storage, HTTP or templates.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import msgspec

from bancheng.kernel.missing import MissingStep
from bancheng.schema.events import Person
from bancheng.window.person_checks import Doubt
from bancheng.window.record_views import RecordView
from bancheng.window.views import (
    ActionView,
    AlertView,
    AskView,
    ClockView,
    DeclineView,
    ExtensionView,
    LateView,
    UnitView,
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
