"""What a sealed payload holds, at the sites that it is sealed to.

Revision 0004, after 0003 of the shared branch.
"""

from __future__ import annotations

from alembic import op

revision = "bancheng_0004"
down_revision = "bancheng_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A column without a default: nothing is rewritten."""
    op.execute("ALTER TABLE case_event ADD COLUMN opened bytea")
