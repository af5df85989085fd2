"""`ledger import`: the ledger of a former window, taken in from a terminal on the account of who answers for it.

Owns what is said. It connects to the database alone; the links carry what it stored when the service runs. What is
printed is the ledger's own: numbers and problems, no name and no story.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

import msgspec

from bancheng.federation.site import wall_now
from bancheng.runtime.domain_clock import DomainClock
from bancheng.runtime.hosted_sites import SiteMaker
from bancheng.runtime.settings import Settings
from bancheng.runtime.staff_command import StaffRefused, site_file_of
from bancheng.store.accounts import Session, SignedIn, staff_by_login
from bancheng.store.database import Database
from bancheng.store.paper_store import PaperStore
from bancheng.window.error_texts import Language, in_full, text_for
from bancheng.window.failures import ApiError, failure_of
from bancheng.window.field_problems import InvalidInput
from bancheng.window.former_ledgers.reading import MOST_BYTES
from bancheng.window.former_ledgers.taking import (
    LedgerPreview,
    LedgerTaken,
    Take,
    TakeBody,
    digest,
    preview_ledger,
    take_ledger,
)
from bancheng.window.hosting import Hosting
from bancheng.window.idempotency import request_of
from bancheng.window.identity import Identity

AN_HOUR: Final = timedelta(hours=1)


class LedgerOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for. `login`: whose window it is, and who stands in the audit."""

    tenant: str
    login: str
    file: Path
    is_dry_run: bool
    take: Take
    language: Language


async def import_ledger(settings: Settings, order: LedgerOrder) -> tuple[Sequence[str], bool]:
    """What to print, and whether it was done. Raises StaffRefused, SiteRefused, StoreError."""
    content = _content(order.file)
    site_file = site_file_of(settings, order.tenant)
    database = Database(settings.database_url, pool_size=2, application="bancheng-ledger")
    try:
        site = await SiteMaker(database, site_file, DomainClock(settings.clock_file).now).make()
        papers = PaperStore(settings.papers_place or str(settings.sites_dir / "papers"))
        hosting = Hosting(database, {order.tenant: site}, _nobody_to_wake, papers=papers)
        return await _import(hosting, order, content)
    finally:
        await database.close()


async def _import(hosting: Hosting, order: LedgerOrder, content: bytes) -> tuple[Sequence[str], bool]:
    identity = await _identity(hosting, order)
    try:
        if order.is_dry_run:
            seen = await preview_ledger(hosting, identity, content, order.language)
            return list(_preview_lines(seen)), True
        wanted = TakeBody(sha256=digest(content), take=order.take)
        request = request_of(secrets.token_hex(16), "take_former_ledger", wanted)
        answer = await take_ledger(hosting, identity, content, order.take, request)
    except (ApiError, InvalidInput) as refusal:
        return list(_refusal_lines(refusal, order.language)), False
    done = msgspec.json.decode(answer.body, type=LedgerTaken)
    return [f"{done.taken} taken in, {done.known} here already, {done.left_out} left out"], True


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            # One byte more than is taken, so that too much is told and not cut.
            return opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise StaffRefused("ledger.no_file", field="file", detail=str(file)) from error


async def _identity(hosting: Hosting, order: LedgerOrder) -> Identity:
    """Whoever runs this on the machine may act for any account; which one it was stands in the audit."""
    async with hosting.database.transaction(order.tenant) as tx:
        staff = await staff_by_login(tx, order.login)
    if staff is None or not staff.active:
        raise StaffRefused("staff.unknown_login", field="login", detail=order.login)
    now = wall_now()
    session = Session(
        token_hash=b"", staff_id=staff.staff_id, kind="token", created_at=now, expires_at=now + AN_HOUR, csrf=""
    )
    return Identity(hosting.site(order.tenant), SignedIn(session=session, staff=staff))


def _preview_lines(seen: LedgerPreview) -> Iterator[str]:
    for row in seen.rows:
        what = f"ended {row.ended_on}, {row.outcome}" if row.ended_on is not None else f"due {row.due_day}"
        said = "" if row.state != "new" else f"\t{what}" + (" overdue" if row.is_overdue else "")
        yield f"{row.line}\t{row.state}\t{row.imported_from}\t{row.number}{said}"
        for each in row.problems:
            yield f"\t{each.column or each.field}: [{each.code}] {each.message} {each.next_step}"
    if seen.ignored_columns:
        yield "left out: " + ", ".join(seen.ignored_columns)
    yield ", ".join(f"{count} {state}" for state, count in seen.counts.items())


def _refusal_lines(refusal: ApiError | InvalidInput, language: Language) -> Iterator[str]:
    failure = failure_of(refusal, retry_seconds=1)
    if failure is None:
        raise refusal
    for each in failure.fields or (failure,):
        yield f"[{each.code}] {in_full(text_for(each.code, language, each.parameters), language)}"


def _nobody_to_wake(_: str, __: Collection[str] | None) -> None:
    """The service looks at the database by itself."""
