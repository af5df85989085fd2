"""The two mailboxes of a child link, kept by the parent: made, moved forward, purged, and made again when lost.

Owns the form of the streams and every change of them. Only a parent makes one of these; a mailbox may be wiped at
any moment, since both databases hold what it held.
"""

from __future__ import annotations

import asyncio
import logging

import msgspec

from bancheng.federation.client import NatsClient
from bancheng.federation.errors import StreamMissing
from bancheng.federation.jetstream import create_stream, delete_stream, purge_below, stream_state, update_stream
from bancheng.federation.wire import StreamConfig, StreamState, epoch_metadata
from bancheng.schema.frames import MAX_PAYLOAD_BYTES
from bancheng.schema.subjects import Direction, log_subject, stream_name

MAX_BYTES = 32 * 1024 * 1024
"""Of one mailbox. The server reserves it at once."""
_ENVELOPE_BYTES = 64 * 1024

_log = logging.getLogger(__name__)


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Up to where the receiver of a direction has everything: our position for `up`, the child's receipt for `dn`.

    And the epoch to which what follows belongs.
    """

    up: int
    dn: int
    up_epoch: int = 1
    dn_epoch: int = 1

    def number(self, direction: Direction) -> int:
        return self.up if direction == "up" else self.dn

    def epoch(self, direction: Direction) -> int:
        return self.up_epoch if direction == "up" else self.dn_epoch


class Mailbox:
    """`UP_<child>` and `DN_<child>` on our hub, each on `replicas` of its servers."""

    def __init__(
        self, client: NatsClient, tenant: str, child: str, *, max_bytes: int = MAX_BYTES, replicas: int = 1
    ) -> None:
        self._client = client
        self._tenant = tenant
        self._child = child
        self._max_bytes = max_bytes
        self._replicas = replicas
        self._turn = asyncio.Lock()

    async def states(self) -> dict[Direction, StreamState | None]:
        """Ask this BEFORE reading the database: a position read later is never behind a purge seen here."""
        return {"up": await self._state("up"), "dn": await self._state("dn")}

    async def care(self, seen: dict[Direction, StreamState | None], kept: Kept) -> None:
        """Bring both in order. Raises LinkTrouble; nothing is half done that the next care does not finish."""
        async with self._turn:
            for direction, state in seen.items():
                await self._care(direction, state, kept.number(direction), kept.epoch(direction))

    async def _care(self, direction: Direction, state: StreamState | None, stored: int, epoch: int) -> None:
        stream = stream_name(self._child, direction)
        if state is None:
            await self._create(direction, stored + 1, epoch)
        elif state.epoch != epoch:
            # What it holds beyond the agreed head was numbered anew: the sender's outbox has it.
            _log.warning("mailbox of another epoch, made again", extra={"stream": stream, "epoch": epoch})
            await delete_stream(self._client, stream)
            await self._create(direction, stored + 1, epoch)
        elif state.first_number > stored + 1:
            # What the receiver lacks is gone from it; the sender's outbox still has it.
            _log.warning("mailbox lacks frames, made again", extra={"stream": stream, "from_number": stored + 1})
            await delete_stream(self._client, stream)
            await self._create(direction, stored + 1, epoch)
        elif state.last_number < stored:
            # A server came back from an older state: its end goes to where the receiver stands.
            _log.warning("mailbox moved forward", extra={"stream": stream, "to_number": stored})
            await purge_below(self._client, stream, stored + 1)
        elif state.first_number <= stored:
            await purge_below(self._client, stream, stored + 1)
        was_kept = state is not None and state.epoch == epoch and state.first_number <= stored + 1
        if state is not None and was_kept and state.replicas != self._replicas:
            await self._spread(direction, state)

    async def _state(self, direction: Direction) -> StreamState | None:
        try:
            return await stream_state(self._client, stream_name(self._child, direction))
        except StreamMissing:
            return None

    async def _create(self, direction: Direction, first: int, epoch: int) -> None:
        stream = stream_name(self._child, direction)
        _log.info("mailbox made", extra={"stream": stream, "from_number": first})
        await create_stream(self._client, self._form(direction, first, epoch))

    async def _spread(self, direction: Direction, state: StreamState) -> None:
        """Onto as many servers as the setting says; last of all, so that servers that cannot do it keep nothing up."""
        stream = stream_name(self._child, direction)
        _log.info("mailbox spread", extra={"stream": stream, "replicas": self._replicas})
        await update_stream(self._client, self._form(direction, state.made_from, state.epoch))

    def _form(self, direction: Direction, first: int, epoch: int) -> StreamConfig:
        return StreamConfig(
            name=stream_name(self._child, direction),
            subjects=(log_subject(self._tenant, self._child, direction),),
            first_seq=first,
            max_bytes=self._max_bytes,
            metadata=epoch_metadata(epoch),
            max_msg_size=MAX_PAYLOAD_BYTES + _ENVELOPE_BYTES,
            num_replicas=self._replicas,
        )
