"""What `check` asks a nats-server: does it let us in, are the mailboxes there and not full, what does its page say.

Owns these questions and their words. Connects as the service would, and changes nothing.
"""

from __future__ import annotations

import asyncio
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from bancheng.federation.client import NatsAccess, NatsClient
from bancheng.federation.errors import LinkTrouble, Misconfigured, StreamMissing
from bancheng.federation.jetstream import stream_seen
from bancheng.federation.wire import SeenCopy
from bancheng.runtime.findings import Finding, beyond, failed, ok, skew, warning
from bancheng.runtime.settings import variable
from bancheng.runtime.site_files import Server, SiteFile
from bancheng.schema.subjects import inbox_prefix

CONNECT_SECONDS: Final = 5.0
FULL: Final = 0.8
"""Of what may be kept. A mailbox that fills is one whose reader has been away for long."""
OVERFULL: Final = 0.95

_KNOWN: Final = frozenset({"nats.authorization", "nats.certificate", "nats.name_unknown", "nats.unreachable"})


async def server(
    role: str, file: SiteFile, access: Server, streams: Sequence[str], wall: Callable[[], datetime]
) -> list[Finding]:
    """One server of one site, its `hub` or its `uplink`: the connection, each mailbox, and the server's clock."""
    asked = _Asked(role=role, site=f"{file.tenant}/{file.site}", wall=wall)
    client = NatsClient(
        NatsAccess(url=access.url, nkey_seed=access.nkey_seed, ca=access.ca),
        name=f"check {asked.site} {role}",
        inbox=inbox_prefix(file.site),
    )
    client.start()
    try:
        if not await client.wait_connected(CONNECT_SECONDS):
            return [_no_connection(asked, access, client)]
        findings: list[Finding] = []
        skews: list[Finding] = []
        for stream in streams:
            finding, skewed = await _stream(client, asked, stream)
            findings.append(finding)
            skews += skewed
        return [*findings, *skews[:1]]
    finally:
        await client.stop()


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Whose server, in which role, and by which clock."""

    role: str
    site: str
    wall: Callable[[], datetime]


def _no_connection(asked: _Asked, access: Server, client: NatsClient) -> Finding:
    """What the last try met."""
    fault = next(iter(client.faults), None) or client.trouble
    code, detail = ("nats.unreachable", "no answer") if fault is None else (fault.code, fault.detail)
    text = code if code in _KNOWN else "nats.other"
    return failed(asked.role, text, site=asked.site, url=access.url, code=code, detail=detail)


async def _stream(client: NatsClient, asked: _Asked, stream: str) -> tuple[Finding, list[Finding]]:
    """A mailbox, and the clock of the server that answered, if it did."""
    about: dict[str, str | int] = {"site": asked.site, "stream": stream}
    asked_at = asked.wall()
    try:
        seen = await asyncio.wait_for(stream_seen(client, stream), CONNECT_SECONDS)
    except StreamMissing:
        return warning(asked.role, "nats.no_stream", **about), []
    except Misconfigured as error:
        return failed(asked.role, "nats.forbidden", **about, code=error.code), []
    except (LinkTrouble, TimeoutError) as error:
        return failed(asked.role, "nats.no_answer", **about, code=getattr(error, "code", "nats.no_answer")), []
    taken = asked.wall() - asked_at
    ahead = [] if seen.ts is None else [skew(asked.role, seen.ts - (asked_at + taken / 2), taken / 2, site=asked.site)]
    about["frames"] = seen.state.messages
    if seen.config.max_bytes > 0 and seen.state.bytes > FULL * seen.config.max_bytes:
        percent = seen.state.bytes * 100 // seen.config.max_bytes
        return warning(asked.role, "nats.stream_fills", **about, percent=percent), ahead
    return _copies(asked.role, about, seen.cluster.replicas), ahead


def _copies(role: str, about: Mapping[str, str | int], others: Sequence[SeenCopy]) -> Finding:
    """Whether all that a mailbox holds is on every server where it should be."""
    if not others:
        return ok(role, "nats.stream", **about)
    behind = [copy.name for copy in others if copy.offline or not copy.current]
    if not behind:
        return ok(role, "nats.copies", **about, servers=len(others) + 1)
    return warning(role, "nats.copies_behind", **about, servers=len(others) + 1, behind=", ".join(behind))


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
    try:
        page = msgspec.json.decode(await asyncio.to_thread(_read, f"{url.rstrip('/')}/varz"), type=Watched)
    except (OSError, ValueError) as error:
        return [
            warning(
                "nats",
                "nats.silent",
                url=url,
                error=str(getattr(error, "reason", error)),
                setting=variable("nats_watch_url"),
            )
        ]
    kept = page.jetstream.config
    if kept is None:
        return [failed("nats", "nats.keeps_nothing")]
    return [_synced(page.version, kept), _room(kept, page.jetstream.stats)]


def _synced(version: str, kept: _Kept) -> Finding:
    if kept.sync_always:
        return ok("nats", "nats.flushes", version=version)
    return warning("nats", "nats.flushes_late")


def _room(kept: _Kept, stored: _Stored) -> Finding:
    share = max(stored.storage, stored.reserved_storage) / kept.max_storage if kept.max_storage > 0 else 0.0
    level = beyond(share, warned=FULL, failed=OVERFULL)
    text = "nats.store" if level == "ok" else "nats.store_fills"
    return Finding(level=level, subject="nats", text=text, parameters={"percent": round(share * 100)})


def _read(url: str) -> bytes:
    """The setting admits http and https only."""
    with urllib.request.urlopen(url, timeout=CONNECT_SECONDS) as answer:  # noqa: S310
        return answer.read()
