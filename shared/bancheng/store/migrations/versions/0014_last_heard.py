"""When the peer of each link was last heard, so that a link that fell silent is seen before anything waits.

Revision 0014, after 0013 of the shared branch.
"""

from __future__ import annotations

from alembic import op

revision = "bancheng_0014"
down_revision = "bancheng_0013"
branch_labels = None
depends_on = None

STATEMENTS = ("ALTER TABLE link ADD COLUMN heard_at timestamptz",)


def upgrade() -> None:
    """In no index: the row is written each minute, and stays on its page. Null until the first greeting is answered."""
    for statement in STATEMENTS:
        op.execute(statement)
