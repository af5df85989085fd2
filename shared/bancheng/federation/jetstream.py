"""Streams and consumers as we use them: fenced atomic batches in, a pull from a position out.

Owns the batch headers and the pull protocol, which the client library has no helper for. Must not know frames,
links or the database: numbers are stream sequences, bytes are bytes.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import msgspec

from bancheng.federation.client import REQUEST_SECONDS, NatsClient
from bancheng.federation.errors import ConsumerLost, Fenced, LinkTrouble, NobodyListens, StreamMissing, StreamRefused
from bancheng.federation.wire import (
    SECOND_NS,
    ConsumerConfig,
    CreateConsumer,
    Delivered,
    Pull,
    Purge,
    SeenStream,
    StreamConfig,
    StreamState,
    api_subject,
    decode_answer,
    decode_seen,
    encode,
    stream_in,
)

MAX_BATCH_FRAMES = 1_000
"""The server's own limit of an atomic batch."""
PULL_FRAMES = 256
_PULL_SECONDS = 30
_HEARTBEATS_MISSED = 3

_EXPECTED_LAST = "Nats-Expected-Last-Sequence"
_BATCH_ID = "Nats-Batch-Id"
_BATCH_SEQUENCE = "Nats-Batch-Sequence"
_BATCH_COMMIT = "Nats-Batch-Commit"
_STATUS = "Status"


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a batch."""

    data: bytes
    headers: dict[str, str]


async def stream_state(client: NatsClient, stream: str) -> StreamState:
    """Raises StreamMissing and the other LinkTroubles."""
    return stream_in(decode_answer(await client.request(api_subject("STREAM.INFO", stream), b"")))


async def stream_seen(client: NatsClient, stream: str) -> SeenStream:
    """The same with its bounds and the server's clock, for an operator. Raises the same."""
    return decode_seen(await client.request(api_subject("STREAM.INFO", stream), b""))


async def create_stream(client: NatsClient, config: StreamConfig) -> StreamState:
    return stream_in(decode_answer(await client.request(api_subject("STREAM.CREATE", config.name), encode(config))))


async def update_stream(client: NatsClient, config: StreamConfig) -> StreamState:
    """The stream as `config` has it, with what it holds. Raises StreamRefused where the servers cannot do that."""
    return stream_in(decode_answer(await client.request(api_subject("STREAM.UPDATE", config.name), encode(config))))


async def delete_stream(client: NatsClient, stream: str) -> None:
    with suppress(StreamMissing):
        decode_answer(await client.request(api_subject("STREAM.DELETE", stream), b""))


async def purge_below(client: NatsClient, stream: str, number: int) -> None:
    """Everything below `number` goes; an end before `number` - 1 is moved there."""
    decode_answer(await client.request(api_subject("STREAM.PURGE", stream), encode(Purge(seq=number))))


async def publish_batch(
    client: NatsClient,
    subject: str,
    messages: Sequence[Outgoing],
    *,
    expected_last: int,
    timeout_seconds: float = REQUEST_SECONDS,
) -> int:
    """All of them or none, as `expected_last` + 1 and on. Returns the stream's new last number.

    Raises Fenced, BackPressure, StreamMissing and, the outcome unknown, NoAnswer or NotConnected.
    """
    if not 1 <= len(messages) <= MAX_BATCH_FRAMES:
        raise ValueError(f"a batch has 1 to {MAX_BATCH_FRAMES} messages, not {len(messages)}")
    fence = {_EXPECTED_LAST: str(expected_last)}
    batch = secrets.token_hex(12)
    last = len(messages)
    answer = b""
    try:
        for index, message in enumerate(messages, start=1):
            headers = message.headers | (fence if index == 1 else {})
            if last > 1:
                headers |= {_BATCH_ID: batch, _BATCH_SEQUENCE: str(index)}
            if 1 < index < last:
                await client.publish(subject, message.data, headers=headers)
                continue
            if index == last > 1:
                headers[_BATCH_COMMIT] = "1"
            # The first is asked as well: a refused batch shows its reason there, before the rest is sent.
            answer = await client.request(subject, message.data, headers=headers, timeout_seconds=timeout_seconds)
            if index < last and answer:
                decode_answer(answer)
    except NobodyListens as error:
        raise StreamMissing(subject) from error
    stored = decode_answer(answer).seq
    if stored != expected_last + last:
        raise Fenced(f"stored up to {stored}, expected {expected_last + last}")
    return stored


