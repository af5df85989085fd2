"""A tenant's rule profile: everything in which one jurisdiction differs from another, as data.

Owns the form and the questions the rules ask of it; knows no jurisdiction by name and reads no file.
"""

from __future__ import annotations

from datetime import date

import msgspec

from bancheng.kernel.profile_parts import (
    AidProgramme,
    Body,
    CaseType,
    Choice,
    CollectionChannel,
    Exclusion,
    Form,
    Kind,
    LadderRung,
    Level,
    Meeting,
    Obligation,
    PauseReason,
    Report,
    RoleName,
    SealRule,
    Step,
    Text,
    Tier,
)
from bancheng.schema.clocks import HOLDER, TRANSIT

WATCHED_OTHERWISE = (HOLDER, TRANSIT)


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One edition of one tenant's rules.

    `satisfied_from_rating`: the lowest of the five ratings that says satisfied; 0 where the scale says nothing of it.
    """

    tenant: str
    name: Text
    edition: int
    effective_on: date
    tiers: tuple[Tier, ...]
    case_types: tuple[CaseType, ...]
    kinds: tuple[Kind, ...]
    ladder: tuple[LadderRung, ...]
    window_name: Text = Text(zh="“办不成事”反映窗口", en="Window for what could not be got done")
    grounds: tuple[Choice, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    channels: tuple[CollectionChannel, ...] = ()
    pause_reasons: tuple[PauseReason, ...] = ()
    causes: tuple[Choice, ...] = ()
    policy_tools: tuple[Choice, ...] = ()
    service_forms: tuple[Choice, ...] = ()
    aid_programmes: tuple[AidProgramme, ...] = ()
    levels: tuple[Level, ...] = ()
    steps: tuple[Step, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    forms: tuple[Form, ...] = ()
    roles: tuple[RoleName, ...] = ()
    bodies: tuple[Body, ...] = ()
    meetings: tuple[Meeting, ...] = ()
    reports: tuple[Report, ...] = ()
    ratings: tuple[Text, ...] = ()
    satisfied_from_rating: int = 0
    outside_authority: Text
    number_format: str = "{unit}-{date}-{count:03d}"
    transit_workdays: int = 1
    takeover_margin_minutes: int = 30
    late_decision_workdays: int = 1
    conclusion_workdays: int = 5
    pursuit_workdays: int = 5
    body_workdays: int = 5
    decline_needs_approval: bool = True
    negative_needs_approval: bool = True
    negative_needs_cause: bool = False
    negative_needs_aid_offer: bool = False
    ground_required: bool = False
    seal: SealRule = "never"
    decline_approvers: tuple[str, ...] = ("duty_leader", "coordinator", "leader")
    extension_approvers: tuple[str, ...] = ("duty_leader", "coordinator", "leader")
    policy_tool_roles: tuple[str, ...] = ("duty_leader",)
    max_extension_workdays: int = 30
    max_pause_workdays: int = 60
    own_choices: tuple[str, ...] = ()

    def tier(self, key: str) -> Tier | None:
        return next((tier for tier in self.tiers if tier.key == key), None)

    def case_type(self, key: str) -> CaseType | None:
        return next((each for each in self.case_types if each.key == key), None)

    def kind(self, key: str) -> Kind | None:
        for each in self.kinds:
            if each.key == key:
                return each
        return None

    def has_channel(self, key: str) -> bool:
        """Rules that name no channels take every one."""
        return not self.channels or any(each.key == key for each in self.channels)

    def exclusion(self, key: str) -> Exclusion | None:
        return next((each for each in self.exclusions if each.key == key), None)

    def obligation(self, key: str) -> Obligation | None:
        return next((each for each in self.obligations if each.key == key), None)

    def form(self, key: str) -> Form | None:
        return next((each for each in self.forms if each.key == key), None)

    def rungs(self, clock: str) -> tuple[LadderRung, ...]:
        """The rungs of a clock; a clock with a colon in its name has those of its sort (`order:2`: `order`).

        What the ladder does not name is recorded as passed when it is over: nothing that is owed is forgotten. The
        holder's clock and the transit have what watches them (federation.md) and get no rung that is not named.
        """
        sort = clock.partition(":")[0] if ":" in clock else clock
        named = tuple([rung for rung in self.ladder if rung.clock == sort])
        return named if named or sort in WATCHED_OTHERWISE else (LadderRung(clock=sort, action="pass"),)
