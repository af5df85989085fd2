"""Row-level security: one tenant's transaction sees and writes that tenant's rows and no others.

Owns the policy's text, used by every migration that makes a tenant table, and the inspection that a test and `check`
make of the catalogue (alembic does not notice policies). FORCE binds the owner as well, so a migration that touches
rows does it tenant by tenant, setting `bancheng.tenant` as a transaction of the service does.
"""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, text

POLICY = "one_tenant"
TENANT_SETTING = "bancheng.tenant"
# After a transaction the setting is an empty text and not null, hence nullif: no tenant, no row.
PREDICATE = f"tenant = NULLIF(current_setting('{TENANT_SETTING}', true), '')"


def protect(table: str) -> tuple[str, ...]:
    """The statements that put a new tenant table under row-level security, its owner included."""
    return (
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY {POLICY} ON {table} USING ({PREDICATE}) WITH CHECK ({PREDICATE})",
    )


class Protection(msgspec.Struct, frozen=True, kw_only=True):
    """How a table with a tenant column is protected, as the catalogue has it."""

    table: str
    enabled: bool
    forced: bool
    policies: int
    using: str
    check: str

    @property
    def is_whole(self) -> bool:
        """One policy, for every command, permissive, with our predicate both ways."""
        both = self.using == self.check == _AS_THE_CATALOGUE_SAYS
        return self.enabled and self.forced and self.policies == 1 and both


_AS_THE_CATALOGUE_SAYS = f"(tenant = NULLIF(current_setting('{TENANT_SETTING}'::text, true), ''::text))"

_PROTECTIONS = text("""
SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity,
    (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid),
    coalesce((SELECT min(pg_get_expr(p.polqual, p.polrelid)) FROM pg_policy p
        WHERE p.polrelid = c.oid AND p.polcmd = '*' AND p.polpermissive AND p.polroles = '{0}'), ''),
    coalesce((SELECT min(pg_get_expr(p.polwithcheck, p.polrelid)) FROM pg_policy p
        WHERE p.polrelid = c.oid AND p.polcmd = '*' AND p.polpermissive AND p.polroles = '{0}'), '')
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant' AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
ORDER BY c.relname""")


def protections(connection: Connection) -> list[Protection]:
    """Every table with a tenant column, and how it is protected."""
    return [
        Protection(table=row[0], enabled=row[1], forced=row[2], policies=row[3], using=row[4], check=row[5])
        for row in connection.execute(_PROTECTIONS)
    ]
