"""A connection that is always being kept, and requests that end.

Owns the connection, its watchdog, time-outs, and what the server's errors mean. Must not know links, frames or the
database. Nothing sent here counts as delivered: only the peer's signed receipt does.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from bancheng.federation.driver import NatsAccess, connect, discard, subscribe
from bancheng.federation.ending import end
from bancheng.federation.errors import ConfigurationFault, Misconfigured, NoAnswer, NobodyListens, NotConnected
from bancheng.federation.faults import Faults
from bancheng.federation.wire import Delivered

__all__ = ["REQUEST_SECONDS", "Handler", "NatsAccess", "NatsClient"]

REQUEST_SECONDS = 5.0
_DOWN_SECONDS = 30.0
_CANCEL_SECONDS = 0.1

_log = logging.getLogger(__name__)

Handler = Callable[[bytes], Awaitable[bytes]]
"""Answers a request; a handler that raises answers nothing, and the asker tries again."""


class NatsClient:
    """One connection for one user. Without a server it keeps trying and raises NotConnected meanwhile."""

    def __init__(
        self,
        access: NatsAccess,
        *,
        name: str,
        inbox: str,
        watch_seconds: float = 3.0,
        ping_seconds: float = 15.0,
        enter_seconds: float = 15.0,
    ) -> None:
        """Every `watch_seconds` it asks the server for a sign of life, and begins anew without one in `ping_seconds`.

        That is long enough for what lies before it on a slow line, since a sender in trouble makes its batches small.
        So is `enter_seconds`, after which it begins anew if it did not get in: one try may take 12.
        """
        self._access = access
        self._name = name
        self._inbox = inbox
        self._watch_seconds = watch_seconds
        self._ping_seconds = ping_seconds
        self._enter_seconds = enter_seconds
        self._client: Client | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._handlers: dict[str, Handler] = {}
        self._subscriptions: dict[str, Subscription] = {}
        self._faults = Faults(name)
        self._changed = asyncio.Event()
        self._listeners: list[Callable[[], None]] = []
        self.generation = 0
        """Grows with every new session with the server: what was asked of an earlier one is gone."""

    @property
    def connected(self) -> bool:
        return self._client is not None and self._client.is_connected

    @property
    def faults(self) -> tuple[ConfigurationFault, ...]:
        """What the server has forbidden so far: configuration errors, which trying again does not heal."""
        return self._faults.kept

    @property
    def trouble(self) -> ConfigurationFault | None:
        """Why there is no connection: `nats.certificate`, `nats.name_unknown`, `nats.unreachable`; None if there is."""
        return self._faults.trouble

    def start(self) -> None:
        """Begins to keep the connection; returns at once."""
        if self._keeper is None:
            self._keeper = asyncio.get_running_loop().create_task(self._keep(), name=f"nats {self._name}")

    async def stop(self) -> None:
        """Closes the connection. Requests still waiting end with NotConnected or NoAnswer."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            await end([keeper], ask_again_seconds=_CANCEL_SECONDS)

    async def wait_connected(self, timeout_seconds: float) -> bool:
        """Whether there is a connection, waiting at most that long for one."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                while not self.connected:
                    self._changed.clear()
                    await self._changed.wait()
        return self.connected

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Calls `listener` in every new session with the server. Returns how to end that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def publish(
        self, subject: str, data: bytes, *, headers: dict[str, str] | None = None, reply: str = ""
    ) -> None:
        """Sends without an answer. Raises NotConnected."""
        client = self._connected_client()
        try:
            await client.publish(subject, data, reply=reply, headers=headers)
        except (nats.errors.Error, OSError) as error:
            raise NotConnected(str(error)) from error

    async def request(
        self,
        subject: str,
        data: bytes,
        *,
        headers: dict[str, str] | None = None,
        timeout_seconds: float = REQUEST_SECONDS,
    ) -> bytes:
        """The answer. Raises NotConnected, NobodyListens, NoAnswer (perhaps done), Misconfigured (forbidden)."""
        client = self._connected_client()
        with self._faults.watched(subject) as refusal:
            asked = asyncio.create_task(client.request(subject, data, timeout=timeout_seconds, headers=headers))
            try:
                await asyncio.wait({asked, refusal}, return_when=asyncio.FIRST_COMPLETED)
                if refusal.done():
                    raise Misconfigured(refusal.result())
                answer = asked.result().data
            except nats.errors.NoRespondersError as error:
                raise NobodyListens(subject) from error
            except TimeoutError as error:
                raise NoAnswer(subject) from error
            except (nats.errors.Error, OSError) as error:
                raise NotConnected(str(error)) from error
            finally:
                asked.cancel()
        self._faults.allowed(subject)
        return answer

    async def serve(self, subject: str, handler: Handler) -> None:
        """Answers requests on `subject` from now on, across every reconnection, until `stop_serving`."""
        self._handlers[subject] = handler
        client = self._client
        if client is not None and client.is_connected:
            with suppress(nats.errors.Error, OSError):  # the watch tries again
                await self._subscribe_handler(client, subject)

    async def stop_serving(self, subject: str) -> None:
        self._handlers.pop(subject, None)
        subscription = self._subscriptions.pop(subject, None)
        if subscription is not None:
            with suppress(nats.errors.Error, OSError):
                await subscription.unsubscribe()

    async def open_inbox(self, receive: Callable[[Delivered], None]) -> tuple[str, Callable[[], Awaitable[None]]]:
        """A private subject of this session, and how to give it up. Raises NotConnected."""
        client = self._connected_client()

        async def arrived(message: Msg) -> None:
            receive(Delivered.of(message))

        try:
            inbox = client.new_inbox()
            subscription = await subscribe(client, inbox, arrived)
        except (nats.errors.Error, OSError) as error:
            raise NotConnected(str(error)) from error

        async def close() -> None:
            with suppress(nats.errors.Error, OSError):
                await subscription.unsubscribe()

        return inbox, close

    def _connected_client(self) -> Client:
        client = self._client
        if client is None or not client.is_connected:
            raise NotConnected(self._access.url)
        return client

    async def _keep(self) -> None:
        """For ever: connect, serve, watch; when stuck, throw the connection away and begin again."""
        while True:
            client = Client()
            try:
                await connect(
                    client, self._access, name=self._name, inbox=self._inbox,
                    on_error=self._on_error, on_session=self._on_session, timeout_seconds=self._enter_seconds,
                )  # fmt: skip
                await self._adopt(client)
                await self._watch(client)
            except TimeoutError:
                pass  # `trouble` says why; a line that is down for a month would fill the log
            except (nats.errors.Error, OSError) as error:
                _log.info("nats connection given up", extra={"connection": self._name, "error": str(error)})
            except Exception:  # noqa: BLE001 - whatever a server makes the library raise, without a keeper no link runs
                _log.exception("nats connection failed", extra={"connection": self._name})
            finally:
                self._client = None
                self._subscriptions.clear()
                await discard(client)
            await asyncio.sleep(random.uniform(0.2, 1.0))  # noqa: S311 - jitter, not a secret

    async def _adopt(self, client: Client) -> None:
        self._client = client
        await self._on_session()

    async def _on_session(self) -> None:
        if self._client is not None:
            await self._subscribe_missing(self._client)
        self.generation += 1
        self._faults.let_in()
        self._changed.set()
        for listener in tuple(self._listeners):
            listener()

    async def _subscribe_handler(self, client: Client, subject: str) -> None:
        async def asked(message: Msg) -> None:
            handler = self._handlers.get(subject)
            if handler is not None:
                answer = await handler(message.data)
                if message.reply:
                    await client.publish(message.reply, answer)

        if subject not in self._subscriptions:
            self._subscriptions[subject] = await subscribe(client, subject, asked)

    async def _subscribe_missing(self, client: Client) -> None:
        """What was to be served while there was no connection: the client makes anew only what it had before."""
        with suppress(nats.errors.Error, OSError):
            for subject in tuple(self._handlers):
                await self._subscribe_handler(client, subject)

    async def _subscribe_again(self, client: Client) -> None:
        """What the server refused it may allow by now: a reload of its configuration starts no new session."""
        for subject in [each for each in self._handlers if self._faults.subscription_refused(each)]:
            refused = self._subscriptions.pop(subject, None)
            if refused is not None:
                await refused.unsubscribe()
            await self._subscribe_handler(client, subject)

    async def _watch(self, client: Client) -> None:
        """Returns when the connection is closed, or stuck although it may call itself connected."""
        down_seconds = 0.0
        while not client.is_closed and down_seconds < _DOWN_SECONDS:
            await asyncio.sleep(self._watch_seconds)
            if not client.is_connected:
                down_seconds += self._watch_seconds
                continue
            down_seconds = 0.0
            await self._subscribe_again(client)
            await self._subscribe_missing(client)
            session = self.generation
            try:
                await client.rtt(timeout=self._ping_seconds)  # pyright: ignore[reportArgumentType]
            except TimeoutError:
                if session == self.generation and client.is_connected:
                    return

    async def _on_error(self, error: Exception) -> None:
        self._faults.hear(error)
