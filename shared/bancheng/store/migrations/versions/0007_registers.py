"""Registers beside the cases: reports of units and liaisons; and the few cases they are counted from.

Revision 0007, after 0006 of the shared branch.
"""

from __future__ import annotations

from alembic import op

from bancheng.store.policies import protect

revision = "bancheng_0007"
down_revision = "bancheng_0006"
branch_labels = None
depends_on = None

TABLES = (
    """
    CREATE TABLE unit_report (
        tenant text COLLATE "C" NOT NULL, report text COLLATE "C" NOT NULL, period text COLLATE "C" NOT NULL,
        unit text COLLATE "C" NOT NULL, filed_at timestamptz NOT NULL, staff_name text NOT NULL,
        event_hash bytea NOT NULL,
        CONSTRAINT unit_report_pkey PRIMARY KEY (tenant, report, period, unit))""",
    """
    CREATE TABLE liaison (
        tenant text COLLATE "C" NOT NULL, unit text COLLATE "C" NOT NULL, name text NOT NULL, phone text NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT liaison_pkey PRIMARY KEY (tenant, unit))""",
)
INDEXES = (
    "CREATE INDEX cases_reported ON cases (tenant, registered_at, case_id) WHERE channel = 'report'",
    """
    CREATE INDEX cases_not_done ON cases (tenant, registered_at, case_id)
    WHERE outcome IN ('cannot_be_done', 'declined')""",
)


def upgrade() -> None:
    """New tables, and two indexes over the few cases that they concern."""
    for statement in (*TABLES, *INDEXES):
        op.execute(statement)
    for table in ("unit_report", "liaison"):
        for statement in protect(table):
            op.execute(statement)
