"""What `check` asks a nats-server: does it let us in, are the mailboxes there and not full, what does its page say.

Owns these questions and their words. Connects as the service would, and changes nothing.
"""

from __future__ import annotations

import asyncio
import urllib.request
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from bancheng.federation.client import NatsAccess, NatsClient
from bancheng.federation.errors import LinkTrouble, Misconfigured, StreamMissing
from bancheng.federation.jetstream import stream_seen
from bancheng.runtime.findings import Finding, beyond, skew
from bancheng.runtime.settings import variable
from bancheng.runtime.site_files import Server
from bancheng.schema.subjects import inbox_prefix

CONNECT_SECONDS: Final = 5.0
FULL: Final = 0.8
"""Of what may be kept. A mailbox that fills is one whose reader has been away for long."""
OVERFULL: Final = 0.95

_TODO: Final = {
    "nats.authorization": "the server does not know our key: reload it with the configuration that `site add` wrote",
    "nats.certificate": "see this host's clock (`date`), whether the certificate has ended or is for another name, and "
    "`ca` in the site file",
    "nats.name_unknown": "see the name in the site file's url, and this host's name resolution",
    "nats.unreachable": "start the nats-server, and let its port through on every firewall between",
}


async def server(
    subject: str, site: str, access: Server, streams: Sequence[str], wall: Callable[[], datetime]
) -> list[Finding]:
    """One server of one site: the connection, each mailbox, and the server's clock."""
    client = NatsClient(
        NatsAccess(url=access.url, nkey_seed=access.nkey_seed, ca=access.ca),
        name=f"check {subject}",
        inbox=inbox_prefix(site),
    )
    client.start()
    try:
        if not await client.wait_connected(CONNECT_SECONDS):
            return [_no_connection(subject, client)]
        findings: list[Finding] = []
        skews: list[Finding] = []
        for stream in streams:
            finding, skewed = await _stream(client, subject, stream, wall)
            findings.append(finding)
            skews += skewed
        return [*findings, *skews[:1]]
    finally:
        await client.stop()


def _no_connection(subject: str, client: NatsClient) -> Finding:
    """What the last try met."""
    fault = next(iter(client.faults), None) or client.trouble
    if fault is None:
        return Finding(level="failed", subject=subject, said="no connection", todo=_TODO["nats.unreachable"])
    todo = _TODO.get(fault.code, "see the nats-server's log")
    return Finding(level="failed", subject=subject, said=f"{fault.code}: {fault.detail}", todo=todo)


async def _stream(
    client: NatsClient, subject: str, stream: str, wall: Callable[[], datetime]
) -> tuple[Finding, list[Finding]]:
    """A mailbox, and the clock of the server that answered, if it did."""
    asked_at = wall()
    try:
        seen = await asyncio.wait_for(stream_seen(client, stream), CONNECT_SECONDS)
    except StreamMissing:
        todo = "it is made by the parent's service as soon as that runs"
        return Finding(level="warning", subject=subject, said=f"no stream {stream} yet", todo=todo), []
    except Misconfigured as error:
        todo = "write the server's configuration anew from the tenant's accounts and reload it"
        return Finding(level="failed", subject=subject, said=f"{error.code} on {stream}", todo=todo), []
    except (LinkTrouble, TimeoutError) as error:
        said = f"{stream}: {getattr(error, 'code', 'no answer')}"
        return Finding(level="failed", subject=subject, said=said, todo="see the nats-server's log"), []
    taken = wall() - asked_at
    ahead = [] if seen.ts is None else [skew(subject, seen.ts - (asked_at + taken / 2), taken / 2)]
    said = f"{stream} has {seen.state.messages} frames"
    if seen.config.max_bytes > 0 and seen.state.bytes > FULL * seen.config.max_bytes:
        said += f", {seen.state.bytes * 100 // seen.config.max_bytes} % of its room"
        todo = "its reader is behind or away: see that site; nothing is lost, the sender keeps what does not fit"
        return Finding(level="warning", subject=subject, said=said, todo=todo), ahead
    return Finding(level="ok", subject=subject, said=said), ahead


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What JetStream may keep. `sync_always`: flushed before it is acknowledged."""

    max_storage: int = 0
    sync_always: bool = False


class _Stored(msgspec.Struct, frozen=True, kw_only=True):
    """`reserved_storage`: promised to mailboxes, whether full or not."""

    storage: int = 0
    reserved_storage: int = 0


class _JetStream(msgspec.Struct, frozen=True, kw_only=True):
    config: _Kept | None = None
    stats: _Stored = _Stored()


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """What we read of a nats-server's page /varz."""

    version: str = ""
    jetstream: _JetStream = _JetStream()


async def watched(url: str) -> list[Finding]:
    """What the server's own page says; nothing is asked where no page was named."""
    if not url:
        return []
    subject = "nats-server"
    try:
        page = msgspec.json.decode(await asyncio.to_thread(_read, f"{url.rstrip('/')}/varz"), type=Watched)
    except (OSError, ValueError) as error:
        todo = f"start the nats-server, or correct {variable('nats_watch_url')}, or leave it out"
        return [
            Finding(level="warning", subject=subject, said=f"{url} says nothing: {type(error).__name__}", todo=todo)
        ]
    kept = page.jetstream.config
    if kept is None:
        todo = "use the configuration that `tenant add` wrote; a cluster needs its own file as well"
        return [Finding(level="failed", subject=subject, said="it keeps no streams", todo=todo)]
    return [_synced(subject, page.version, kept), _room(subject, kept, page.jetstream.stats)]


def _synced(subject: str, version: str, kept: _Kept) -> Finding:
    if kept.sync_always:
        return Finding(level="ok", subject=subject, said=f"{version}, flushes each frame before it acknowledges")
    todo = 'set jetstream.sync_interval to "always" in its configuration and restart it'
    said = "does not flush each frame before it acknowledges: a power cut may lose the last ones until they are resent"
    return Finding(level="warning", subject=subject, said=said, todo=todo)


def _room(subject: str, kept: _Kept, stored: _Stored) -> Finding:
    share = max(stored.storage, stored.reserved_storage) / kept.max_storage if kept.max_storage > 0 else 0.0
    said = f"{share:.0%} of its store is used or promised"
    level = beyond(share, warned=FULL, failed=OVERFULL)
    todo = "" if level == "ok" else "raise jetstream.max_file_store in its configuration and restart it; see the disk"
    return Finding(level=level, subject=subject, said=said, todo=todo)


def _read(url: str) -> bytes:
    """The setting admits http and https only."""
    with urllib.request.urlopen(url, timeout=CONNECT_SECONDS) as answer:  # noqa: S310
        return answer.read()
