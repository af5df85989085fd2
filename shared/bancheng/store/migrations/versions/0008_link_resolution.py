"""What stopped a link, and how it was resolved.

Revision 0008, after 0007 of the shared branch.
"""

from __future__ import annotations

from alembic import op

from bancheng.store.policies import protect

revision = "bancheng_0008"
down_revision = "bancheng_0007"
branch_labels = None
depends_on = None

TABLES = (
    """
    CREATE TABLE link_stop (
        tenant text COLLATE "C" NOT NULL, id bigint GENERATED ALWAYS AS IDENTITY, peer text COLLATE "C" NOT NULL,
        epoch bigint NOT NULL, number bigint NOT NULL, code text COLLATE "C" NOT NULL, known_hash bytea,
        refused_hash bytea, event_hash bytea, case_id uuid, frame bytea, stopped_at timestamptz NOT NULL,
        CONSTRAINT link_stop_pkey PRIMARY KEY (tenant, id))""",
    "CREATE INDEX link_stop_peer ON link_stop (tenant, peer, id)",
    "CREATE INDEX link_stop_event ON link_stop (tenant, event_hash) WHERE event_hash IS NOT NULL",
    """
    CREATE TABLE link_resolution (
        tenant text COLLATE "C" NOT NULL, peer text COLLATE "C" NOT NULL, epoch bigint NOT NULL,
        code text COLLATE "C" NOT NULL, reason text NOT NULL, asked_by text COLLATE "C" NOT NULL,
        asked_at timestamptz NOT NULL, ours bytea, theirs bytea, opened_at timestamptz, out_number bigint,
        in_number bigint,
        CONSTRAINT link_resolution_pkey PRIMARY KEY (tenant, peer, epoch))""",
)


def upgrade() -> None:
    """Links that are stopped already have no row here; they are resolved like any other."""
    for statement in TABLES:
        op.execute(statement)
    for table in ("link_stop", "link_resolution"):
        for statement in protect(table):
            op.execute(statement)
