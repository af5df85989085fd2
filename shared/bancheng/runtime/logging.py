"""Structured logs without personal data: an allow-list of fields, and errors by type, code and place.

Owns the form of a log line. A message is written as its template, without what was filled in, and an exception without
its words, since both may quote a row or a request. Must not know who logs.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any, Final

import msgspec

from bancheng.runtime.settings import LogFormat, LogLevel

FIELDS: Final = {
    "address": "Where it listens.",
    "code": "A stable code: docs/errors.md.",
    "connection": "Which connection to a nats-server: site and tenant.",
    "edition": "Of a directory or of rules.",
    "epoch": "Of a link.",
    "error": "What a server or a driver of ours said about a connection; of a request, the type of what it met.",
    "from_number": "The first number of a mailbox.",
    "link": "`tenant/child/direction`.",
    "number": "A frame's on its link.",
    "path": "Of a request that failed by a defect, without what follows `?`. It may hold a case's id.",
    "peer": "The neighbour's site.",
    "places": "File, line and function where a defect was met.",
    "port": "On which it listens.",
    "reference": "What the user was shown, to find this line again.",
    "replicas": "On how many nats-servers a mailbox is to lie.",
    "sent_again": "Frames of a new epoch that were sent before.",
    "service": "`village`, `town` or `county`.",
    "site": "Ours, in the tenant's directory.",
    "stream": "A mailbox at the nats-server.",
    "tenant": "The county's code.",
    "tenants": "How many a service has.",
    "to_number": "Where a mailbox ends now.",
    "version": "The release.",
    "worker": "A job of a site and its tenant, or of a link: docs/metrics.md.",
}
"""Fields of `extra` that may be written, and what they say; every other one is left out."""
ALLOWED: Final = frozenset(FIELDS)
MAX_FRAMES: Final = 12
MAX_CHAIN: Final = 5
_MAX_CHARACTERS: Final = 300

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_encoder = msgspec.json.Encoder(enc_hook=str)


def configure_logging(level: LogLevel, form: LogFormat) -> None:
    """Everything that any library logs goes to standard error in our form."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else _console())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "litestar", "alembic"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    for name in ("uvicorn.error", "nats", "alembic"):
        logging.getLogger(name).setLevel(max(logging.getLogger().level, logging.WARNING))
    # Said of every TLS connection that the other side closes: a fault of the client library that does no harm.
    logging.getLogger("asyncio").addFilter(lambda record: "eof_received" not in str(record.msg))


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        return _encoder.encode(fields_of(record)).decode()


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """What may be said of a record."""
    line: dict[str, Any] = {
        "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": str(record.msg)[:_MAX_CHARACTERS],
    }
    line |= _allowed({name: value for name, value in record.__dict__.items() if name not in _STANDARD})
    if record.exc_info and record.exc_info[1] is not None:
        line["exception"] = error_of(record.exc_info[1])
    return line


def _allowed(extra: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _short(value) for name, value in extra.items() if name in ALLOWED}


def _short(value: Any) -> Any:
    return value if isinstance(value, (int, float, bool)) or value is None else str(value)[:_MAX_CHARACTERS]


def error_of(error: BaseException) -> list[dict[str, Any]]:
    """The chain of causes, each by its type, its stable code and where it was raised; never by its words."""
    chain: list[dict[str, Any]] = []
    walk: BaseException | None = error
    while walk is not None and len(chain) < MAX_CHAIN:
        frames = traceback.extract_tb(walk.__traceback__)[-MAX_FRAMES:]
        one: dict[str, Any] = {"type": f"{type(walk).__module__}.{type(walk).__qualname__}"}
        code = getattr(walk, "code", "")
        if isinstance(code, str) and code:
            one["code"] = code
        one["frames"] = [f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
        chain.append(one)
        walk = walk.__cause__ or (None if walk.__suppress_context__ else walk.__context__)
    return chain


def _console() -> logging.Formatter:
    """For people: structlog's console lines, with the same fields."""
    import structlog

    def as_event(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return event

    class ConsoleLines(logging.Formatter):
        def __init__(self) -> None:
            super().__init__()
            self._render = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)

        def format(self, record: logging.LogRecord) -> str:
            line = fields_of(record)
            error = line.pop("exception", [])
            line["timestamp"] = line.pop("at")
            text = str(self._render(None, "", as_event(None, "", line)))
            return "\n".join([text, *(_told(each) for each in error)])

    return ConsoleLines()


def _told(error: Mapping[str, Any]) -> str:
    code = f" [{error['code']}]" if "code" in error else ""
    return "\n".join([f"    {error['type']}{code}", *(f"        {frame}" for frame in error["frames"])])
