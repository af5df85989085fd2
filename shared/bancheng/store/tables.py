"""The tables that the three services share, as SQLAlchemy knows them.

Owns names, types, keys and indexes, and what the service's role may do with each table (`info["service"]`). Must not
know queries. Row-level security is in policies.py; the migrations write all of this by hand and a test compares.
Every table begins with its tenant, and so does every key and index. Keys are compared by code point, whatever the
database's own collation is: it is faster, and an upgrade of the operating system cannot unsort an index.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

metadata = MetaData()

APPEND_ONLY = "SELECT, INSERT"
NEVER_DELETED = "SELECT, INSERT, UPDATE"
NEVER_CHANGED = "SELECT, INSERT, DELETE"
EVERYTHING = "SELECT, INSERT, UPDATE, DELETE"
QUEUE = EVERYTHING
"""A worker takes rows with FOR UPDATE SKIP LOCKED, and PostgreSQL wants the right to update for that."""


def key(name: str, *, nullable: bool = False) -> Column[Any]:
    """A text that is compared and sorted, by code point."""
    return Column(name, Text(collation="C"), nullable=nullable)


def words(name: str, *, nullable: bool = False) -> Column[Any]:
    """A text that is only shown."""
    return Column(name, Text, nullable=nullable)


def data(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, LargeBinary, nullable=nullable)


def instant(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def whole(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Integer, nullable=nullable)


def big(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, BigInteger, nullable=nullable)


def flag(name: str) -> Column[Any]:
    return Column(name, Boolean, nullable=False)


def uuid(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Uuid, nullable=nullable)


def numbered(name: str) -> Column[Any]:
    return Column(name, BigInteger, Identity(always=True), nullable=False)


def tenant_table(name: str, service: str, primary: str, *rest: Column[Any] | Index) -> Table:
    """A table of tenants' rows: `primary` are the key's columns after the tenant, `service` the grants."""
    columns = ["tenant", *primary.split()]
    return Table(
        name, metadata, key("tenant"), *rest, PrimaryKeyConstraint(*columns, name=f"{name}_pkey"),
        info={"service": service},
    )  # fmt: skip


case_event = tenant_table(
    "case_event", APPEND_ONLY, "case_id term author seq",
    uuid("case_id"), whole("term"), key("author"), whole("seq"), data("event_hash"), data("prev_hash"), key("type"),
    instant("occurred_at"), instant("recorded_at"),
    data("header"), data("signature"), data("salt"), data("payload", nullable=True), data("opened", nullable=True),
)  # fmt: skip
"""History: the service inserts and reads. One row is one frame, byte for byte. `opened` is what a sealed payload holds,
at the sites that it is sealed to."""

cases = tenant_table(
    "cases", NEVER_DELETED, "case_id",
    uuid("case_id"), key("number"), words("title"), key("kind"), key("case_type"), key("stage"),
    key("outcome", nullable=True), key("channel"), key("registered_unit"), key("registered_site"),
    instant("registered_at"), key("holder_unit"), key("holder_site"), key("in_transit_to", nullable=True),
    whole("head_term"), key("head_author"), whole("head_seq"), data("head_hash"),
    instant("person_due_at", nullable=True), instant("holder_due_at", nullable=True), instant("act_at", nullable=True),
    whole("round"), flag("is_closed"), flag("has_open_late_decision"), instant("updated_at"), data("state"),
    key("complained_unit"), flag("is_confined"), whole("gaps"), key("department"), flag("is_sealed"),
    whole("projection"),
    Index("cases_number", "tenant", "number"),
    Index("cases_act_at", "tenant", "act_at", "case_id", postgresql_where=text("act_at IS NOT NULL")),
    Index("cases_registered_at", "tenant", "registered_at", "case_id"),
    Index("cases_registered_unit", "tenant", "registered_unit", "registered_at", "case_id"),
    Index("cases_holder_unit", "tenant", "holder_unit", "registered_at", "case_id"),
    Index("cases_stage", "tenant", "stage", "registered_at", "case_id"),
    Index("cases_reported", "tenant", "registered_at", "case_id", postgresql_where=text("channel = 'report'")),
    Index("cases_not_done", "tenant", "registered_at", "case_id",
          postgresql_where=text("outcome IN ('cannot_be_done', 'declined')")),
    Index("cases_open_holder_unit", "tenant", "holder_unit", "holder_due_at", "case_id",
          postgresql_where=text("NOT is_closed")),
    Index("cases_open_holder_due_at", "tenant", "holder_due_at", "case_id", postgresql_where=text("NOT is_closed")),
    Index("cases_open_person_due_at", "tenant", "person_due_at", "case_id", postgresql_where=text("NOT is_closed")),
    Index("cases_open_sealed", "tenant", "holder_due_at", "case_id",
          postgresql_where=text("is_sealed AND NOT is_closed")),
    Index("cases_behind", "tenant", "case_id", postgresql_where=text("projection = 0")),
    Index("cases_open_gaps", "tenant", "gaps", "holder_due_at", "case_id", postgresql_where=text("NOT is_closed")),
)  # fmt: skip
"""The projection: how each case stands, written with its events. `state` is msgpack of the kernel's Case; `gaps` are
the missing steps of the loop, a bit for each (gaps.py); `is_confined`: seen only by units that had to do with it;
`is_sealed`: it bears the window's seal (XS-08); `projection`: by which projection it was written (projecting.py).
"""

case_unit = tenant_table(
    "case_unit", APPEND_ONLY, "unit registered_at case_id", key("unit"), instant("registered_at"), uuid("case_id"),
)  # fmt: skip
"""Units that had to do with a case beside the one that registered it and the one that holds it: whoever ever held or
was granted it, was ordered to do something, or is the department concerned. What they saw once they go on seeing.
"""

loose_frame = tenant_table(
    "loose_frame", APPEND_ONLY, "event_hash",
    data("event_hash"), data("header"), data("signature"), data("salt"), data("payload", nullable=True), key("type"),
    instant("occurred_at"),
)  # fmt: skip
"""Frames that are no entry of a case: asks and documents."""

outbox = tenant_table(
    "outbox", NEVER_DELETED, "peer id",
    key("peer"), numbered("id"), key("kind"), uuid("case_id", nullable=True), whole("term", nullable=True),
    key("author", nullable=True), whole("seq", nullable=True), data("event_hash"),
    big("epoch", nullable=True), big("number", nullable=True), data("link_hash", nullable=True), instant("queued_at"),
    Index("outbox_unnumbered", "tenant", "peer", "id", postgresql_where=text("number IS NULL")),
    Index("outbox_number", "tenant", "peer", "epoch", "number", unique=True,
          postgresql_where=text("number IS NOT NULL")),
    Index("outbox_case", "tenant", "case_id", postgresql_where=text("case_id IS NOT NULL")),
)  # fmt: skip
"""What goes to each neighbour, in insertion order; the sequencer gives numbers after the commit."""

inbox = tenant_table(
    "inbox", NEVER_DELETED, "peer epoch number",
    key("peer"), big("epoch"), big("number"), key("kind"), uuid("case_id", nullable=True), data("event_hash"),
    data("link_hash"), key("state"), key("reason"), data("frame", nullable=True), instant("received_at"),
    Index("inbox_deferred", "tenant", "case_id", postgresql_where=text("state = 'deferred'")),
)  # fmt: skip
"""What came from each neighbour. `frame` is kept while it is deferred or when it was rejected."""

link = tenant_table(
    "link", NEVER_DELETED, "peer",
    key("peer"), key("role"), key("state"), words("reason"), big("out_epoch"), big("out_next_number"),
    data("out_head"), big("receipted_number"), data("receipt", nullable=True), instant("receipt_at", nullable=True),
    big("in_epoch"), big("in_number"), data("in_head"), instant("heard_at", nullable=True),
)  # fmt: skip

receipt = tenant_table(
    "receipt", APPEND_ONLY, "peer direction epoch stored_up_to",
    key("peer"), key("direction"), big("epoch"), big("stored_up_to"), data("head_hash"), data("signed"), instant("at"),
)  # fmt: skip
"""Evidence: the signed receipts, ours and the peer's."""

