"""An invented tenant for tests of the rules: its windows in three tiers or two, and its rules."""

from __future__ import annotations

from datetime import date

from bancheng.kernel.profile import Profile
from bancheng.kernel.profile_parts import (
    AidProgramme,
    CaseType,
    Choice,
    Exclusion,
    Kind,
    LadderRung,
    Level,
    Obligation,
    PauseReason,
    Step,
    Text,
    Tier,
)
from bancheng.schema.documents import Directory, SiteEntry, UnitEntry

TENANT = "000000"
COUNTY, TOWN, VILLAGE = "county", "town", "village"
HALL, CENTRE, STATION, DESK_TWO = "000000", "000000001", "000000001001", "000000001-2"
"""The windows of the county, the town and the village; DESK_TWO is another unit at the town's site."""
DEPARTMENT = "000000001-9"
"""A department that works at the town's site and takes orders."""
UNIT_OF = {COUNTY: HALL, TOWN: CENTRE, VILLAGE: STATION}


def _text(word: str) -> Text:
    return Text(zh=word, en=word)


def _choices(*keys: str) -> tuple[Choice, ...]:
    return tuple(Choice(key=key, name=_text(key)) for key in keys)


def _site(site: str, parent: str | None) -> SiteEntry:
    return SiteEntry(site=site, tier=site, parent=parent, key_id="", public_key="")


def _unit(code: str, site: str, parent: str | None, *, is_window: bool = True) -> UnitEntry:
    return UnitEntry(code=code, name=f"{site}窗口", tier=site, site=site, parent=parent, is_window=is_window)


THREE_TIERS = Directory(
    tenant=TENANT,
    edition=1,
    sites=(_site(COUNTY, None), _site(TOWN, COUNTY), _site(VILLAGE, TOWN)),
    units=(
        _unit(HALL, COUNTY, None),
        _unit(CENTRE, TOWN, HALL),
        _unit(DESK_TWO, TOWN, CENTRE),
        _unit(DEPARTMENT, TOWN, CENTRE, is_window=False),
        _unit(STATION, VILLAGE, CENTRE),
    ),
)
TWO_TIERS = Directory(
    tenant=TENANT,
    edition=1,
    sites=(_site(COUNTY, None), _site(TOWN, COUNTY)),
    units=(_unit(HALL, COUNTY, None), _unit(CENTRE, TOWN, HALL)),
)

PROFILE = Profile(
    tenant=TENANT,
    name=_text("某县"),
    edition=4,
    effective_on=date(2025, 1, 1),
    tiers=(
        Tier(key=COUNTY, name=_text("县"), hold_workdays=5),
        Tier(key=TOWN, name=_text("乡镇"), hold_workdays=3),
        Tier(key=VILLAGE, name=_text("村社"), hold_workdays=2),
    ),
    case_types=(
        CaseType(key="ordinary", name=_text("一般"), answer_workdays=2),
        CaseType(key="complex", name=_text("复杂"), answer_workdays=5),
        CaseType(key="special", name=_text("特殊"), answer_workdays=10, nature="report_by", order_workdays=5),
    ),
    kinds=(
        Kind(key="allowance", name=_text("allowance")),
        Kind(key="approval", name=_text("approval")),
        Kind(key="conduct", name=_text("conduct"), concerns_conduct=True),
        Kind(key="no_powers", name=_text("no_powers")),
    ),
    grounds=_choices("applied_not_accepted"),
    exclusions=(
        Exclusion(key="litigation", name=_text("litigation")),
        Exclusion(key="not_entrusted", name=_text("not_entrusted"), unless_entrusted=True),
    ),
    causes=_choices("papers_incomplete"),
    policy_tools=_choices("commitment"),
    service_forms=_choices("at_home"),
    aid_programmes=(AidProgramme(key="low_income", name=_text("low_income"), for_whom=_text("low_income")),),
    levels=(
        Level(key="three", name=_text("three"), handled_by=_text("window")),
        Level(key="two", name=_text("two"), handled_by=_text("department")),
    ),
    steps=(Step(key="consultation", name=_text("consultation")),),
    obligations=(
        Obligation(
            key="consult",
            name=_text("consult"),
            owner="working_group",
            after="guided",
            until=("step:consultation",),
            workdays=2,
        ),
    ),
    seal="by_hand",
    pause_reasons=(
        PauseReason(key="waiting_for_papers", name=_text("waiting_for_papers")),
        PauseReason(key="procedure", name=_text("procedure"), only_if_entrusted=True),
    ),
    ladder=(
        LadderRung(clock="person", action="warn", workdays_before=1),
        LadderRung(clock="person", action="pass"),
        LadderRung(clock="holder", action="warn", workdays_before=1),
        LadderRung(clock="holder", action="climb"),
        LadderRung(clock="conclusion", action="remind"),
        LadderRung(clock="conclusion", action="climb"),
        LadderRung(clock="late_decision", action="pass"),
    ),
    outside_authority=_text("县领导"),
)
