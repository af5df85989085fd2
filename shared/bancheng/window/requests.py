"""What a handler reads off a request: who asks, in which language, from where, under which key and version.

Owns the names of headers and cookies, and the guard of the API. Must not know what is asked.
"""

from __future__ import annotations

import re
from typing import Any, Final, Literal

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.handlers import BaseRouteHandler

from bancheng.window import languages
from bancheng.window.error_texts import Language
from bancheng.window.failures import ApiError
from bancheng.window.identity import Identity
from bancheng.window.window import Window

StaffRequest = Request[Identity, Any, State]
"""A request whose sender is known: `request.user`."""
Connection = ASGIConnection[Any, Any, Any, Any]
CookieKind = Literal["session", "form", "language"]

_VERSION: Final = re.compile(r'"?([0-9a-f]{64})"?')


def language_of(connection: Connection) -> Language:
    chosen = connection.cookies.get(cookie_name(connection, "language"))
    return languages.language_of(connection.headers.get("accept-language"), chosen)


def cookie_name(connection: Connection, kind: CookieKind) -> str:
    """A service's own: `bancheng_county_session`."""
    return f"bancheng_{window_of(connection).parts.service}_{kind}"


def address_of(connection: Connection) -> str:
    """Who is at the other end. Behind a proxy the server is told by it (uvicorn's `forwarded_allow_ips`)."""
    return connection.client.host if connection.client is not None else ""


def window_of(connection: Connection) -> Window:
    window = connection.app.state["window"]
    if not isinstance(window, Window):
        raise TypeError("the application was made without a window")
    return window


def bearer_of(connection: Connection) -> str:
    """The token of the API. Raises ApiError `api.not_signed_in`."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise ApiError(401, "api.not_signed_in")
    return token.strip()


async def require_token(connection: Connection, _: BaseRouteHandler) -> None:
    """Guard of the API: before anything of the request is read, it is known who asks."""
    window = window_of(connection)
    connection.scope["user"] = await window.sign_in.identity(bearer_of(connection), kind="token")


def version_of(connection: Connection) -> bytes | None:
    """The head that the user saw. Raises ApiError `api.version_unreadable`."""
    given = connection.headers.get("if-match")
    if given is None or given.strip() == "*":
        return None
    found = _VERSION.fullmatch(given.strip())
    if found is None:
        raise ApiError(400, "api.version_unreadable")
    return bytes.fromhex(found[1])
