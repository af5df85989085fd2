"""History, the projection, both mailboxes and the links.

Revision 0001, the first of the shared branch.
"""

from __future__ import annotations

from alembic import op

from bancheng.store.policies import protect

revision = "bancheng_0001"
down_revision = None
branch_labels = ("bancheng",)
depends_on = None

TABLES = (
    """
    CREATE TABLE case_event (
        tenant text COLLATE "C" NOT NULL, case_id uuid NOT NULL, term integer NOT NULL,
        author text COLLATE "C" NOT NULL, seq integer NOT NULL,
        event_hash bytea NOT NULL, prev_hash bytea NOT NULL, type text COLLATE "C" NOT NULL,
        occurred_at timestamptz NOT NULL, recorded_at timestamptz NOT NULL,
        header bytea NOT NULL, signature bytea NOT NULL, salt bytea NOT NULL, payload bytea,
        CONSTRAINT case_event_pkey PRIMARY KEY (tenant, case_id, term, author, seq))""",
    # A note changes no indexed column: the room left on each page lets such updates touch no index.
    """
    CREATE TABLE cases (
        tenant text COLLATE "C" NOT NULL, case_id uuid NOT NULL, number text COLLATE "C" NOT NULL,
        title text NOT NULL, kind text COLLATE "C" NOT NULL, case_type text COLLATE "C" NOT NULL,
        stage text COLLATE "C" NOT NULL, outcome text COLLATE "C", channel text COLLATE "C" NOT NULL,
        registered_unit text COLLATE "C" NOT NULL, registered_site text COLLATE "C" NOT NULL,
        registered_at timestamptz NOT NULL, holder_unit text COLLATE "C" NOT NULL,
        holder_site text COLLATE "C" NOT NULL, in_transit_to text COLLATE "C",
        head_term integer NOT NULL, head_author text COLLATE "C" NOT NULL, head_seq integer NOT NULL,
        head_hash bytea NOT NULL, person_due_at timestamptz, holder_due_at timestamptz, act_at timestamptz,
        round integer NOT NULL, is_closed boolean NOT NULL, has_open_late_decision boolean NOT NULL,
        updated_at timestamptz NOT NULL, state bytea NOT NULL,
        CONSTRAINT cases_pkey PRIMARY KEY (tenant, case_id)) WITH (fillfactor = 85)""",
    "CREATE INDEX cases_number ON cases (tenant, number)",
    "CREATE INDEX cases_act_at ON cases (tenant, act_at, case_id) WHERE act_at IS NOT NULL",
    "CREATE INDEX cases_registered_at ON cases (tenant, registered_at, case_id)",
    "CREATE INDEX cases_registered_unit ON cases (tenant, registered_unit, registered_at, case_id)",
    "CREATE INDEX cases_holder_unit ON cases (tenant, holder_unit, registered_at, case_id)",
    "CREATE INDEX cases_stage ON cases (tenant, stage, registered_at, case_id)",
    "CREATE INDEX cases_open_holder_unit ON cases (tenant, holder_unit, holder_due_at, case_id) WHERE NOT is_closed",
    "CREATE INDEX cases_open_holder_due_at ON cases (tenant, holder_due_at, case_id) WHERE NOT is_closed",
    "CREATE INDEX cases_open_person_due_at ON cases (tenant, person_due_at, case_id) WHERE NOT is_closed",
    """
    CREATE TABLE loose_frame (
        tenant text COLLATE "C" NOT NULL, event_hash bytea NOT NULL, header bytea NOT NULL,
        signature bytea NOT NULL, salt bytea NOT NULL, payload bytea, type text COLLATE "C" NOT NULL,
        occurred_at timestamptz NOT NULL,
        CONSTRAINT loose_frame_pkey PRIMARY KEY (tenant, event_hash))""",
    """
    CREATE TABLE outbox (
        tenant text COLLATE "C" NOT NULL, peer text COLLATE "C" NOT NULL,
        id bigint GENERATED ALWAYS AS IDENTITY NOT NULL, kind text COLLATE "C" NOT NULL,
        case_id uuid, term integer, author text COLLATE "C", seq integer, event_hash bytea NOT NULL,
        epoch bigint, number bigint, link_hash bytea, queued_at timestamptz NOT NULL,
        CONSTRAINT outbox_pkey PRIMARY KEY (tenant, peer, id)) WITH (autovacuum_vacuum_scale_factor = 0.02)""",
    "CREATE INDEX outbox_unnumbered ON outbox (tenant, peer, id) WHERE number IS NULL",
    "CREATE UNIQUE INDEX outbox_number ON outbox (tenant, peer, epoch, number) WHERE number IS NOT NULL",
    "CREATE INDEX outbox_case ON outbox (tenant, case_id) WHERE case_id IS NOT NULL",
    """
    CREATE TABLE inbox (
        tenant text COLLATE "C" NOT NULL, peer text COLLATE "C" NOT NULL, epoch bigint NOT NULL,
        number bigint NOT NULL, kind text COLLATE "C" NOT NULL, case_id uuid, event_hash bytea NOT NULL,
        link_hash bytea NOT NULL, state text COLLATE "C" NOT NULL, reason text COLLATE "C" NOT NULL,
        frame bytea, received_at timestamptz NOT NULL,
        CONSTRAINT inbox_pkey PRIMARY KEY (tenant, peer, epoch, number))""",
    "CREATE INDEX inbox_deferred ON inbox (tenant, case_id) WHERE state = 'deferred'",
    """
    CREATE TABLE link (
        tenant text COLLATE "C" NOT NULL, peer text COLLATE "C" NOT NULL, role text COLLATE "C" NOT NULL,
        state text COLLATE "C" NOT NULL, reason text NOT NULL, out_epoch bigint NOT NULL,
        out_next_number bigint NOT NULL, out_head bytea NOT NULL, receipted_number bigint NOT NULL,
        receipt bytea, receipt_at timestamptz, in_epoch bigint NOT NULL, in_number bigint NOT NULL,
        in_head bytea NOT NULL,
        CONSTRAINT link_pkey PRIMARY KEY (tenant, peer)) WITH (fillfactor = 50)""",
    """
    CREATE TABLE receipt (
        tenant text COLLATE "C" NOT NULL, peer text COLLATE "C" NOT NULL, direction text COLLATE "C" NOT NULL,
        epoch bigint NOT NULL, stored_up_to bigint NOT NULL, head_hash bytea NOT NULL, signed bytea NOT NULL,
        at timestamptz NOT NULL,
        CONSTRAINT receipt_pkey PRIMARY KEY (tenant, peer, direction, epoch, stored_up_to))""",
    """
    CREATE TABLE equivocation (
        tenant text COLLATE "C" NOT NULL, id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
        peer text COLLATE "C" NOT NULL, detail text NOT NULL, first_frame bytea NOT NULL,
        second_frame bytea NOT NULL, found_at timestamptz NOT NULL,
        CONSTRAINT equivocation_pkey PRIMARY KEY (tenant, id))""",
    """
    CREATE TABLE document (
        tenant text COLLATE "C" NOT NULL, kind text COLLATE "C" NOT NULL, edition integer NOT NULL,
        effective_on date NOT NULL, body bytea NOT NULL, event_hash bytea NOT NULL,
        author text COLLATE "C" NOT NULL, received_at timestamptz NOT NULL,
        CONSTRAINT document_pkey PRIMARY KEY (tenant, kind, edition))""",
)
PROTECTED = ("case_event", "cases", "loose_frame", "outbox", "inbox", "link", "receipt", "equivocation", "document")


def upgrade() -> None:
    """Nothing is there before it."""
    for statement in TABLES:
        op.execute(statement)
    for table in PROTECTED:
        for statement in protect(table):
            op.execute(statement)
