"""Who may see which case: the one predicate that every list, count, search and export goes through.

Owns the predicate, its SQL and the units that had to do with a case. Must not know roles: whoever signs somebody in
says which units they see.
"""

# ruff: noqa: S608  statements of our own fragments; what a user gives is always a parameter

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

import msgspec

from bancheng.kernel.case import Case
from bancheng.store.database import Transaction
from bancheng.store.errors import TenantInvalid

Place = Callable[[object], str]
"""Takes an argument and gives the place that stands for it in a statement."""


class Visibility(msgspec.Struct, frozen=True, kw_only=True):
    """A case is seen by the units that registered it, hold it, ever held it or were ordered to do something about it.

    `units` are those whose cases are seen; None: every unit's. `own` is the reader's unit: cases that complain of it
    are kept from it (XS-04), and restricted ones are seen only by the units that had to do with them, unless
    `sees_restricted`. Without `own` nothing is kept back: the system itself.
    """

    tenant: str
    units: tuple[str, ...] | None
    own: str = ""
    sees_restricted: bool = False

    def check(self, tx: Transaction) -> None:
        """Raises TenantInvalid for another tenant's transaction: a defect, which row-level security would hide."""
        if tx.tenant != self.tenant:
            raise TenantInvalid(tenant=self.tenant)

    def sees(self, unit: str | None) -> bool:
        """Whether the cases of this unit are seen, unless something of the case keeps it back."""
        return self.units is None or (unit is not None and unit in self.units)


def condition(visibility: Visibility, place: Place, *, reach: bool = True) -> str:
    """The predicate as ` AND …` about the row `c` of cases; empty where everything is seen. `$1` is the tenant.

    `reach=False` leaves out whose cases are seen, where the statement asks unit by unit.
    """
    parts: list[str] = []
    if reach and visibility.units is not None:
        units = f"{place(list(visibility.units))}::text[]"
        parts.append(
            f"(c.holder_unit = ANY({units}) OR c.registered_unit = ANY({units}) OR {_had_to_do(f'ANY({units})')})"
        )
    if visibility.own:
        own = place(visibility.own)
        parts.append(f"c.complained_unit <> {own}")
        if not visibility.sees_restricted:
            parts.append(
                f"(NOT c.is_confined OR c.holder_unit = {own} OR c.registered_unit = {own} OR {_had_to_do(own)})"
            )
    return "".join(f" AND {part}" for part in parts)


def _had_to_do(unit: str) -> str:
    # A look-up by the whole key with a limit: a plain EXISTS might read all that the units ever had to do with.
    return (
        f"(SELECT true FROM case_unit u WHERE u.tenant = $1 AND u.unit = {unit} AND u.registered_at = c.registered_at "
        "AND u.case_id = c.case_id LIMIT 1) IS TRUE"
    )


HAD_TO_DO = "SELECT 1 FROM case_unit WHERE tenant = $1 AND unit = $2 AND registered_at = $3 AND case_id = $4"


HAD_TO_DO_WITH = """
SELECT u.case_id FROM unnest($3::timestamptz[], $4::uuid[]) AS k(registered_at, case_id)
JOIN case_unit u ON u.tenant = $1 AND u.unit = $2 AND u.registered_at = k.registered_at AND u.case_id = k.case_id"""


def seen_statement(visibility: Visibility, case_ids: Sequence[UUID]) -> tuple[str, list[object]]:
    """Which of some cases are seen, and the statement's parameters."""
    arguments: list[object] = [visibility.tenant, list(case_ids)]

    def place(argument: object) -> str:
        arguments.append(argument)
        return f"${len(arguments)}"

    seen = condition(visibility, place)
    return f"SELECT c.case_id FROM cases c WHERE c.tenant = $1 AND c.case_id = ANY($2::uuid[]){seen}", arguments


async def seen_of(tx: Transaction, visibility: Visibility, case_ids: Sequence[UUID]) -> frozenset[UUID]:
    """Those of the cases that are seen."""
    visibility.check(tx)
    statement, arguments = seen_statement(visibility, case_ids)
    return frozenset(row[0] for row in await tx.fetch(statement, *arguments))


async def had_to_do(tx: Transaction, unit: str, case: Case) -> bool:
    """Whether the unit, beside holder and registering one, ever held the case, was granted it or is concerned by it."""
    return await tx.fetch_one(HAD_TO_DO, tx.tenant, unit, case.registered_at, case.case_id) is not None


async def had_to_do_with(tx: Transaction, unit: str, cases: Iterable[Case]) -> frozenset[UUID]:
    """The same for many cases at once: those that the unit ever had to do with."""
    wanted = list(cases)
    keys = ([each.registered_at for each in wanted], [each.case_id for each in wanted])
    return frozenset(row[0] for row in await tx.fetch(HAD_TO_DO_WITH, tx.tenant, unit, *keys))
