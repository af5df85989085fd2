"""Serving HTTP: the window's application with the runtime's own route and middleware, on one socket, ended in order.

Owns the socket, signals and the order of a shutdown: no new request, those under way finish, workers end, close.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import socket
import ssl
import time
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import uvicorn
from litestar import Litestar, get
from litestar.exceptions import ServiceUnavailableException
from litestar.response import Response
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from bancheng.federation.worker import Worker, stop_all
from bancheng.runtime.measuring import measured
from bancheng.runtime.metrics import CONTENT_TYPE, Meters
from bancheng.runtime.rule_books import ShippedRuleBooks
from bancheng.runtime.service import Service
from bancheng.runtime.tracing import TracedRequests
from bancheng.window.application import create_application
from bancheng.window.parts import Limits, WindowParts

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Message, Receive, Scope, Send

BACKLOG = 2_048
KEEP_ALIVE_SECONDS = 30
GARBAGE_THRESHOLD = 20_000
"""New objects after which garbage is looked for among them."""
GOODBYE_SECONDS = 1.0
"""How long, and up to twice that, a client may take to answer that its connection is closed."""
RENEWAL_SECONDS = 30.0
"""How soon a certificate that was replaced is used."""
_UNLIMITED = frozenset({"/healthz", "/readyz", "/metrics"})

_log = logging.getLogger(__name__)


class PortTaken(Exception):
    """Another program listens there."""

    code = "service.port_taken"

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"{self.code}: {host}:{port}")
        self.host = host
        self.port = port


def application_of(service: Service) -> Litestar:
    """The window of a service, with /metrics, limits and measurements."""
    settings = service.settings
    service_window = service.definition.window

    @get("/metrics", include_in_schema=False)
    async def metrics() -> Response[bytes]:
        """For Prometheus; names no person and no case."""
        return Response(await measured(service), media_type=CONTENT_TYPE)

    def timed(app: ASGIApp) -> ASGIApp:
        return Measured(app, meters=service.meters, at_once=settings.requests_at_once)

    def traced(app: ASGIApp) -> ASGIApp:
        return TracedRequests(app, traces=lambda: service.traces, untraced=_UNLIMITED)

    limits = Limits(
        body_bytes=settings.body_bytes,
        paper_bytes=settings.paper_bytes,
        session_hours=settings.session_hours,
        token_hours=settings.token_hours,
    )
    return create_application(
        WindowParts(
            hosting=service.hosting,
            service=service.definition.name,
            tier=msgspec.structs.replace(service_window, routes=(*service_window.routes, metrics)),
            links=service.links,
            readiness=service.readiness,
            books=ShippedRuleBooks(),
            limits=limits,
            cookie_secure=settings.cookie_secure,
            version=service.version,
            on_startup=(service.start,),
            on_shutdown=(service.stop,),
            middleware=(timed, traced) if settings.traces_url else (timed,),
        )
    )


class Measured:
    """Counts and times requests, and refuses those beyond what the process takes at once."""

    def __init__(self, app: ASGIApp, *, meters: Meters, at_once: int) -> None:
        self._app = app
        self._meters = meters
        self._at_once = at_once

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http" or scope["path"] in _UNLIMITED:
            await self._app(scope, receive, send)
            return
        status = 500
        began = time.perf_counter()

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        _under_way.requests += 1
        self._meters.set("bancheng_http_requests_under_way", _under_way.requests)
        try:
            if _under_way.requests > self._at_once:
                self._meters.add("bancheng_http_requests_refused_total", 1)
                raise ServiceUnavailableException
            await self._app(scope, receive, sending)
        finally:
            _under_way.requests -= 1
            self._meters.set("bancheng_http_requests_under_way", _under_way.requests)
            seconds = time.perf_counter() - began
            route = str(scope.get("path_template") or "other")
            self._meters.observe("bancheng_http_request_seconds", seconds, scope["method"], route, str(status))


class _UnderWay:
    """Litestar makes the middleware once for each route: the count is the process's."""

    requests = 0


_under_way = _UnderWay()


class OrderlyServer(uvicorn.Server):
    """Uvicorn without its signal handlers: it would raise the signal again after an orderly end.

    And without waiting for those who say nothing: TLS ends with an answer of the other side, which a client that is
    idle may never give. What was to be said to it has been said.
    """

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Ours are set by `serve`."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Requests under way are finished."""
        parting = asyncio.create_task(self._part())
        try:
            await super().shutdown(sockets)
        finally:
            parting.cancel()

    async def _part(self) -> None:
        """Ends each connection that was closed on our side at the last look already."""
        closed: set[asyncio.Transport] = set()
        while True:
            transports = {
                each.transport for each in self.server_state.connections if isinstance(each, HttpToolsProtocol)
            }
            closing = {each for each in transports if each.is_closing()}
            for each in closing & closed:
                each.abort()
            closed = closing
            await asyncio.sleep(GOODBYE_SECONDS)


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises PortTaken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise PortTaken(host, port) from error
    listening.set_inheritable(True)
    return listening


async def serve(service: Service, listening: socket.socket) -> None:
    """Until SIGTERM or SIGINT. A second signal does not wait for requests any more."""
    settings = service.settings
    config = uvicorn.Config(
        application_of(service),
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=settings.forwarded_allow,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=settings.stop_seconds,
        backlog=BACKLOG,
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=settings.tls_key,
    )
    server = OrderlyServer(config)

    def end(_: Any = None) -> None:
        server.force_exit = server.should_exit
        server.should_exit = True

    _on_signals(end)
    keep_what_is_made()
    address, port = listening.getsockname()[:2]
    _log.info("listening", extra={"address": address, "port": port, "service": service.definition.name})
    config.load()
    renewal = Worker("certificate", Renewal(config.ssl, settings.tls_certificate, settings.tls_key).look)
    renewal.start()
    try:
        await server.serve(sockets=[listening])
    finally:
        await stop_all([renewal], settings.stop_seconds)


class Renewal:
    """A certificate that was replaced on the disk is used from the next connection on; nobody is dropped."""

    def __init__(self, context: ssl.SSLContext | None, certificate: Path | None, key: Path | None) -> None:
        self._context = context
        self._certificate = certificate
        self._key = key
        self._seen = self._stamp()

    async def look(self) -> float:
        """Half a pair, in the middle of a replacement, is refused by the context and tried again."""
        stamp = self._stamp()
        if self._context is not None and self._certificate is not None and stamp != self._seen:
            self._context.load_cert_chain(self._certificate, self._key)
            self._seen = stamp
            _log.info("certificate renewed")
        return RENEWAL_SECONDS

    def _stamp(self) -> tuple[int, ...]:
        return tuple(path.stat().st_mtime_ns for path in (self._certificate, self._key) if path is not None)


async def work(service: Service) -> None:
    """Workers without HTTP, until SIGTERM or SIGINT."""
    ended = asyncio.Event()
    _on_signals(ended.set)
    keep_what_is_made()
    await service.start()
    try:
        await ended.wait()
    finally:
        await service.stop()


def keep_what_is_made() -> None:
    """What a process made to begin with stays until its end: the search for garbage need not go through it again and
    again. A batch makes thousands of values that live as long as it does; a seventh of its time was that search.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD, 20, 20)


def _on_signals(end: Any) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
