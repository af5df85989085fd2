"""The services' own API as a member of the demo's staff uses it: signed in, with a key on every write.

Owns tokens and what an answer means to a program. Must not know stories.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any

import msgspec

from bancheng.runtime.demo.places import PASSWORD, Account

SECONDS = 20.0
_UNAUTHORISED = 401
_NOT_NOW = frozenset({401, 408, 429, 500, 502, 503, 504})


class _Refusal(msgspec.Struct, frozen=True, kw_only=True):
    code: str


class NotNow(Exception):
    """The service is down, restarting or busy: the same request later is right."""


class RefusedByService(Exception):
    """The service understood and said no. `code` is its stable code."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code


class Api:
    """The three services. `urls` are by the service's name."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._urls = dict(urls)
        self._tokens: dict[str, str] = {}
        # Our own addresses on this machine, whatever proxy the environment names.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def get(self, account: Account, path: str) -> Any:
        """JSON. Raises NotNow, RefusedByService."""
        return self._as(account, "GET", path, None, "")

    def post(self, account: Account, path: str, body: Mapping[str, object], *, key: str) -> Any:
        """JSON; the same key again has one effect. Raises NotNow, RefusedByService."""
        return self._as(account, "POST", path, body, key)

    def _as(self, account: Account, method: str, path: str, body: Mapping[str, object] | None, key: str) -> Any:
        name = f"{account.tenant}/{account.login}"
        if name not in self._tokens:
            self._tokens[name] = self._sign_in(account)
        headers = {"Authorization": f"Bearer {self._tokens[name]}"} | ({"Idempotency-Key": key} if key else {})
        try:
            return self._send(account.site, method, path, body, headers)
        except RefusedByService as refused:
            if refused.status == _UNAUTHORISED:
                del self._tokens[name]  # expired; the next try signs in
            if refused.status in _NOT_NOW:
                raise NotNow(refused.code) from refused
            raise

    def _sign_in(self, account: Account) -> str:
        body = {"tenant": account.tenant, "login": account.login, "password": PASSWORD}
        try:
            return str(self._send(account.site, "POST", "/tokens", body, {})["token"])
        except RefusedByService as refused:
            if refused.status in _NOT_NOW - {_UNAUTHORISED}:
                raise NotNow(refused.code) from refused
            raise

    def _send(
        self, service: str, method: str, path: str, body: Mapping[str, object] | None, headers: Mapping[str, str]
    ) -> Any:
        request = urllib.request.Request(  # noqa: S310 - http to our own services
            f"{self._urls[service]}/api/v1{path}",
            method=method,
            data=None if body is None else json.dumps(body, ensure_ascii=False).encode(),
            headers={"Content-Type": "application/json", "Accept": "application/json", **headers},
        )
        try:
            with self._opener.open(request, timeout=SECONDS) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise RefusedByService(error.code, _code(error)) from error
        except (OSError, HTTPException, json.JSONDecodeError) as error:
            raise NotNow(type(error).__name__) from error


def _code(error: urllib.error.HTTPError) -> str:
    try:
        with error:
            return msgspec.json.decode(error.read(), type=_Refusal).code
    except (OSError, HTTPException, msgspec.MsgspecError):
        return "unreadable"
