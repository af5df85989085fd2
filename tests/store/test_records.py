"""Documents, staff, sessions, responses, asks and alerts: kept once, read as they were."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from msgspec.structs import replace

from bancheng.kernel.commands import AddNote, CorrectPerson
from bancheng.schema.documents import Document
from bancheng.store import accounts
from bancheng.store.accounts import Session, Staff
from bancheng.store.alerts import alerts_of_case, clear_alerts, open_alerts, raise_alert
from bancheng.store.asks import OwnAsk, asks_of_case, record_ask
from bancheng.store.casebook import AuditRecord, IdempotencyRecord
from bancheng.store.documents import edition, editions, newest, store_document
from bancheng.store.errors import AlreadyThere, DocumentConflict, KeyInUse
from tests.store.stories import NOW

if TYPE_CHECKING:
    from bancheng.store.database import Database, Transaction

CLERK = Staff(
    staff_id="s-1", login="lin", name="林小满", unit="guali", roles=("clerk", "lead"), password_hash="hash",
    active=True, created_at=NOW,
)  # fmt: skip
SESSION = Session(
    token_hash=b"token", staff_id="s-1", kind="session", created_at=NOW, expires_at=NOW + timedelta(hours=8), csrf="c"
)


async def _store(tx: Transaction, document: Document, event_hash: bytes) -> bool:
    return await store_document(tx, document, event_hash=event_hash, author="county", now=NOW)


async def test_a_document_is_kept_once_and_another_of_its_edition_is_a_conflict(
    database: Database, tenant: str
) -> None:
    first = Document(kind="profile", edition=1, effective_on=date(2026, 1, 1), body=b"one")
    async with database.transaction(tenant) as tx:
        assert await _store(tx, first, b"h1")
        assert not await _store(tx, first, b"h1")
    with pytest.raises(DocumentConflict):
        async with database.transaction(tenant) as tx:
            await _store(tx, first, b"h2")


async def test_the_newest_document_is_the_highest_edition_in_effect(database: Database, tenant: str) -> None:
    documents = [
        Document(kind="profile", edition=number, effective_on=date(2026, number, 1), body=b"%d" % number)
        for number in (1, 2, 3)
    ]
    async with database.transaction(tenant) as tx:
        for each in documents:
            await _store(tx, each, each.body)
        assert await newest(tx, "profile", date(2025, 12, 31)) is None
        found = await newest(tx, "profile", date(2026, 2, 28))
        assert found is not None
        assert (found.document, found.author, found.event_hash) == (documents[1], "county", b"2")
        assert [each.document.edition for each in await editions(tx, "profile")] == [3, 2, 1]
        last = await edition(tx, "profile", 3)
        assert last is not None
        assert last.document == documents[2]
        assert await edition(tx, "calendar", 3) is None


async def test_staff_are_found_by_login_and_a_login_is_one_persons(database: Database, tenant: str) -> None:
    async with database.transaction(tenant) as tx:
        await accounts.save_staff(tx, CLERK)
        assert await accounts.staff_by_login(tx, "lin") == CLERK
        moved = replace(CLERK, unit="linpu", active=False)
        await accounts.save_staff(tx, moved)
        assert await accounts.staff_by_login(tx, "lin") == moved
        assert await accounts.list_staff(tx) == [moved]
        assert await accounts.list_staff(tx, after_login="lin") == []
    with pytest.raises(AlreadyThere):
        async with database.transaction(tenant) as tx:
            await accounts.save_staff(tx, replace(CLERK, staff_id="s-2"))


async def test_a_session_counts_until_it_expires_is_revoked_or_its_owner_leaves(
    database: Database, tenant: str
) -> None:
    async with database.transaction(tenant) as tx:
        await accounts.save_staff(tx, CLERK)
        await accounts.open_session(tx, SESSION)
        await accounts.open_session(tx, replace(SESSION, token_hash=b"second"))
        known = await accounts.signed_in(tx, b"token", now=NOW)
        assert known is not None
        assert (known.session, known.staff) == (SESSION, CLERK)
        assert await accounts.signed_in(tx, b"unknown", now=NOW) is None
        assert await accounts.signed_in(tx, b"token", now=SESSION.expires_at) is None
        assert await accounts.revoke_session(tx, b"token", now=NOW)
        assert not await accounts.revoke_session(tx, b"token", now=NOW)
        assert await accounts.signed_in(tx, b"token", now=NOW) is None
        assert await accounts.signed_in(tx, b"second", now=NOW) is not None
        await accounts.save_staff(tx, replace(CLERK, active=False))
        assert await accounts.signed_in(tx, b"second", now=NOW) is None
        assert await accounts.revoke_sessions_of(tx, "s-1", now=NOW) == 1
        assert await accounts.delete_expired_sessions(tx, before=NOW) == 0
        assert await accounts.delete_expired_sessions(tx, before=NOW + timedelta(days=1)) == 2


async def test_a_response_stands_for_its_key_until_it_is_old(database: Database, tenant: str) -> None:
    record = IdempotencyRecord(staff_id="s-1", key="k", request_hash=b"h", status=200, response=b"{}")
    async with database.transaction(tenant) as tx:
        await accounts.store_response(tx, record, now=NOW)
        with pytest.raises(KeyInUse):
            await accounts.store_response(tx, replace(record, request_hash=b"other"), now=NOW)
        assert await accounts.find_response(tx, "s-1", "k") == record
        assert await accounts.delete_old_responses(tx, before=NOW) == 0
        assert await accounts.delete_old_responses(tx, before=NOW + timedelta(days=1)) == 1
        assert await accounts.find_response(tx, "s-1", "k") is None


async def test_looking_leaves_an_audit_row(database: Database, tenant: str) -> None:
    case_id = uuid4()
    records = [
        AuditRecord(staff_id="s-1", unit="guali", action=action, case_id=case_id) for action in ("view", "print")
    ]
    async with database.transaction(tenant) as tx:
        await accounts.record_audit(tx, records, now=NOW)
        rows = await tx.fetch("SELECT action, case_id, at FROM audit WHERE tenant = $1 ORDER BY id", tenant)
    assert [tuple(row) for row in rows] == [("view", case_id, NOW), ("print", case_id, NOW)]


async def test_an_ask_is_recorded_once_and_read_as_it_was_also_from_before_other_things_than_notes_could_be_asked_for(
    database: Database, tenant: str
) -> None:
    command = CorrectPerson(phone="00012345679", reason="记错一位")
    ask = OwnAsk(ask_id=uuid4(), case_id=uuid4(), asked_at=NOW, staff_id="s-1", command=command, event_hash=b"h")
    before = replace(ask, ask_id=uuid4(), command=AddNote(note_kind="supplement", text="请补一句"))
    async with database.transaction(tenant) as tx:
        assert await record_ask(tx, ask)
        assert not await record_ask(tx, ask)
        await tx.execute(
            "INSERT INTO ask (tenant, ask_id, case_id, asked_at, staff_id, text, note_kind, state, reason, event_hash) "
            "VALUES ($1, $2, $3, $4, 's-1', '请补一句', 'supplement', 'sent', '', 'h')",
            tenant, before.ask_id, ask.case_id, NOW + timedelta(hours=1),
        )  # fmt: skip
        assert await asks_of_case(tx, ask.case_id) == [ask, replace(before, asked_at=NOW + timedelta(hours=1))]


async def test_an_alert_stands_with_its_first_instant_until_it_is_cleared(database: Database, tenant: str) -> None:
    case_id = uuid4()
    later = NOW + timedelta(hours=1)
    async with database.transaction(tenant) as tx:
        assert await raise_alert(tx, case_id, "transit_late", detail="town", at=NOW)
        assert not await raise_alert(tx, case_id, "transit_late", detail="other", at=later)
        assert [(each.detail, each.raised_at) for each in await open_alerts(tx)] == [("town", NOW)]
        assert await clear_alerts(tx, [case_id, uuid4()], "transit_late", at=later) == 1
        assert await clear_alerts(tx, [case_id], "transit_late", at=later) == 0
        assert await open_alerts(tx) == []
        assert await raise_alert(tx, case_id, "transit_late", detail="again", at=later)
        assert [(each.detail, each.raised_at) for each in await alerts_of_case(tx, case_id)] == [("again", later)]
