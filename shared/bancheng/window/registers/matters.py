"""事项目录: the whole catalogue is published at once, as the list that the government decided (XS-03).

Owns the body and what is refused. What follows for a case is the kernel's (rules/matters.py).
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from bancheng.kernel.catalogue import Catalogue, Matter
from bancheng.kernel.rejected import Rejected
from bancheng.store.database import Transaction
from bancheng.window.field_problems import FieldProblem, InvalidInput
from bancheng.window.hosting import Hosting
from bancheng.window.idempotency import Answer, Request
from bancheng.window.identity import Identity
from bancheng.window.registers.changing import Change, publish_register, require_department

MOST_MATTERS = 1_000


class CatalogueBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All matters; those that are left out are in it no more."""

    matters: Annotated[tuple[Matter, ...], Meta(max_length=MOST_MATTERS)]


async def publish_catalogue(hosting: Hosting, identity: Identity, body: CatalogueBody, request: Request) -> Answer:
    """By an administrator at the top. A case in a matter that is sunk to a tier is that tier's to do."""

    async def make(tx: Transaction, _: int) -> msgspec.Struct:
        problems = _problems(body, identity)
        if problems:
            raise InvalidInput(problems)
        return Catalogue(matters=body.matters)

    change = Change(action="catalogue-published", request=request, detail=str(len(body.matters)))
    return await publish_register(hosting, identity, change, "catalogue", make)


def _problems(body: CatalogueBody, identity: Identity) -> list[FieldProblem]:
    """Every matter that does not fit, by its place in the list."""
    profile = identity.site.current_profile()
    problems: list[FieldProblem] = []
    seen: set[str] = set()
    for place, matter in enumerate(body.matters):
        path = f"matters[{place}]"
        if matter.key in seen:
            problems.append(_problem("matter.twice", f"{path}.key", matter=matter.key))
        seen.add(matter.key)
        if profile.tier(matter.tier) is None:
            problems.append(_problem("tier.unknown", f"{path}.tier", tier=matter.tier))
        if matter.department:
            try:
                require_department(identity, matter.department, f"{path}.department")
            except Rejected as refusal:
                problems.append(_problem("matter.not_a_department", refusal.field, unit=matter.department))
    return problems


def _problem(code: str, field: str, **parameters: str) -> FieldProblem:
    return FieldProblem(field=field, code=code, parameters={"field": field, **parameters})
