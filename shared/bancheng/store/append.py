"""Writing history: events, projection, outbox, counts and the request's own rows, in one statement.

Owns that statement. One round trip for any number of cases: a register is one case, a batch from a neighbour a
thousand; numbers of other systems, which are rare, take one more. Nothing is written unless every case still stands
where the caller read it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import chain

from bancheng.store.changes import (
    CaseChange,
    RequestRecord,
    counts,
    given_names,
    given_numbers,
    involved_units,
    projection,
)
from bancheng.store.database import FEW_ROWS, Transaction
from bancheng.store.errors import StaleVersion
from bancheng.store.notices import raise_notices
from bancheng.store.search import index_again, index_given_numbers
from bancheng.store.signing import StoredEntry
from bancheng.store.tracing import began

MAX_CHANGES = 1_000

_Columns = tuple[tuple[str, str], ...]


def _columns(listing: str) -> _Columns:
    """`name type` pairs, separated by commas."""
    pairs = (part.split() for part in listing.split(","))
    return tuple((name, kind) for name, kind in pairs)


CASE_COLUMNS = _columns(
    "case_id uuid, number text, title text, kind text, case_type text, stage text, outcome text, channel text, "
    "registered_unit text, registered_site text, registered_at timestamptz, holder_unit text, holder_site text, "
    "in_transit_to text, head_term int, head_author text, head_seq int, head_hash bytea, person_due_at timestamptz, "
    "holder_due_at timestamptz, act_at timestamptz, round int, is_closed bool, has_open_late_decision bool, "
    "complained_unit text, is_confined bool, gaps int, department text, is_sealed bool, projection int, state bytea"
)
_BEFORE = _columns("before_hash bytea")
_EVENT_COLUMNS = _columns(
    "case_id uuid, term int, author text, seq int, event_hash bytea, prev_hash bytea, type text, "
    "occurred_at timestamptz, header bytea, signature bytea, salt bytea, payload bytea, opened bytea"
)
_OUTBOX_COLUMNS = _columns("peer text, kind text, case_id uuid, term int, author text, seq int, event_hash bytea")
_UNIT_COLUMNS = _columns("case_id uuid, unit text, registered_at timestamptz")
_COUNT_COLUMNS = _columns("name text, unit text, delta bigint")
_KEY_COLUMNS = _columns("staff_id text, key text, request_hash bytea, status int, response bytea")
_AUDIT_COLUMNS = _columns("staff_id text, unit text, action text, case_id uuid, detail text")


def _names(columns: _Columns, prefix: str = "") -> str:
    return ", ".join(prefix + name for name, _ in columns)


def _statement() -> str:
    """$1 is the tenant, $2 the instant; then one array for each column of each part, in the order written here."""
    place = 3

    def rows(alias: str, columns: _Columns) -> str:
        nonlocal place
        arrays = ", ".join(f"${place + index}::{kind}[]" for index, (_, kind) in enumerate(columns))
        place += len(columns)
        return f"unnest({arrays}) WITH ORDINALITY AS {alias}({_names(columns)}, ordinal)"

    settable = CASE_COLUMNS[1:]
    changed_rows = rows("change", _BEFORE + CASE_COLUMNS)
    # Said twice, so that whatever plan is kept looks the cases up by their whole key.
    case_ids = "$4::uuid[]"
    return f"""