equivocation = tenant_table(
    "equivocation", APPEND_ONLY, "id",
    numbered("id"), key("peer"), words("detail"), data("first_frame"), data("second_frame"), instant("found_at"),
)  # fmt: skip

link_stop = tenant_table(
    "link_stop", APPEND_ONLY, "id",
    numbered("id"), key("peer"), big("epoch"), big("number"), key("code"), data("known_hash", nullable=True),
    data("refused_hash", nullable=True), data("event_hash", nullable=True), uuid("case_id", nullable=True),
    data("frame", nullable=True), instant("stopped_at"),
    Index("link_stop_peer", "tenant", "peer", "id"),
    Index("link_stop_event", "tenant", "event_hash", postgresql_where=text("event_hash IS NOT NULL")),
)  # fmt: skip
"""Evidence: what was refused under which number when a link stopped, and what was known there."""

link_resolution = tenant_table(
    "link_resolution", NEVER_DELETED, "peer epoch",
    key("peer"), big("epoch"), key("code"), words("reason"), key("asked_by"), instant("asked_at"),
    data("ours", nullable=True), data("theirs", nullable=True), instant("opened_at", nullable=True),
    big("out_number", nullable=True), big("in_number", nullable=True),
)  # fmt: skip
"""How an epoch was opened: for what, by whom, and what both ends signed. `opened_at` is null until it is."""

