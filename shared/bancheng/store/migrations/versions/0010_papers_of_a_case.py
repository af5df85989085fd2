"""Papers by their case: that bytes are here for one case says nothing of another that names the same hash.

Revision 0010, after 0009 of the shared branch.
"""

from __future__ import annotations

from alembic import op

revision = "bancheng_0010"
down_revision = "bancheng_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A paper that two cases had stays with the one of its row; for the other it is uploaded once more."""
    op.execute("ALTER TABLE paper DROP CONSTRAINT paper_pkey")
    op.execute("ALTER TABLE paper ADD CONSTRAINT paper_pkey PRIMARY KEY (tenant, case_id, sha256)")
    op.execute("CREATE INDEX paper_hash ON paper (tenant, sha256)")
