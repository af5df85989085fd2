"""Rule profiles that `check_profile` accepts, as varied as tenants may be: for property tests.

Owns the strategy. Tiers, keys and choices are those of the invented tenant, so that its windows and commands fit.
"""

from __future__ import annotations

from hypothesis import strategies as st
from msgspec.structs import replace

from bancheng.kernel.profile import Profile
from bancheng.kernel.profile_checks import CLOCKS, check_profile
from bancheng.kernel.profile_parts import MILESTONES, CaseType, LadderRung, Obligation
from bancheng.schema.clocks import CONCLUSION, HOLDER, ClockNature, RungAction
from tests.kernel.tenant import PROFILE

ENDS = (*MILESTONES, *(f"step:{step.key}" for step in PROFILE.steps))
TYPES = tuple(each.key for each in PROFILE.case_types)
NATURES: st.SearchStrategy[ClockNature] = st.sampled_from(("resolve_by", "report_by"))
EARLY: tuple[RungAction, ...] = ("warn", "remind", "call_duty_leader")
LIMITS = st.integers(0, 6)


@st.composite
def case_types(draw: st.DrawFn) -> tuple[CaseType, ...]:
    levels = st.sampled_from(("", *(level.key for level in PROFILE.levels)))
    return tuple(
        replace(
            each,
            answer_workdays=draw(LIMITS),
            nature=draw(NATURES),
            order_workdays=draw(st.none() | LIMITS),
            order_nature=draw(NATURES),
            level=draw(levels),
        )
        for each in PROFILE.case_types
    )


@st.composite
def obligations(draw: st.DrawFn) -> tuple[Obligation, ...]:
    made: list[Obligation] = []
    for index in range(draw(st.integers(0, 5))):
        after = draw(st.sampled_from(ENDS))
        until = draw(st.lists(st.sampled_from([each for each in ENDS if each != after]), min_size=1, max_size=3))
        made.append(
            Obligation(
                key=f"owed_{index}",
                name=PROFILE.name,
                owner="clerk",
                after=after,
                until=tuple(until),
                workdays=draw(st.none() | LIMITS),
                nature=draw(NATURES),
                case_types=tuple(draw(st.lists(st.sampled_from(TYPES), max_size=2, unique=True))),
            )
        )
    return tuple(made)


@st.composite
def ladders(draw: st.DrawFn) -> tuple[LadderRung, ...]:
    rungs: list[LadderRung] = []
    for clock in CLOCKS:
        if clock != HOLDER and draw(st.booleans()):
            continue
        rungs.extend(
            LadderRung(clock=clock, action=action, workdays_before=draw(st.integers(0, 2)))
            for action in draw(st.lists(st.sampled_from(EARLY), max_size=2))
        )
        climbs = clock == HOLDER or (clock == CONCLUSION and draw(st.booleans()))
        rungs.append(LadderRung(clock=clock, action="climb" if climbs else "pass"))
    return tuple(rungs)


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    """Any profile that is fit for use with the invented tenant's directory."""
    profile = replace(
        PROFILE,
        tiers=tuple(replace(tier, hold_workdays=draw(st.none() | LIMITS)) for tier in PROFILE.tiers),
        case_types=draw(case_types()),
        obligations=draw(obligations()),
        ladder=draw(ladders()),
        transit_workdays=draw(LIMITS),
        late_decision_workdays=draw(LIMITS),
        conclusion_workdays=draw(LIMITS),
        pursuit_workdays=draw(LIMITS),
        body_workdays=draw(LIMITS),
        decline_needs_approval=draw(st.booleans()),
        negative_needs_approval=draw(st.booleans()),
        negative_needs_cause=draw(st.booleans()),
        negative_needs_aid_offer=draw(st.booleans()),
        satisfied_from_rating=draw(st.sampled_from((0, 2, 3, 5))),
        seal=draw(st.sampled_from(("never", "by_hand", "on_acceptance"))),
    )
    assert not check_profile(profile)
    return profile