document = tenant_table(
    "document", APPEND_ONLY, "kind edition",
    key("kind"), whole("edition"), Column("effective_on", Date, nullable=False), data("body"), data("event_hash"),
    key("author"), instant("received_at"),
)  # fmt: skip

staff = tenant_table(
    "staff", NEVER_DELETED, "staff_id",
    key("staff_id"), key("login"), words("name"), key("unit"), Column("roles", ARRAY(Text), nullable=False),
    words("password_hash"), flag("active"), instant("created_at"),
    Index("staff_login", "tenant", "login", unique=True),
)  # fmt: skip

session = tenant_table(
    "session", EVERYTHING, "token_hash",
    data("token_hash"), key("staff_id"), key("kind"), instant("created_at"), instant("expires_at"), words("csrf"),
    instant("revoked_at", nullable=True),
    Index("session_expires_at", "tenant", "expires_at"),
    Index("session_staff", "tenant", "staff_id"),
)  # fmt: skip

idempotency = tenant_table(
    "idempotency", NEVER_CHANGED, "staff_id key",
    key("staff_id"), key("key"), data("request_hash"), whole("status"), data("response"), instant("created_at"),
    Index("idempotency_created_at", "tenant", "created_at"),
)  # fmt: skip

audit = tenant_table(
    "audit", APPEND_ONLY, "id",
    numbered("id"), instant("at"), key("staff_id"), key("unit"), key("action"), uuid("case_id", nullable=True),
    words("detail"),
)  # fmt: skip

ask = tenant_table(
    "ask", NEVER_DELETED, "ask_id",
    uuid("ask_id"), uuid("case_id"), instant("asked_at"), key("staff_id"), words("text"), key("note_kind"),
    key("state"), words("reason"), data("event_hash"),
    Index("ask_case", "tenant", "case_id", "asked_at"),
)  # fmt: skip

alert = tenant_table(
    "alert", NEVER_DELETED, "case_id kind",
    uuid("case_id"), key("kind"), instant("raised_at"), instant("cleared_at", nullable=True), words("detail"),
    Index("alert_raised", "tenant", "raised_at", postgresql_where=text("cleared_at IS NULL")),
)  # fmt: skip

counter = tenant_table("counter", NEVER_DELETED, "name unit", key("name"), key("unit"), big("value"))

counter_delta = tenant_table("counter_delta", QUEUE, "id", numbered("id"), key("name"), key("unit"), big("delta"))
"""What a worker has still to add to `counter`: the request path updates no row that another request updates."""

number_sequence = tenant_table(
    "number_sequence", NEVER_DELETED, "unit day",
    key("unit"), Column("day", Date, nullable=False), whole("last"),
)  # fmt: skip

case_gram = tenant_table("case_gram", NEVER_CHANGED, "gram case_id", key("gram"), uuid("case_id"))
"""Two-character pieces of a case's text: btree equality is what row-level security lets narrow a scan. A number that
another system gave is there whole.
"""

gram_queue = tenant_table("gram_queue", QUEUE, "case_id", uuid("case_id"))
"""Cases whose pieces are still to be cut, by a worker."""

recomputation = tenant_table(
    "recomputation", NEVER_DELETED, "calendar_edition",
    whole("calendar_edition"), uuid("after_case_id"), instant("finished_at", nullable=True),
)  # fmt: skip
"""How far the open cases have been brought to an edition of the calendar: a cursor that any replica may go on with."""

paper = tenant_table(
    "paper", EVERYTHING, "case_id sha256",
    key("sha256"), uuid("case_id"), key("state"), big("size"), key("media_type"), big("received_bytes"), key("peer"),
    key("source"), whole("tries"), instant("next_try_at"), whole("refused_copies"), key("reason"), instant("known_at"),
    instant("completed_at", nullable=True),
    Index("paper_wanted", "tenant", "peer", "next_try_at", "sha256",
          postgresql_where=text("state IN ('fetching', 'missing')")),
    Index("paper_hash", "tenant", "sha256"),
    Index("paper_storing", "tenant", "known_at", postgresql_where=text("state = 'storing'")),
)  # fmt: skip
"""Papers by their case and hash: here, or on their way from which neighbour. Whether the case has it is its own."""
