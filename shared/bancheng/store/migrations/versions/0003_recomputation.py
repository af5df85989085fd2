"""How far due dates have been recomputed for an edition of the calendar.

Revision 0003, after 0002 of the shared branch.
"""

from __future__ import annotations

from alembic import op

from bancheng.store.policies import protect

revision = "bancheng_0003"
down_revision = "bancheng_0002"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE recomputation (
    tenant text COLLATE "C" NOT NULL, calendar_edition integer NOT NULL, after_case_id uuid NOT NULL,
    finished_at timestamptz,
    CONSTRAINT recomputation_pkey PRIMARY KEY (tenant, calendar_edition))"""


def upgrade() -> None:
    """Nothing is there before it."""
    op.execute(TABLE)
    for statement in protect("recomputation"):
        op.execute(statement)
