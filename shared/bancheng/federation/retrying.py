"""What waits is tried again: when a site is made anew, after an upgrade, and when an operator asks for it.

Owns the walk over what waits, and that one frame which still fails holds up no other. How a frame is placed is
custody's; a link that stopped for too many waiting frames goes on here as soon as a receipt can name them again.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from uuid import UUID

import msgspec

from bancheng.federation.application import PASSING
from bancheng.federation.custody import Equivocated, apply_batch, arrived_again, reason_kept, retry_cases
from bancheng.federation.site import HostedSite
from bancheng.federation.stopping import keep_equivocation
from bancheng.schema.frames import FrameError
from bancheng.store.alerts import NO_CASE, clear_alerts, link_stopped
from bancheng.store.database import Database
from bancheng.store.link_resolution import WaitingFrames, reopen_if_few, waiting_reasons
from bancheng.store.links import DeferredFrame, settle_inbox, waiting_cases, waiting_loose
from bancheng.store.signing import SignatureRefused

CASES_AT_ONCE = 50
LOOSE_AT_ONCE = 200

_log = logging.getLogger(__name__)


class Retried(msgspec.Struct, frozen=True, kw_only=True):
    """`settled` frames wait no longer; `waiting` says how many do and why; `reopened` are links that go on."""

    settled: int
    waiting: tuple[WaitingFrames, ...]
    reopened: tuple[str, ...]


async def retry_deferred(database: Database, site: HostedSite, peer: str = "") -> Retried:
    """Everything that waits, or what came from one neighbour and whatever else waits in the same cases.

    Raises StoreError; what was settled until then stays settled.
    """
    settled = 0
    while True:
        placed = await _pass_over_cases(database, site, peer)
        settled += placed
        if not placed:
            break
    settled += await _pass_over_loose(database, site, peer)
    async with database.transaction(site.tenant) as tx:
        reopened = await reopen_if_few(tx)
        for each in reopened:
            await clear_alerts(tx, [NO_CASE], link_stopped(each), at=site.now())
        waiting = await waiting_reasons(tx)
    return Retried(settled=settled, waiting=tuple(waiting), reopened=tuple(reopened))


async def _pass_over_cases(database: Database, site: HostedSite, peer: str) -> int:
    settled, after = 0, UUID(int=0)
    while True:
        async with database.transaction(site.tenant) as tx:
            case_ids = await waiting_cases(tx, CASES_AT_ONCE, after=after, peer=peer)
        if not case_ids:
            return settled
        settled += await _retry_some(database, site, case_ids)
        after = case_ids[-1]


async def _pass_over_loose(database: Database, site: HostedSite, peer: str) -> int:
    """All of them: what one neighbour sent and nobody can use must not hide what another did."""
    settled, after = 0, None
    while True:
        async with database.transaction(site.tenant) as tx:
            loose = await waiting_loose(tx, LOOSE_AT_ONCE, peer=peer, after=after)
        for each in loose:
            settled += await _retry_loose(database, site, each)
            after = each
        if len(loose) < LOOSE_AT_ONCE:
            return settled


async def _retry_some(database: Database, site: HostedSite, case_ids: Sequence[UUID]) -> int:
    """Together, and one by one if that fails: what fails alone goes on waiting, alone."""
    try:
        async with database.transaction(site.tenant) as tx:
            return await retry_cases(tx, site, case_ids)
    except PASSING:
        raise
    except Equivocated as found:
        if len(case_ids) == 1:
            await _keep(database, site, found)
            return 0
    except Exception:  # noqa: BLE001 - whatever it is, it is told, and the frame goes on waiting
        if len(case_ids) == 1:
            _log.exception("a case still cannot be applied", extra={"site": site.site})
            return 0
    return sum([await _retry_some(database, site, [case_id]) for case_id in case_ids])


async def _keep(database: Database, site: HostedSite, found: Equivocated) -> None:
    async with database.transaction(site.tenant) as tx:
        await keep_equivocation(tx, site, found)


async def _retry_loose(database: Database, site: HostedSite, waiting: DeferredFrame) -> int:
    """A document, or a frame whose header no release here could read until now: only now is its signature checked."""
    peer = site.peer(waiting.peer)
    if peer is None:
        return 0
    try:
        arrived = arrived_again(waiting)
        site.keyring.verify(arrived.header.author, arrived.header.key_id, arrived.event_hash, arrived.frame.signature)
        async with database.transaction(site.tenant) as tx:
            (applied,) = await apply_batch(tx, site, peer, [arrived])
            await settle_inbox(
                tx, waiting.peer, waiting.epoch, waiting.number, applied.state, reason_kept(applied),
                case_id=arrived.header.case_id,
            )  # fmt: skip
    except PASSING:
        raise
    except (FrameError, SignatureRefused) as refused:
        async with database.transaction(site.tenant) as tx:
            await settle_inbox(tx, waiting.peer, waiting.epoch, waiting.number, "deferred", refused.code)
        return 0
    except Equivocated as found:
        await _keep(database, site, found)
        return 0
    except Exception:  # noqa: BLE001 - whatever it is, it is told, and the frame goes on waiting
        _log.exception("a frame still cannot be applied", extra={"peer": waiting.peer, "number": waiting.number})
        return 0
    return 0 if applied.state == "deferred" else 1
