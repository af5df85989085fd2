"""Traces for a collector that speaks OTLP over HTTP: one trace for each case, whichever tier works on it.

Owns the trace of a case, which spans there are and what they may say. OpenTelemetry is imported by `open_traces` only,
since start-up and memory are goals. Must not know what a step does. Why a trace follows from the case: docs/adr/0055.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Generator, Iterable
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bancheng.store.tracing import Facts

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Message, Receive, Scope, Send
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span

PREFIX: Final = "bancheng."
FACTS: Final = {
    "bancheng.code": "The stable code that ended a step.",
    "bancheng.entries": "How many entries of the case were appended.",
    "bancheng.kind": "Of a frame: escalation, handoff, progress or ask.",
    "bancheng.link": "`tenant/child/direction`.",
    "bancheng.number": "A frame's on its link.",
    "bancheng.reason": "Why a frame waits: a stable code.",
    "bancheng.state": "What became of a frame: applied, deferred, late, duplicate or rejected.",
    "bancheng.tenant": "The county's code.",
    "http.request.method": "Of the request.",
    "http.response.status_code": "Of the answer.",
    "http.route": "The route's pattern, without what stood in its place.",
}
"""What a span may say; every other fact is left out."""
EXPORT_SECONDS: Final = 2

_wanted: ContextVar[int] = ContextVar("wanted_trace", default=0)
"""The trace of the next span that has no parent; 0 for a new one."""


def trace_of(tenant: str, case_id: UUID) -> int:
    """The same at every site, and known to nobody who does not know the case's id."""
    digest = hashlib.sha256(b"bancheng/trace/1" + tenant.encode() + b"\0" + case_id.bytes).digest()
    return int.from_bytes(digest[:16], "big") or 1


class _Request:
    """An HTTP request under way. It has no span before it is known whether it concerns a case."""

    __slots__ = ("began_ns", "span")

    def __init__(self) -> None:
        self.began_ns = time.time_ns()
        self.span: Span | None = None


_request: ContextVar[_Request | None] = ContextVar("traced_request", default=None)
_current: ContextVar[Span | None] = ContextVar("traced_step", default=None)


class Traces:
    """The tracer of one service."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("bancheng")

    @contextmanager
    def step(self, name: str, tenant: str, case_id: UUID) -> Generator[None]:
        """One step of a case. The HTTP request that it belongs to becomes part of the case's trace."""
        trace = trace_of(tenant, case_id)
        request = _request.get()
        if request is not None and request.span is None:
            request.span = self._begin("http", trace, None, request.began_ns)
        parent = _current.get() or (None if request is None else request.span)
        span = self._begin(name, trace, parent, time.time_ns())
        _say(span, {"tenant": tenant})
        token = _current.set(span)
        try:
            yield
        except Exception as error:
            # Its words may quote a row or a request.
            _say(span, {"code": str(getattr(error, "code", "") or type(error).__name__)})
            raise
        finally:
            _current.reset(token)
            span.end()

    def record(self, name: str, tenant: str, done: Iterable[tuple[UUID, Facts]], *, began_ns: int) -> None:
        """A step that was done for several cases at once: a span in the trace of each."""
        for case_id, facts in done:
            span = self._begin(name, trace_of(tenant, case_id), _current.get(), began_ns)
            _say(span, {"tenant": tenant, **facts})
            span.end()

    @contextmanager
    def request(self) -> Generator[dict[str, str | int]]:
        """An HTTP request. What is put into the facts until its end is said of it; `name` is the span's."""
        request = _Request()
        facts: dict[str, str | int] = {}
        token = _request.set(request)
        try:
            yield facts
        finally:
            _request.reset(token)
            span = request.span or self._begin("http", 0, None, request.began_ns)
            span.update_name(str(facts.pop("name", "http")))
            _say(span, facts)
            span.end()

    def _begin(self, name: str, trace: int, parent: Span | None, began_ns: int) -> Span:
        """In the trace given, below `parent` if that is of the same."""
        from opentelemetry import trace as api
        from opentelemetry.context import Context

        context = Context()
        if parent is not None and parent.get_span_context().trace_id == trace:
            context = api.set_span_in_context(parent, context)
        token = _wanted.set(trace)
        try:
            return self._tracer.start_span(name, context=context, start_time=began_ns)
        finally:
            _wanted.reset(token)

    def close(self) -> None:
        """Send what waits. Takes EXPORT_SECONDS where nobody answers: call it in a thread."""
        self._provider.shutdown()


def _say(span: Span, facts: Facts) -> None:
    for name, value in facts.items():
        full = name if name.startswith("http.") else PREFIX + name
        if full in FACTS:
            span.set_attribute(full, value)


def open_traces(url: str, service: str, version: str) -> Traces:
    """`url`: where the collector takes OTLP over HTTP, for example `http://collector:4318/v1/traces`.

    A collector that does not answer costs nothing but its spans: they are sent from a thread, and the oldest go first.
    """
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return traces_to(OTLPSpanExporter(endpoint=url, timeout=EXPORT_SECONDS), service, version)


def traces_to(exporter: SpanExporter, service: str, version: str) -> Traces:
    """With another exporter."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

    class CaseIds(RandomIdGenerator):
        def generate_trace_id(self) -> int:
            return _wanted.get() or super().generate_trace_id()

    resource = Resource({"service.name": f"bancheng-{service}", "service.version": version})
    provider = TracerProvider(resource=resource, id_generator=CaseIds(), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return Traces(provider)


class TracedRequests:
    """ASGI: tells the traces of each request, by its route's pattern."""

    def __init__(self, app: ASGIApp, *, traces: Callable[[], Traces | None], untraced: Collection[str]) -> None:
        """`traces`: those of the service, once it has started. `untraced`: paths that are asked for all the time."""
        self._app = app
        self._traces = traces
        self._untraced = untraced

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        traces = self._traces()
        if scope["type"] != "http" or traces is None or scope["path"] in self._untraced:
            await self._app(scope, receive, send)
            return
        status = 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with traces.request() as facts:
            try:
                await self._app(scope, receive, sending)
            finally:
                route = str(scope.get("path_template") or "other")
                facts |= {
                    "name": f"{scope['method']} {route}",
                    "http.request.method": str(scope["method"]),
                    "http.route": route,
                    "http.response.status_code": status,
                }
