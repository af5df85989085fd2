"""Whether one edition of the rules may follow another: everything that would leave a window or a case without a rule.

Owns these checks; docs/adr says why there are no more of them. What is wrong within one edition is
`profile_checks`. Must not know storage: which open cases stand where is asked by whoever publishes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

import msgspec

from bancheng.kernel.profile import Profile
from bancheng.schema.documents import Directory, UnitEntry

MAXIMUM_EDITIONS = 200
"""A site keeps so many editions at hand; a case of an older one could not go on."""
MAXIMUM_NAMED = 10
"""So many units are named in a refusal; the rest are counted."""

SuccessionCode = Literal[
    "publish.another_tenant",
    "publish.edition_not_newer",
    "publish.too_many_editions",
    "publish.effective_in_the_past",
    "publish.effective_before_newest",
    "publish.tier_in_use",
]


class SuccessionProblem(msgspec.Struct, frozen=True, kw_only=True):
    """Why an edition cannot follow: a stable code, the field as a path, and what the message fills in.

    `units` are those that the next edition leaves without a tier: the open cases they hold are what is stranded.
    """

    code: SuccessionCode
    field: str
    parameters: Mapping[str, str | int] = {}
    units: tuple[str, ...] = ()


def check_succession(
    following: Profile,
    *,
    tenant: str,
    published: Mapping[int, date],
    directory: Directory,
    today: date,
) -> tuple[SuccessionProblem, ...]:
    """Empty means that it may follow. `published` are the editions there are, with the day each takes effect."""
    problems: list[SuccessionProblem] = []
    if following.tenant != tenant:
        problems.append(
            SuccessionProblem(code="publish.another_tenant", field="tenant", parameters={"detail": following.tenant})
        )
    newest = max(published, default=0)
    if following.edition <= newest:
        parameters = {"detail": str(following.edition), "newest": newest}
        problems.append(SuccessionProblem(code="publish.edition_not_newer", field="edition", parameters=parameters))
    if len(published) >= MAXIMUM_EDITIONS:
        parameters = {"maximum": MAXIMUM_EDITIONS}
        problems.append(SuccessionProblem(code="publish.too_many_editions", field="edition", parameters=parameters))
    problems += _date_problems(following, published, today)
    problems += _tier_problems(following, directory, today)
    return tuple(problems)


def _date_problems(following: Profile, published: Mapping[int, date], today: date) -> list[SuccessionProblem]:
    on = following.effective_on
    if on < today:
        parameters: dict[str, str | int] = {"detail": on.isoformat(), "today": today.isoformat()}
        return [SuccessionProblem(code="publish.effective_in_the_past", field="effective_on", parameters=parameters)]
    newest = max(published, default=0)
    if newest in published and on < published[newest]:
        # The highest edition in effect binds: this one would come first and the one before it never.
        parameters = {"detail": on.isoformat(), "newest": newest, "date": published[newest].isoformat()}
        return [SuccessionProblem(code="publish.effective_before_newest", field="effective_on", parameters=parameters)]
    return []


def _tier_problems(following: Profile, directory: Directory, today: date) -> list[SuccessionProblem]:
    """A unit whose tier the rules do not name can register nothing, and no limit is known for what it holds."""
    standing: dict[str, list[UnitEntry]] = {}
    for unit in directory.units:
        is_closed = unit.closed_on is not None and unit.closed_on <= min(today, following.effective_on)
        if not is_closed and following.tier(unit.tier) is None:
            standing.setdefault(unit.tier, []).append(unit)
    return [
        SuccessionProblem(
            code="publish.tier_in_use",
            field="tiers",
            parameters={
                "detail": tier,
                "count": len(units),
                "units": "、".join(unit.name for unit in units[:MAXIMUM_NAMED]),
            },
            units=tuple(unit.code for unit in units),
        )
        for tier, units in sorted(standing.items())
    ]