class PullConsumer:
    """Messages from a number on, in order, at most `2 * PULL_FRAMES` of them waiting here.

    It belongs to one session with the server: when that ends, `fetch` raises ConsumerLost and a new one is opened
    at the receiver's own position.
    """

    def __init__(self, client: NatsClient, stream: str, name: str, heartbeat_seconds: float) -> None:
        self._client = client
        self._heartbeat_seconds = heartbeat_seconds
        self._stream = stream
        self._name = name
        self._generation = client.generation
        self._waiting: deque[Delivered] = deque()
        self._heard = asyncio.Event()
        self._heard_at = asyncio.get_running_loop().time()
        self._open_pull = 0
        self._lost: LinkTrouble | None = None
        self._inbox = ""
        self._close_inbox: Callable[[], Awaitable[None]] | None = None
        self._deafen = client.listen(self._heard.set)

    @classmethod
    async def open(cls, client: NatsClient, stream: str, *, start: int, heartbeat_seconds: float = 5.0) -> PullConsumer:
        """`heartbeat_seconds`: how often the server says that there is nothing; three missed mean that it is lost.

        Raises StreamMissing, Misconfigured and the other LinkTroubles.
        """
        consumer = cls(client, stream, f"intake-{secrets.token_hex(6)}", heartbeat_seconds)
        config = ConsumerConfig(name=consumer._name, opt_start_seq=start)
        body = encode(CreateConsumer(stream_name=stream, config=config))
        try:
            decode_answer(await client.request(api_subject("CONSUMER.CREATE", stream, consumer._name), body))
            consumer._inbox, consumer._close_inbox = await client.open_inbox(consumer._receive)
        except BaseException:
            consumer._deafen()
            raise
        return consumer

    async def fetch(self, *, limit: int, timeout_seconds: float) -> list[Delivered]:
        """What has come, at least one and at most `limit`; nothing when the time is over. Raises LinkTrouble."""
        if timeout_seconds > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout_seconds):
                    await self._wait_for_some()
        silence_seconds = asyncio.get_running_loop().time() - self._heard_at
        if not self._waiting and silence_seconds > _HEARTBEATS_MISSED * self._heartbeat_seconds:
            raise ConsumerLost(f"{self._name} is silent")
        taken = [self._waiting.popleft() for _ in range(min(limit, len(self._waiting)))]
        # The next ones travel while these are worked on.
        if taken and self._lost is None:
            await self._pull_if_none()
        return taken

    async def _wait_for_some(self) -> None:
        while not self._waiting:
            self._check()
            await self._pull_if_none()
            self._heard.clear()
            await self._heard.wait()

    async def ack(self, last: Delivered) -> None:
        """All up to `last`. Flow control only: nothing is lost when it is."""
        await self._client.publish(last.reply, b"")

    async def close(self) -> None:
        """Best effort: the server forgets it by itself when nobody asks."""
        self._deafen()
        if self._close_inbox is not None:
            await self._close_inbox()
        if self._client.connected and self._generation == self._client.generation:
            with suppress(LinkTrouble):
                await self._client.request(
                    api_subject("CONSUMER.DELETE", self._stream, self._name), b"", timeout_seconds=1
                )

    def _check(self) -> None:
        if self._lost is not None:
            raise self._lost
        if self._generation != self._client.generation or not self._client.connected:
            raise ConsumerLost(f"{self._name} belonged to an earlier session")

    async def _pull_if_none(self) -> None:
        if self._open_pull > 0 or len(self._waiting) >= PULL_FRAMES:
            return
        heartbeat = int(self._heartbeat_seconds * SECOND_NS)
        body = encode(Pull(batch=PULL_FRAMES, expires=_PULL_SECONDS * SECOND_NS, idle_heartbeat=heartbeat))
        subject = api_subject("CONSUMER.MSG.NEXT", self._stream, self._name)
        self._open_pull = PULL_FRAMES
        try:
            await self._client.publish(subject, body, reply=self._inbox)
        except BaseException:
            self._open_pull = 0
            raise

    def _receive(self, message: Delivered) -> None:
        status = message.headers.get(_STATUS) if not message.data else None
        match status:
            case None:
                self._open_pull = max(0, self._open_pull - 1)
                self._waiting.append(message)
            case "100":
                pass
            case "404" | "408":
                self._open_pull = 0
            case "409" | "503":
                self._lost = ConsumerLost(f"{self._name}: {status} {message.headers.get('Description', '')}")
            case _:
                self._lost = StreamRefused(f"{self._name}: {status}")
        self._heard_at = asyncio.get_running_loop().time()
        self._heard.set()


def stream_number(message: Delivered) -> int:
    """The stream sequence, from the acknowledgement subject of either version of its layout."""
    tokens = message.reply.split(".")
    if tokens[:2] != ["$JS", "ACK"] or len(tokens) < 9:
        raise StreamRefused(f"not from a stream: {message.reply}")
    return int(tokens[5] if len(tokens) == 9 else tokens[7])
