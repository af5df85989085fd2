"""Who may see which case: the one predicate that every list, count, search and export goes through.

Owns the predicate and its SQL. Must not know roles: whoever signs somebody in says which units they see.
"""

from __future__ import annotations

import msgspec

from bancheng.store.database import Transaction
from bancheng.store.errors import TenantInvalid


class Visibility(msgspec.Struct, frozen=True, kw_only=True):
    """A case is seen by the unit that registered it and by the unit that holds it. `units` None: every unit."""

    tenant: str
    units: tuple[str, ...] | None

    def check(self, tx: Transaction) -> None:
        """Raises TenantInvalid for another tenant's transaction: a defect, which row-level security would hide."""
        if tx.tenant != self.tenant:
            raise TenantInvalid(tenant=self.tenant)

    def sees(self, unit: str | None) -> bool:
        """Whether every case of this unit is seen, so that nothing else need be asked."""
        return self.units is None or (unit is not None and unit in self.units)


def predicate(units_place: str, table: str = "c") -> str:
    """The SQL of the predicate, given the parameter that holds the units as text[]."""
    return f"({table}.holder_unit = ANY({units_place}::text[]) OR {table}.registered_unit = ANY({units_place}::text[]))"
