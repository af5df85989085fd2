"""Which rows of cases were written by which projection, so that those of an earlier release are brought up.

Revision 0013, after 0012 of the shared branch.
"""

from __future__ import annotations

from alembic import op

revision = "bancheng_0013"
down_revision = "bancheng_0012"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE cases ADD COLUMN projection integer NOT NULL DEFAULT 0",
    "CREATE INDEX cases_behind ON cases (tenant, case_id) WHERE projection = 0",
)


def upgrade() -> None:
    """The default is a constant, so nothing is rewritten here: store/projecting.py does it, piece by piece."""
    for statement in STATEMENTS:
        op.execute(statement)
