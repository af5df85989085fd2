"""The parts of a rule profile: tiers, types, choices, clocks' ladders, obligations, forms, meetings and reports.

Owns their form. What makes a whole of them unfit for use is `profile_checks`. `source` cites the section of the
tenant's document that a part comes from; a part that no source gives is named in the profile's `own_choices`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from bancheng.schema.clocks import ClockNature, RungAction
from bancheng.schema.event import Channel

Owner = Literal["window", "clerk", "working_group", "department", "lead_department", "coordinator", "office", "leader"]
"""Who owes a step: whom the page names beside it. The clock itself is the holder's to watch."""
FormKind = Literal["registration", "acceptance", "transfer_order", "ledger", "decline_notice", "guidance", "signature"]
SealRule = Literal["never", "by_hand", "on_acceptance"]
Period = Literal["week", "month", "quarter", "year"]


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """A word of the tenant's in both languages."""

    zh: str
    en: str


class Tier(msgspec.Struct, frozen=True, kw_only=True):
    """A tier that this tenant has, top first. `hold_workdays` is how long a case stays here before it climbs:
    no source gives it, so it is always the tenant's own choice. None: no timed climb from here. `duties`: what a
    window of this tier does, in words (XS-01).
    """

    key: str
    name: Text
    hold_workdays: int | None = None
    duties: tuple[Text, ...] = ()


class CaseType(msgspec.Struct, frozen=True, kw_only=True):
    """How hard a case is, and the limit for the answer to the person, in working days from registration; 0: at once.

    `order_workdays` is the limit of an order to a department about such a case, counted from the order; None: an order
    states its own. `level` is the response level that such a case begins at, if the tenant has levels. `owner_name` is
    what the tenant calls the owner here, where that is not the owner's ordinary name.
    """

    key: str
    name: Text
    answer_workdays: int
    nature: ClockNature = "resolve_by"
    owner: Owner = "window"
    owner_name: Text | None = None
    order_workdays: int | None = None
    order_nature: ClockNature = "resolve_by"
    level: str = ""
    source: str = ""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """A kind, ground, exclusion, cause, tool, service form, aid programme or pause reason of the tenant's."""

    key: str
    name: Text
    source: str = ""


class CollectionChannel(msgspec.Struct, frozen=True, kw_only=True):
    """收集渠道: a way in which matters reach the window, by the tenant's word for it (PA-R6)."""

    key: Channel
    name: Text
    source: str = ""


class Kind(Choice, frozen=True, kw_only=True):
    """What a matter is. `concerns_conduct`: it is about how somebody behaved, and stays away from the unit complained
    of (XS-04).
    """

    concerns_conduct: bool = False


class PauseReason(Choice, frozen=True, kw_only=True):
    """What a clock may wait for. `only_if_entrusted`: it is the department's to do; where the department has not
    entrusted the matter to the hall, the window owns the liaison with it and no clock waits (PA-R25, PA-17).
    """

    only_if_entrusted: bool = False


class Exclusion(Choice, frozen=True, kw_only=True):
    """A sort of matter that stays out. `unless_entrusted`: it holds only where one department alone is concerned and
    no entrustment document gives the matter to the hall (PA-03, PA-17).
    """

    unless_entrusted: bool = False


class Level(Choice, frozen=True, kw_only=True):
    """响应级别, lowest first (NX-03). `handled_by` says in words who acts at it."""

    handled_by: Text


class AidProgramme(Choice, frozen=True, kw_only=True):
    """帮扶政策 that may fit who is barred by policy (PZ-08)."""

    for_whom: Text
    department: str = ""


class LadderRung(msgspec.Struct, frozen=True, kw_only=True):
    """One rung: `workdays_before` the due date at opening time (0: at the due instant itself).

    `clock` is a clock's name; `step`, `order`, `paper` and `body` stand for all clocks of that sort.
    """

    clock: str
    action: RungAction
    workdays_before: int = 0