WITH change AS MATERIALIZED (
    SELECT * FROM {changed_rows}
), inserted AS (
    INSERT INTO cases (tenant, {_names(CASE_COLUMNS)}, updated_at)
    SELECT $1, {_names(CASE_COLUMNS)}, $2 FROM change WHERE before_hash IS NULL
    ON CONFLICT (tenant, case_id) DO NOTHING
    RETURNING case_id
), updated AS (
    UPDATE cases SET ({_names(settable)}, updated_at) = ROW({_names(settable, "change.")}, $2)
    FROM change
    WHERE cases.tenant = $1 AND cases.case_id = ANY({case_ids}) AND cases.case_id = change.case_id
        AND cases.head_hash = change.before_hash
    RETURNING cases.case_id
), changed AS MATERIALIZED (
    SELECT case_id FROM inserted UNION ALL SELECT case_id FROM updated
), guard AS MATERIALIZED (
    SELECT 1 WHERE (SELECT count(*) FROM changed) = (SELECT count(*) FROM change)
), written AS (
    INSERT INTO case_event (tenant, {_names(_EVENT_COLUMNS)}, recorded_at)
    SELECT $1, {_names(_EVENT_COLUMNS, "entry.")}, $2 FROM guard, {rows("entry", _EVENT_COLUMNS)}
), queued AS (
    INSERT INTO outbox (tenant, {_names(_OUTBOX_COLUMNS)}, queued_at)
    SELECT $1, {_names(_OUTBOX_COLUMNS, "outgoing.")}, $2 FROM guard, {rows("outgoing", _OUTBOX_COLUMNS)}
    ORDER BY outgoing.ordinal
), involved AS (
    INSERT INTO case_unit (tenant, {_names(_UNIT_COLUMNS)})
    SELECT DISTINCT $1, {_names(_UNIT_COLUMNS, "involved.")} FROM guard, {rows("involved", _UNIT_COLUMNS)}
    ON CONFLICT DO NOTHING
), counted AS (
    INSERT INTO counter_delta (tenant, {_names(_COUNT_COLUMNS)})
    SELECT $1, {_names(_COUNT_COLUMNS, "counted.")} FROM guard, {rows("counted", _COUNT_COLUMNS)}
), answered AS (
    INSERT INTO idempotency (tenant, {_names(_KEY_COLUMNS)}, created_at)
    SELECT $1, {_names(_KEY_COLUMNS, "answered.")}, $2 FROM guard, {rows("answered", _KEY_COLUMNS)}
), audited AS (
    INSERT INTO audit (tenant, {_names(_AUDIT_COLUMNS)}, at)
    SELECT $1, {_names(_AUDIT_COLUMNS, "audited.")}, $2 FROM guard, {rows("audited", _AUDIT_COLUMNS)}
    ORDER BY audited.ordinal
), to_index AS (
    INSERT INTO gram_queue (tenant, case_id)
    SELECT $1, change.case_id FROM guard, change WHERE change.before_hash IS NULL
    ON CONFLICT DO NOTHING
)
SELECT case_id FROM changed"""  # noqa: S608  column names written above


APPEND = _statement()


async def append(
    tx: Transaction, changes: Sequence[CaseChange], *, now: datetime, also: Sequence[RequestRecord] = ()
) -> None:
    """Write the changes of different cases, at most MAX_CHANGES. `now` is the wall instant of recording.

    `also` is what the requests that changed them leave beside them. Outbox rows come in the order given here. Raises
    StaleVersion when a case has moved on, EntryExists, KeyInUse; whatever it raises, the transaction can only be
    rolled back.
    """
    if len(changes) > MAX_CHANGES or len({change.case.case_id for change in changes}) < len(changes):
        raise ValueError(f"append takes each case once and at most {MAX_CHANGES}")
    arrays = chain(
        _arrays(((_before(change), *projection(change)) for change in changes), _BEFORE + CASE_COLUMNS),
        _arrays((_event_row(change, entry) for change in changes for entry in change.entries), _EVENT_COLUMNS),
        _arrays(_outgoing_rows(changes), _OUTBOX_COLUMNS),
        _arrays((row for change in changes for row in involved_units(change)), _UNIT_COLUMNS),
        _arrays(
            ((count.name, count.unit, count.delta) for change in changes for count in counts(change)), _COUNT_COLUMNS
        ),
        _request_arrays(also),
    )
    began_ns = began(tx.tracer)
    if len(changes) > FEW_ROWS:
        await tx.plan_afresh()
    written = {row[0] for row in await tx.fetch(APPEND, tx.tenant, now, *arrays)}
    for change in changes:
        if change.case.case_id not in written:
            raise StaleVersion(change.case.case_id)
    await index_given_numbers(tx, [row for change in changes for row in given_numbers(change)])
    for change in changes:
        if names := list(given_names(change)):
            await index_again(tx, change.case, names)
    await raise_notices(tx, changes)
    if tx.tracer is not None:
        done = ((change.case.case_id, {"entries": len(change.entries)}) for change in changes)
        tx.tracer.record("append", tx.tenant, done, began_ns=began_ns)


INVOLVED = f"""
INSERT INTO case_unit (tenant, {_names(_UNIT_COLUMNS)})
SELECT DISTINCT $1, unit.case_id, unit.unit, unit.registered_at
FROM unnest($2::uuid[], $3::text[], $4::timestamptz[]) AS unit({_names(_UNIT_COLUMNS)})
ON CONFLICT DO NOTHING"""  # noqa: S608  column names written above


async def record_involved(tx: Transaction, changes: Sequence[CaseChange]) -> None:
    """The units that entries make part of their cases, where the entries themselves are stored already."""
    rows = (row for change in changes for row in involved_units(change))
    await tx.execute(INVOLVED, tx.tenant, *_arrays(rows, _UNIT_COLUMNS))


def _before(change: CaseChange) -> bytes | None:
    return None if change.before is None else change.before.hash


def _event_row(change: CaseChange, entry: StoredEntry) -> tuple[object, ...]:
    header, frame = entry.header, entry.frame
    return (
        change.case.case_id, header.term, header.author, header.seq, entry.hash, header.prev_hash, header.type,
        header.occurred_at, frame.header, frame.signature, frame.salt, frame.payload,
        entry.opened,
    )  # fmt: skip


def _outgoing_rows(changes: Sequence[CaseChange]) -> Iterable[tuple[object, ...]]:
    for change in changes:
        for each in change.outgoing:
            at = each.position
            yield (each.peer, each.kind, change.case.case_id, at.term, at.author, at.seq, each.event_hash)


def _request_arrays(also: Sequence[RequestRecord]) -> Iterable[Sequence[object]]:
    keys = (each.idempotency for each in also if each.idempotency is not None)
    key_rows = ((key.staff_id, key.key, key.request_hash, key.status, key.response) for key in keys)
    audit = (entry for each in also for entry in each.audit)
    audit_rows = ((each.staff_id, each.unit, each.action, each.case_id, each.detail) for each in audit)
    return chain(_arrays(key_rows, _KEY_COLUMNS), _arrays(audit_rows, _AUDIT_COLUMNS))


def _arrays(rows: Iterable[tuple[object, ...]], columns: _Columns) -> Iterable[Sequence[object]]:
    """Rows as one array for each column; empty arrays when there is no row."""
    turned = list(zip(*rows, strict=True))
    return turned or [()] * len(columns)
