"""What somebody typed, kept while their form cannot be taken: the error's page sends the same form once more.

Owns which forms are kept, for the length of one request, and what of them goes on the page. Whether a failure passes is
read off it; nothing is stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast
from urllib.parse import urlsplit

import msgspec
from litestar import Request

from bancheng.window.failures import Failure
from bancheng.window.requests import Connection

_SCOPE: Final = "kept_form"
_URLENCODED: Final = "application/x-www-form-urlencoded"
USED_KEY: Final = "api.idempotency_conflict"
_PASSES: Final = frozenset({"api.not_signed_in", "api.csrf", "api.rate_limited"})


class KeptForm(msgspec.Struct, frozen=True, kw_only=True):
    """`fields` without the token of the page: the error's page has one of its own, if anybody is signed in."""

    action: str
    fields: dict[str, str]


def keep(connection: Connection, typed: Mapping[str, str]) -> None:
    """From now on an error of this request has these texts."""
    texts = {name: text.replace("\r\n", "\n") for name, text in typed.items()}
    cast("dict[str, Any]", connection.scope)[_SCOPE] = texts


async def keep_unread(connection: Connection) -> None:
    """The same for who turns out not to be signed in. A form with a file is not read for a stranger, and one that holds
    nothing, as that for signing out, is not kept.
    """
    if not isinstance(connection, Request) or connection.method != "POST":
        return
    request: Request[Any, Any, Any] = connection
    if not is_own(request) or request.headers.get("content-type", "").partition(";")[0].strip() != _URLENCODED:
        return
    values = cast("dict[str, object]", dict((await request.form()).items()))
    typed = {name: value for name, value in values.items() if isinstance(value, str)}
    if typed.keys() - {"csrf"}:
        keep(request, typed)


def is_own(connection: Connection) -> bool:
    """Whether a page of this window sent it, as the browser says: no other house's texts are ever given back."""
    origin = urlsplit(connection.headers.get("origin", "")).netloc
    return bool(origin) and origin == connection.headers.get("host", "")


def kept_form(request: Request[Any, Any, Any], failure: Failure) -> KeptForm | None:
    """The form to be sent once more: None where that could not help, or nothing was typed."""
    typed: dict[str, str] | None = cast("dict[str, Any]", request.scope).get(_SCOPE)
    if typed is None or not is_own(request) or not (failure.code in _PASSES or failure.status >= 500):
        return None
    fields = {name: text for name, text in typed.items() if name != "csrf"}
    return KeptForm(action=request.url.path, fields=fields)


def sent_before(failure: Failure) -> Failure:
    """A form whose key was used: to a person at a page it is the form that was sent and saved, not a request."""
    return msgspec.structs.replace(failure, code="form.sent_before")