class Step(Choice, frozen=True, kw_only=True):
    """A step of the tenant's procedure that somebody records as taken."""


class Obligation(msgspec.Struct, frozen=True, kw_only=True):
    """A step that is owed: from the milestone `after` until one of the milestones `until`, within `workdays`.

    A milestone is one of MILESTONES or `step:<key>`. `case_types` empty: for all of them. `workdays` None: owed, and
    no source says by when, so it is shown without a date. A reminder is the ladder's (`step`). `owner_name` as in
    CaseType.
    """

    key: str
    name: Text
    owner: Owner
    owner_name: Text | None = None
    after: str
    until: tuple[str, ...]
    workdays: int | None = None
    nature: ClockNature = "resolve_by"
    case_types: tuple[str, ...] = ()
    source: str = ""


class FormField(msgspec.Struct, frozen=True, kw_only=True):
    """One box of a form: what stands in it (`shows`, a name of the form's data; empty: left for the pen)."""

    key: str
    name: Text
    shows: str = ""


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """表单: a printed form of the tenant's with its fields in order."""

    key: str
    kind: FormKind
    name: Text
    fields: tuple[FormField, ...]
    note: str = ""
    source: str = ""


class RoleName(msgspec.Struct, frozen=True, kw_only=True):
    """What a role of the system is called by this tenant, and who fills it."""

    role: str
    name: Text
    filled_by: str = ""
    source: str = ""


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """A standing body: working group, leading group, joint meeting. `members` are posts in words, never persons."""

    key: str
    name: Text
    chair: str
    members: tuple[str, ...] = ()
    daily_work: str = ""
    source: str = ""


class Meeting(msgspec.Struct, frozen=True, kw_only=True):
    """会商 · 联席会议 · 会诊: who calls it, whether that may be delegated, who comes, what must come of it."""

    key: str
    name: Text
    called_by: str
    may_delegate: bool = False
    attendees: tuple[str, ...] = ()
    may_invite: tuple[str, ...] = ()
    outputs: tuple[Text, ...] = ()
    every: Period | None = None
    source: str = ""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A report that is due for each period: by the `workday`-th working day of the next one. None: no day is given.

    `is_zero_report`: units declare that they had nothing to report. `is_case_report`: made by the system for each
    window from its own cases, and sent up (PZ-04).
    """

    key: str
    name: Text
    by: str
    to: str
    every: Period
    workday: int | None = None
    is_zero_report: bool = False
    is_case_report: bool = False
    source: str = ""


MILESTONES = (
    "registered",
    "signed",
    "file_submitted",
    "guided",
    "accepted",
    "classified",
    "ordered",
    "order_reported",
    "order_done",
    "progress_told",
    "answered",
    "result_proposed",
    "sent_back",
    "verified",
    "revisited",
    "redone",
    "passed_to_body",
    "body_done",
    "received",
    "reported_outside",
    "outside_replied",
)
"""What an obligation may count from or end with, beside the tenant's own steps. Which event reaches which is the
rules' (`milestones.py`)."""

FORM_DATA = (
    "number",
    "registered_at",
    "person_name",
    "person_phone",
    "person_address",
    "identity_number",
    "agent_name",
    "officer_name",
    "title",
    "description",
    "kind",
    "case_type",
    "case_type_and_due",
    "ground",
    "department",
    "order_unit",
    "order_handler",
    "order_request",
    "order_limit",
    "order_answer",
    "order_answered_at",
    "window_opinion",
    "answer",
    "outcome",
    "due_day",
    "closed_at",
    "rating",
    "satisfied",
    "signature",
    "signed_at",
    "unit_name",
    "remark",
    "decline_ground",
    "decline_explanation",
    "decline_approved_by",
    "missing_papers",
    "guidance_documents",
    "process_and_result",
    "signers",
)
"""What a box of a form may show (`FormField.shows`). How a case fills them is the forms' own."""
