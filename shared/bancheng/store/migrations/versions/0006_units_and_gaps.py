"""Which units had to do with a case, whom it is kept from, and what of the loop it lacks.

Revision 0006, after 0005 of the shared branch.
"""

from __future__ import annotations

from alembic import op

from bancheng.store.policies import protect

revision = "bancheng_0006"
down_revision = "bancheng_0005"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    ALTER TABLE cases ADD COLUMN complained_unit text COLLATE "C" NOT NULL DEFAULT '',
        ADD COLUMN is_confined boolean NOT NULL DEFAULT false, ADD COLUMN gaps integer NOT NULL DEFAULT 0""",
    "CREATE INDEX cases_open_gaps ON cases (tenant, gaps, holder_due_at, case_id) WHERE NOT is_closed",
    """
    CREATE TABLE case_unit (
        tenant text COLLATE "C" NOT NULL, unit text COLLATE "C" NOT NULL, registered_at timestamptz NOT NULL,
        case_id uuid NOT NULL,
        CONSTRAINT case_unit_pkey PRIMARY KEY (tenant, unit, registered_at, case_id))""",
)


def upgrade() -> None:
    """Defaults are constants, so nothing is rewritten; a case of the release before is brought up later (0013)."""
    for statement in STATEMENTS:
        op.execute(statement)
    for statement in protect("case_unit"):
        op.execute(statement)
