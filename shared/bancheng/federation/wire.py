"""The JetStream API as JSON: what we send to it and what we read of its answers.

Owns these shapes and which error number means what. Every field that we rely on is here, so that nothing of the
client library's own models is trusted with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec
from nats.aio.msg import Msg

from bancheng.federation.errors import (
    BackPressure,
    ConsumerLost,
    Fenced,
    LinkTrouble,
    StreamMissing,
    StreamRefused,
)

SECOND_NS = 1_000_000_000
EPOCH = "bancheng-epoch"
"""In a mailbox's metadata. A mailbox without it is of epoch 1."""
_BACK_PRESSURE = frozenset({10077, 10047, 10023, 10028})
_FENCED = frozenset({10071, 10164})
_NO_STREAM = frozenset({10059})
_NO_CONSUMER = frozenset({10014, 10149})


class Delivered(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it came. `reply` is where an answer or an acknowledgement goes."""

    subject: str
    data: bytes
    headers: Mapping[str, str]
    reply: str

    @classmethod
    def of(cls, message: Msg) -> Delivered:
        return cls(subject=message.subject, data=message.data, headers=message.headers or {}, reply=message.reply)


class ApiError(msgspec.Struct, frozen=True, kw_only=True):
    code: int
    err_code: int = 0
    description: str = ""


class StreamState(msgspec.Struct, frozen=True, kw_only=True):
    """`first_number`..`last_number` are what the stream holds; empty when first is last + 1. Bytes as stored.

    `epoch` is the link's for which it was made; it stands in the stream's configuration, as do `replicas`, on how many
    servers it lies, and `made_from`, the number that it was made to begin with.
    """

    first_number: int = msgspec.field(name="first_seq", default=0)
    last_number: int = msgspec.field(name="last_seq", default=0)
    messages: int = 0
    bytes: int = 0
    epoch: int = 1
    replicas: int = 1
    made_from: int = 0


class SeenConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What we read of a stream's configuration."""

    metadata: Mapping[str, str] = {}
    num_replicas: int = 1
    first_seq: int = 0


class SeenBounds(msgspec.Struct, frozen=True, kw_only=True):
    """How much a stream may keep; not positive where it is not bounded."""

    max_bytes: int = -1


class SeenCopy(msgspec.Struct, frozen=True, kw_only=True):
    """One more server on which a stream lies. `current`: it has all that the leader has."""

    name: str
    current: bool = False
    offline: bool = False


class SeenCluster(msgspec.Struct, frozen=True, kw_only=True):
    """Where a stream lies besides its leader, who answers."""

    replicas: tuple[SeenCopy, ...] = ()


class SeenStream(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator wants to know of a stream. `ts`: the server's wall clock when it answered."""

    state: StreamState = StreamState()
    config: SeenBounds = SeenBounds()
    cluster: SeenCluster = SeenCluster()
    ts: datetime | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Any answer of the API: an error, or the fields that the call asks for."""

    error: ApiError | None = None
    state: StreamState = StreamState()
    config: SeenConfig = SeenConfig()
    seq: int = 0
    purged: int = 0


class StreamConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A mailbox: one subject, one writer. `first_seq` is where its numbers begin.

    Rollup, TTL and direct reads are off: a header must not be able to erase history.
    """

    name: str
    subjects: tuple[str, ...]
    first_seq: int
    max_bytes: int
    max_msg_size: int
    metadata: Mapping[str, str]
    retention: Literal["limits"] = "limits"
    discard: Literal["new"] = "new"
    storage: Literal["file"] = "file"
    num_replicas: int = 1
    deny_delete: bool = True
    deny_purge: bool = False
    allow_atomic: bool = True
    allow_rollup_hdrs: bool = False
    allow_msg_ttl: bool = False
    allow_direct: bool = False


class ConsumerConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A consumer that forgets: the position is ours, so it lives in memory and dies when nobody asks it."""

    name: str
    opt_start_seq: int
    deliver_policy: Literal["by_start_sequence"] = "by_start_sequence"
    ack_policy: Literal["all"] = "all"
    ack_wait: int = 60 * SECOND_NS
    max_ack_pending: int = 2_048
    inactive_threshold: int = 20 * SECOND_NS
    mem_storage: bool = True
    num_replicas: int = 1


class CreateConsumer(msgspec.Struct, frozen=True, kw_only=True):
    stream_name: str
    config: ConsumerConfig
    action: Literal["create"] = "create"


class Pull(msgspec.Struct, frozen=True, kw_only=True):
    """At most `batch` frames, for `expires` nanoseconds, with a sign of life every `idle_heartbeat`."""

    batch: int
    expires: int
    idle_heartbeat: int


class Purge(msgspec.Struct, frozen=True, kw_only=True):
    """Everything below `seq`. Beyond the end, it moves the end to `seq` - 1."""

    seq: int


_encoder = msgspec.json.Encoder()
_answer_decoder = msgspec.json.Decoder(Answer)
_seen_decoder = msgspec.json.Decoder(SeenStream)


def encode(body: StreamConfig | CreateConsumer | Pull | Purge | None) -> bytes:
    return b"" if body is None else _encoder.encode(body)


def decode_answer(data: bytes) -> Answer:
    """Raises the LinkTrouble that the answer's error means; StreamRefused for bytes that are no answer."""
    try:
        answer = _answer_decoder.decode(data)
    except msgspec.MsgspecError as error:
        raise StreamRefused(f"unreadable answer: {error}") from error
    if answer.error is not None:
        raise trouble_of(answer.error)
    return answer


def decode_seen(data: bytes) -> SeenStream:
    """Raises what `decode_answer` does."""
    decode_answer(data)
    try:
        return _seen_decoder.decode(data)
    except msgspec.MsgspecError as error:
        raise StreamRefused(f"unreadable answer: {error}") from error


def stream_in(answer: Answer) -> StreamState:
    """The state of the stream with its epoch. Raises StreamRefused."""
    epoch = answer.config.metadata.get(EPOCH, "1")
    if not epoch.isdecimal():
        raise StreamRefused(f"{EPOCH} is {epoch}")
    return msgspec.structs.replace(
        answer.state, epoch=int(epoch), replicas=answer.config.num_replicas, made_from=answer.config.first_seq
    )


def epoch_metadata(epoch: int) -> Mapping[str, str]:
    """What a mailbox of that epoch bears in its configuration."""
    return {EPOCH: str(epoch)}


def trouble_of(error: ApiError) -> LinkTrouble:
    detail = f"{error.err_code} {error.description}"
    if error.err_code in _FENCED:
        return Fenced(detail)
    if error.err_code in _BACK_PRESSURE:
        return BackPressure(detail)
    if error.err_code in _NO_STREAM:
        return StreamMissing(detail)
    if error.err_code in _NO_CONSUMER:
        return ConsumerLost(detail)
    return StreamRefused(detail)


def api_subject(call: str, stream: str, *rest: str) -> str:
    """Where the server takes a call on a stream, for example `$JS.API.STREAM.INFO.UP_guali`."""
    return ".".join(("$JS.API", call, stream, *rest))
