"""`link list|show|resolve|retry`: what an operator types when a link has stopped, or when frames wait.

Owns what is read and said. It connects to the database alone: opening an epoch is done by the service that runs the
link, which finds the wish there, whether it runs now or is started later.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from bancheng.federation.resolution import ask_resolution
from bancheng.federation.retrying import retry_deferred
from bancheng.federation.site import HostedSite
from bancheng.runtime.domain_clock import DomainClock
from bancheng.runtime.hosted_sites import SiteMaker
from bancheng.runtime.settings import Settings
from bancheng.runtime.site_files import SiteFile
from bancheng.runtime.staff_command import operator, site_file_of
from bancheng.store.database import Database
from bancheng.store.errors import LinkUnknown
from bancheng.store.link_counts import exception_counts
from bancheng.store.link_resolution import (
    LinkResolution,
    LinkStop,
    WaitingFrames,
    resolutions_of,
    stops_of,
    waiting_reasons,
)
from bancheng.store.links import LinkRow, get_link, list_links

MAX_REASON = 500
OPENING_SECONDS = 20.0
"""How long `resolve` waits, if nothing else is said, for the service to open the epoch."""
LOOK_SECONDS = 0.25
HASH_CHARACTERS = 16


class LinkCommandRefused(Exception):
    """What cannot be asked for. `code` is stable, `field` names the input."""

    def __init__(self, code: str, *, field: str) -> None:
        super().__init__(f"{code}: {field}")
        self.code = code
        self.field = field


@asynccontextmanager
async def _opened(settings: Settings, tenant: str) -> AsyncGenerator[tuple[Database, SiteFile]]:
    file = site_file_of(settings, tenant)
    database = Database(settings.database_url, pool_size=2, application="bancheng-link")
    try:
        yield database, file
    finally:
        await database.close()


async def _site(settings: Settings, database: Database, file: SiteFile) -> HostedSite:
    return await SiteMaker(database, file, DomainClock(settings.clock_file).now).make()


async def list_of(settings: Settings, tenant: str) -> Sequence[str]:
    """A line for each link. Raises StaffRefused, StoreError."""
    async with _opened(settings, tenant) as (database, _), database.transaction(tenant) as tx:
        rows = await list_links(tx)
        waiting = {each.peer: each.frames for each in await exception_counts(tx)}
    return [_line(row, waiting.get(row.peer, 0)) for row in rows]


async def show(settings: Settings, tenant: str, peer: str) -> Sequence[str]:
    """Where a link stands, what stopped it and how it was resolved. Raises StaffRefused, LinkUnknown, StoreError."""
    async with _opened(settings, tenant) as (database, _), database.transaction(tenant) as tx:
        row = await get_link(tx, peer)
        if row is None:
            raise LinkUnknown(peer=peer)
        stops, resolutions = await stops_of(tx, peer), await resolutions_of(tx, peer)
        waiting = [each for each in await waiting_reasons(tx) if each.peer == peer]
    lines = [_line(row, sum(each.frames for each in waiting))]
    lines += [f"  sent     epoch {row.out_epoch}, up to {row.out_next_number - 1}, receipted {row.receipted_number}"]
    lines += [f"  stored   epoch {row.in_epoch}, up to {row.in_number}, head {_short(row.in_head)}"]
    lines += [f"  heard    {'never' if row.heard_at is None else _at(row.heard_at)}"]
    lines += _waiting_lines(waiting)
    lines += [_stop_line(each) for each in stops]
    lines += [line for each in resolutions for line in _resolution_lines(each)]
    return lines


async def resolve(
    settings: Settings, tenant: str, peer: str, *, reason: str, wait_seconds: float = OPENING_SECONDS
) -> Sequence[str]:
    """Ask for a new epoch, and wait a little for the service to open it.

    Raises StaffRefused, LinkCommandRefused, LinkUnknown, ResolutionRefused, SiteRefused, StoreError.
    """
    reason = reason.strip()
    if not 1 <= len(reason) <= MAX_REASON or not reason.isprintable():
        raise LinkCommandRefused("link.reason_invalid", field="reason")
    async with _opened(settings, tenant) as (database, file):
        site = await _site(settings, database, file)
        async with database.transaction(tenant) as tx:
            asked = await ask_resolution(tx, site, peer, reason=reason, asked_by=operator())
        return await _until_opened(database, tenant, peer, asked, wait_seconds)


async def _until_opened(
    database: Database, tenant: str, peer: str, asked: LinkResolution, wait_seconds: float
) -> Sequence[str]:
    try:
        async with asyncio.timeout(wait_seconds):
            while True:
                async with database.transaction(tenant) as tx:
                    newest = (await resolutions_of(tx, peer, 1))[0]
                if newest.opened_at is not None:
                    return [f"{peer}: epoch {newest.epoch} is open", *_resolution_lines(newest)]
                await asyncio.sleep(LOOK_SECONDS)
    except TimeoutError:
        return [
            f"{peer}: epoch {asked.epoch} was asked for and is not open yet",
            "  it is opened as soon as this service and the peer's both run and reach each other; nothing else to do.",
            f"  `link show {tenant} {peer}` and the page of links say what it waits for.",
        ]


async def retry(settings: Settings, tenant: str, peer: str) -> Sequence[str]:
    """Try again what waits. Raises StaffRefused, LinkUnknown, SiteRefused, StoreError."""
    async with _opened(settings, tenant) as (database, file):
        site = await _site(settings, database, file)
        async with database.transaction(tenant) as tx:
            if peer and await get_link(tx, peer) is None:
                raise LinkUnknown(peer=peer)
        done = await retry_deferred(database, site, peer)
    waiting = [each for each in done.waiting if peer in {"", each.peer}]
    lines = [f"{done.settled} frames wait no longer, {sum(each.frames for each in waiting)} still wait"]
    return [*lines, *_waiting_lines(waiting), *(f"{each}: the link goes on" for each in done.reopened)]


def _line(row: LinkRow, waiting: int) -> str:
    role = "parent" if row.role == "parent" else "child"
    said = [row.peer, role, row.state, row.reason or "-", f"epoch {max(row.out_epoch, row.in_epoch)}"]
    said += [f"sent {row.out_next_number - 1}", f"receipted {row.receipted_number}", f"stored {row.in_number}"]
    return "\t".join([*said, f"waiting {waiting}"])


def _waiting_lines(waiting: Sequence[WaitingFrames]) -> list[str]:
    return [f"  waits    {each.frames} of {each.peer}: {each.reason}" for each in waiting]


def _stop_line(stop: LinkStop) -> str:
    case = f", case {stop.case_id}" if stop.case_id is not None else ""
    hashes = f"known {_short(stop.known_hash)}, refused {_short(stop.refused_hash)}"
    return f"  stopped  {_at(stop.stopped_at)} epoch {stop.epoch} number {stop.number}: {stop.code}, {hashes}{case}"


def _resolution_lines(each: LinkResolution) -> list[str]:
    asked = f"  epoch {each.epoch}  asked {_at(each.asked_at)} by {each.asked_by}"
    asked += f" after {each.code}: {each.reason}" if each.code else " (the other end)"
    if each.opened_at is None:
        return [asked, "           not open yet"]
    return [
        asked,
        f"           open {_at(each.opened_at)}: sent anew after {each.out_number}, taken in after {each.in_number}",
    ]


def _short(data: bytes | None) -> str:
    return "-" if data is None else data.hex()[:HASH_CHARACTERS]


def _at(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S}Z"
