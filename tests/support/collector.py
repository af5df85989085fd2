"""A collector of traces: takes OTLP over HTTP, as a real one does, and keeps what came.

Owns the socket and reading what is sent. Must not know who sends.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Generator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


@dataclass(frozen=True, kw_only=True)
class SpanSeen:
    """One span, with the service it is from. `parent` is empty for a span that has none."""

    service: str
    name: str
    trace: str
    span: str
    parent: str
    facts: dict[str, str | int]


@dataclass
class Collector:
    """What came so far. `bodies` are the bytes as they were sent."""

    url: str = ""
    bodies: list[bytes] = field(default_factory=list[bytes])

    @property
    def spans(self) -> list[SpanSeen]:
        return [span for body in self.bodies for span in _spans(body)]


def _spans(body: bytes) -> list[SpanSeen]:
    request = ExportTraceServiceRequest.FromString(body)
    found: list[SpanSeen] = []
    for resource in request.resource_spans:
        named = {each.key: each.value.string_value for each in resource.resource.attributes}
        for span in (span for scope in resource.scope_spans for span in scope.spans):
            facts: dict[str, str | int] = {
                each.key: each.value.string_value if each.value.HasField("string_value") else each.value.int_value
                for each in span.attributes
            }
            found.append(
                SpanSeen(
                    service=named["service.name"],
                    name=span.name,
                    trace=span.trace_id.hex(),
                    span=span.span_id.hex(),
                    parent=span.parent_span_id.hex(),
                    facts=facts,
                )
            )
    return found


@contextlib.contextmanager
def running_collector() -> Generator[Collector]:
    """On a free port of the loopback."""
    collector = Collector()

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its own name for it
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Taking)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    collector.url = f"http://127.0.0.1:{server.server_address[1]}/v1/traces"
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        serving.join()
