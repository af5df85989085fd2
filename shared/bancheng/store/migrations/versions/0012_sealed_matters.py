"""Which matters bear the seal, for the list of those under supervision.

Revision 0012, after 0011 of the shared branch.
"""

from __future__ import annotations

from alembic import op

revision = "bancheng_0012"
down_revision = "bancheng_0011"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE cases ADD COLUMN is_sealed boolean NOT NULL DEFAULT false",
    """
    CREATE INDEX cases_open_sealed ON cases (tenant, holder_due_at, case_id)
    WHERE is_sealed AND NOT is_closed""",
)


def upgrade() -> None:
    """The default is a constant, so nothing is rewritten; a case of the release before is brought up later (0013)."""
    for statement in STATEMENTS:
        op.execute(statement)
