"""Papers: which are here and which are still on their way.

Revision 0005, after 0004 of the shared branch.
"""

from __future__ import annotations

from alembic import op

from bancheng.store.policies import protect

revision = "bancheng_0005"
down_revision = "bancheng_0004"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE paper (
    tenant text COLLATE "C" NOT NULL, sha256 text COLLATE "C" NOT NULL, case_id uuid NOT NULL,
    state text COLLATE "C" NOT NULL, size bigint NOT NULL, media_type text COLLATE "C" NOT NULL,
    received_bytes bigint NOT NULL, peer text COLLATE "C" NOT NULL, source text COLLATE "C" NOT NULL,
    tries integer NOT NULL,
    next_try_at timestamptz NOT NULL, refused_copies integer NOT NULL, reason text COLLATE "C" NOT NULL,
    known_at timestamptz NOT NULL, completed_at timestamptz,
    CONSTRAINT paper_pkey PRIMARY KEY (tenant, sha256))"""
INDEXES = (
    "CREATE INDEX paper_wanted ON paper (tenant, peer, next_try_at, sha256) WHERE state IN ('fetching', 'missing')",
    "CREATE INDEX paper_storing ON paper (tenant, known_at) WHERE state = 'storing'",
)


def upgrade() -> None:
    """Nothing is there before it."""
    op.execute(TABLE)
    for index in INDEXES:
        op.execute(index)
    for statement in protect("paper"):
        op.execute(statement)
