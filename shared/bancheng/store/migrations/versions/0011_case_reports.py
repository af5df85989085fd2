"""Reports that hold figures, when they came, and the department of a case, by which reports are counted.

Revision 0011, after 0010 of the shared branch.
"""

from __future__ import annotations

from alembic import op

revision = "bancheng_0011"
down_revision = "bancheng_0010"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE unit_report ADD COLUMN received_at timestamptz, ADD COLUMN body bytea",
    "ALTER TABLE cases ADD COLUMN department text COLLATE \"C\" NOT NULL DEFAULT ''",
)


def upgrade() -> None:
    """Nothing is rewritten: a case of the release before is brought up later (0013)."""
    for statement in STATEMENTS:
        op.execute(statement)
