"""What the server forbids: kept for `check` and the status page, and told at once to whoever is waiting.

Owns reading the server's words. A permission violation comes without a reference to the request that met it, so it
is matched by its subject.
"""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import ssl
from collections.abc import Generator
from contextlib import contextmanager

import nats.errors

from bancheng.federation.errors import ConfigurationFault, Misconfigured
from bancheng.schema.subjects import PRIVATE_INBOX

MAX_FAULTS = 100
_AUTHORIZATION = "nats.authorization"
_FORBIDDEN = re.compile(r'permissions violation for (\w+) to "([^"]+)"', re.IGNORECASE)
_OUR_CONSUMER = re.compile(r"\.intake-[0-9a-f]+")

_log = logging.getLogger(__name__)


class Faults:
    """The faults of one connection."""

    def __init__(self, connection: str) -> None:
        self._connection = connection
        self._kept: dict[str, ConfigurationFault] = {}
        self._waiting: dict[str, set[asyncio.Future[str]]] = {}
        self._refused_subscriptions: set[str] = set()
        self.trouble: ConfigurationFault | None = None
        """Why there is no connection, as the last try had it; None once there is one. It may heal by itself."""

    @property
    def kept(self) -> tuple[ConfigurationFault, ...]:
        return tuple(self._kept.values())

    @contextmanager
    def watched(self, subject: str) -> Generator[asyncio.Future[str]]:
        """A future that ends with the server's words if it forbids `subject` meanwhile."""
        subject = subject.lower()  # the client folds the server's words
        refusal: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(subject, set())
        waiting.add(refusal)
        try:
            yield refusal
        finally:
            waiting.discard(refusal)
            if not waiting:
                self._waiting.pop(subject, None)

    def let_in(self) -> None:
        """The server took the key: an earlier refusal of it is over, and every subscription was made anew."""
        self._kept.pop(_AUTHORIZATION, None)
        self.trouble = None
        self._refused_subscriptions.clear()

    def allowed(self, subject: str) -> None:
        """It worked, so an earlier refusal is over: permissions are given by a reload, without a new session."""
        if self._kept:
            self._kept.pop(_name(subject), None)

    def subscription_refused(self, subject: str) -> bool:
        """Whether the server refused this one since it was last asked about: it must be made again, some day."""
        refused = subject.lower() in self._refused_subscriptions
        self._refused_subscriptions.discard(subject.lower())
        if refused:
            self.allowed(subject)
        return refused

    def hear(self, error: Exception) -> None:
        """What nobody waits for: a violation, a refused key, or a passing trouble of the connection."""
        text = str(error)
        forbidden = _FORBIDDEN.search(text)
        if forbidden is not None:
            subject = forbidden[2].lower()
            if forbidden[1].lower() == "publish" and subject.startswith(PRIVATE_INBOX.lower()):
                # We may answer whoever asked us, for a while and in that session: this answer came too late.
                _log.debug("nats trouble", extra={"connection": self._connection, "error": text})
                return
            if forbidden[1].lower() == "subscription":
                self._refused_subscriptions.add(subject)
            self._keep(_name(subject), ConfigurationFault(code=Misconfigured.code, detail=text))
            for refusal in self._waiting.get(subject, set()):
                if not refusal.done():
                    refusal.set_result(text)
        elif isinstance(error, nats.errors.AuthorizationError) or "authorization" in text.lower():
            self._keep(_AUTHORIZATION, ConfigurationFault(code=_AUTHORIZATION, detail=text))
        else:
            self.trouble = _why_not_connected(error) or self.trouble
            _log.debug("nats trouble", extra={"connection": self._connection, "error": text})

    def _keep(self, key: str, fault: ConfigurationFault) -> None:
        if key not in self._kept and len(self._kept) < MAX_FAULTS:
            _log.error("nats forbids", extra={"connection": self._connection, "error": fault.detail})
            self._kept[key] = fault


def _why_not_connected(error: Exception) -> ConfigurationFault | None:
    """None for what does not concern the making of a connection."""
    if isinstance(error, ssl.SSLError):
        return ConfigurationFault(code="nats.certificate", detail=getattr(error, "verify_message", "") or str(error))
    if isinstance(error, socket.gaierror):
        return ConfigurationFault(code="nats.name_unknown", detail=str(error))
    if isinstance(error, OSError | TimeoutError):
        return ConfigurationFault(code="nats.unreachable", detail=str(error) or type(error).__name__)
    return None


def _name(subject: str) -> str:
    """One fault for all our consumers of a stream, each of which has a name of its own."""
    return _OUR_CONSUMER.sub("", subject.lower())
