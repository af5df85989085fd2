"""What a composition root hands to a window: the sites, the tier's own words and routes, the limits.

Owns these shapes. Must not know how they are made.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from bancheng.federation.health import LinkStatus
from bancheng.window.hosting import Hosting
from bancheng.window.rule_books import RuleBooks
from bancheng.window.tier_window import TierWindow

LifespanHook = Callable[[], Awaitable[None]]
Links = Callable[[str], Awaitable[Sequence[LinkStatus]]]
"""The links of a tenant's site, as they stand now."""
Readiness = Callable[[], Awaitable[Sequence[str]]]
"""Stable codes of what keeps the service from working; empty when it is ready."""


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """At most `burst` at once and `burst` again in every `seconds`, evenly."""

    burst: int
    seconds: float


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one process takes. Rates are counted in bounded memory of the process: two replicas let twice as much in.

    `sign_in_by_login` counts the tries with one account, `sign_in_by_address` those from one address that fail,
    `requests` what one signed-in member of staff asks for. Sessions are of wall time.
    """

    body_bytes: int = 256 * 1024
    sign_in_by_login: Rate = Rate(burst=10, seconds=300)
    sign_in_by_address: Rate = Rate(burst=60, seconds=300)
    requests: Rate = Rate(burst=3_000, seconds=10)
    uploads: Rate = Rate(burst=60, seconds=60)
    paper_bytes: int = 20 * 1024 * 1024
    remembered_keys: int = 20_000
    session_hours: int = 10
    token_hours: int = 24 * 30
    retry_seconds: int = 2


class WindowParts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a window needs that it does not make itself. Hooks run in the order given.

    `service` names its cookies: a browser sends the cookies of a host to every port of it, and the windows of two
    services on one machine would sign each other out.
    """

    hosting: Hosting
    service: str
    tier: TierWindow
    links: Links
    readiness: Readiness
    books: RuleBooks
    limits: Limits = Limits()
    cookie_secure: bool = True
    version: str = ""
    on_startup: tuple[LifespanHook, ...] = ()
    on_shutdown: tuple[LifespanHook, ...] = ()
    middleware: tuple[Any, ...] = ()
    """Litestar middleware of the runtime's, for logs and measurements; outermost first."""
