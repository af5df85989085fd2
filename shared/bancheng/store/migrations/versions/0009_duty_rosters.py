"""The duty roster of each unit of the site.

Revision 0009, after 0008 of the shared branch.
"""

from __future__ import annotations

from alembic import op

from bancheng.store.policies import protect

revision = "bancheng_0009"
down_revision = "bancheng_0008"
branch_labels = None
depends_on = None

TABLE = """
    CREATE TABLE duty_roster (
        tenant text COLLATE "C" NOT NULL, unit text COLLATE "C" NOT NULL, roster bytea NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT duty_roster_pkey PRIMARY KEY (tenant, unit))"""


def upgrade() -> None:
    """A new table."""
    op.execute(TABLE)
    for statement in protect("duty_roster"):
        op.execute(statement)
