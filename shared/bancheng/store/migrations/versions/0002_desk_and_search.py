"""Staff and their sessions, what requests leave behind, counters, numbers and the search pieces.

Revision 0002, after 0001 of the shared branch.
"""

from __future__ import annotations

from alembic import op

from bancheng.store.policies import protect

revision = "bancheng_0002"
down_revision = "bancheng_0001"
branch_labels = None
depends_on = None

TABLES = (
    """
    CREATE TABLE staff (
        tenant text COLLATE "C" NOT NULL, staff_id text COLLATE "C" NOT NULL, login text COLLATE "C" NOT NULL,
        name text NOT NULL, unit text COLLATE "C" NOT NULL, roles text[] NOT NULL, password_hash text NOT NULL,
        active boolean NOT NULL, created_at timestamptz NOT NULL,
        CONSTRAINT staff_pkey PRIMARY KEY (tenant, staff_id))""",
    "CREATE UNIQUE INDEX staff_login ON staff (tenant, login)",
    """
    CREATE TABLE session (
        tenant text COLLATE "C" NOT NULL, token_hash bytea NOT NULL, staff_id text COLLATE "C" NOT NULL,
        kind text COLLATE "C" NOT NULL, created_at timestamptz NOT NULL, expires_at timestamptz NOT NULL,
        csrf text NOT NULL, revoked_at timestamptz,
        CONSTRAINT session_pkey PRIMARY KEY (tenant, token_hash))""",
    "CREATE INDEX session_expires_at ON session (tenant, expires_at)",
    "CREATE INDEX session_staff ON session (tenant, staff_id)",
    """
    CREATE TABLE idempotency (
        tenant text COLLATE "C" NOT NULL, staff_id text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL,
        request_hash bytea NOT NULL, status integer NOT NULL, response bytea NOT NULL,
        created_at timestamptz NOT NULL,
        CONSTRAINT idempotency_pkey PRIMARY KEY (tenant, staff_id, key))""",
    "CREATE INDEX idempotency_created_at ON idempotency (tenant, created_at)",
    """
    CREATE TABLE audit (
        tenant text COLLATE "C" NOT NULL, id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
        at timestamptz NOT NULL, staff_id text COLLATE "C" NOT NULL, unit text COLLATE "C" NOT NULL,
        action text COLLATE "C" NOT NULL, case_id uuid, detail text NOT NULL,
        CONSTRAINT audit_pkey PRIMARY KEY (tenant, id))""",
    """
    CREATE TABLE ask (
        tenant text COLLATE "C" NOT NULL, ask_id uuid NOT NULL, case_id uuid NOT NULL,
        asked_at timestamptz NOT NULL, staff_id text COLLATE "C" NOT NULL, text text NOT NULL,
        note_kind text COLLATE "C" NOT NULL, state text COLLATE "C" NOT NULL, reason text NOT NULL,
        event_hash bytea NOT NULL,
        CONSTRAINT ask_pkey PRIMARY KEY (tenant, ask_id))""",
    "CREATE INDEX ask_case ON ask (tenant, case_id, asked_at)",
    """
    CREATE TABLE alert (
        tenant text COLLATE "C" NOT NULL, case_id uuid NOT NULL, kind text COLLATE "C" NOT NULL,
        raised_at timestamptz NOT NULL, cleared_at timestamptz, detail text NOT NULL,
        CONSTRAINT alert_pkey PRIMARY KEY (tenant, case_id, kind))""",
    "CREATE INDEX alert_raised ON alert (tenant, raised_at) WHERE cleared_at IS NULL",
    """
    CREATE TABLE counter (
        tenant text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL, unit text COLLATE "C" NOT NULL,
        value bigint NOT NULL,
        CONSTRAINT counter_pkey PRIMARY KEY (tenant, name, unit))""",
    """
    CREATE TABLE counter_delta (
        tenant text COLLATE "C" NOT NULL, id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
        name text COLLATE "C" NOT NULL, unit text COLLATE "C" NOT NULL, delta bigint NOT NULL,
        CONSTRAINT counter_delta_pkey PRIMARY KEY (tenant, id)) WITH (autovacuum_vacuum_scale_factor = 0.02)""",
    """
    CREATE TABLE number_sequence (
        tenant text COLLATE "C" NOT NULL, unit text COLLATE "C" NOT NULL, day date NOT NULL, last integer NOT NULL,
        CONSTRAINT number_sequence_pkey PRIMARY KEY (tenant, unit, day)) WITH (fillfactor = 50)""",
    """
    CREATE TABLE case_gram (
        tenant text COLLATE "C" NOT NULL, gram text COLLATE "C" NOT NULL, case_id uuid NOT NULL,
        CONSTRAINT case_gram_pkey PRIMARY KEY (tenant, gram, case_id))""",
    """
    CREATE TABLE gram_queue (
        tenant text COLLATE "C" NOT NULL, case_id uuid NOT NULL,
        CONSTRAINT gram_queue_pkey PRIMARY KEY (tenant, case_id)) WITH (autovacuum_vacuum_scale_factor = 0.02)""",
)
PROTECTED = (
    "staff", "session", "idempotency", "audit", "ask", "alert", "counter", "counter_delta", "number_sequence",
    "case_gram", "gram_queue",
)  # fmt: skip


def upgrade() -> None:
    """New tables only: the release before does not know them."""
    for statement in TABLES:
        op.execute(statement)
    for table in PROTECTED:
        for statement in protect(table):
            op.execute(statement)
