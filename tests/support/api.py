"""A client of the API as another program would write one: signs in, sends keys, reads answers.

Owns requests and what they must at least be answered with. Must not know the database.
"""

from __future__ import annotations

import ssl
import time
from dataclasses import dataclass
from typing import Any, Self, cast
from uuid import UUID, uuid4

import httpx

PREFIX = "/api/v1"
TIMEOUT_SECONDS = 30.0
POLL_SECONDS = 0.05


@dataclass(frozen=True, kw_only=True)
class RegisteredCase:
    case_id: UUID
    number: str


class Refused(AssertionError):
    """An answer that was not the expected one, with the code of the API's error."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(f"{response.request.method} {response.request.url}: {response.status_code} {response.text}")
        self.status = response.status_code
        body: Any = response.json() if "json" in response.headers.get("content-type", "") else {}
        self.code = str(body.get("code", ""))


class Client:
    """One member of staff at one window. Every POST bears an idempotency key. `patience_seconds`: how long to wait for
    what other sites do, unless a call says otherwise.
    """

    def __init__(
        self, *, base_url: str, tenant: str, verify: ssl.SSLContext | bool = True, patience_seconds: float = 60.0
    ) -> None:
        self.tenant = tenant
        self._patience_seconds = patience_seconds
        self.http = httpx.Client(base_url=base_url, timeout=TIMEOUT_SECONDS, verify=verify)

    def sign_in(self, login: str, password: str) -> None:
        body = {"tenant": self.tenant, "login": login, "password": password}
        token = self.post("/tokens", body, expect=201)["token"]
        self.http.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str, **parameters: str | int) -> Any:
        response = self.http.get(PREFIX + path, params=parameters)
        if response.status_code != 200:
            raise Refused(response)
        return response.json()

    def post(self, path: str, body: dict[str, Any], *, key: str = "", expect: int = 200) -> Any:
        """`key` empty: a new one. Raises Refused for another status."""
        response = self.http.post(PREFIX + path, json=body, headers={"Idempotency-Key": key or str(uuid4())})
        if response.status_code != expect:
            raise Refused(response)
        return response.json()

    def register(self, *, title: str = "邻里噪声", key: str = "", **changed: Any) -> RegisteredCase:
        """A case of a kind that the tenant knows; anything may be changed."""
        body = registration(self.tenant, title=title) | changed
        made = self.post("/cases", body, key=key, expect=201)
        return RegisteredCase(case_id=UUID(made["case_id"]), number=made["number"])

    def case(self, case_id: UUID) -> Any:
        return self.get(f"/cases/{case_id}")

    def history(self, case_id: UUID) -> Any:
        return self.get(f"/cases/{case_id}/history")

    def give(self, case_id: UUID, command: str, body: dict[str, Any] | None = None, *, expect: int = 200) -> Any:
        return self.post(f"/cases/{case_id}/{command}", body or {}, expect=expect)

    def attach(self, case_id: UUID, content: bytes, *, name: str = "扫描件.png", kind: str = "signed_form") -> None:
        """A photo or scan. Raises Refused."""
        response = self.http.post(
            f"{PREFIX}/cases/{case_id}/papers", files={"file": (name, content)}, data={"paper_kind": kind},
            headers={"Idempotency-Key": str(uuid4())},
        )  # fmt: skip
        if response.status_code != 200:
            raise Refused(response)

    def wait_for_paper(self, case_id: UUID, sha256: str, *, timeout_seconds: float = 60.0) -> bytes:
        """Its bytes, once they are here."""
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            papers = {each["sha256"]: each["state"] for each in self.get(f"/cases/{case_id}/papers")}
            if papers.get(sha256) == "here":
                return self.http.get(f"{PREFIX}/cases/{case_id}/papers/{sha256}").content
            time.sleep(POLL_SECONDS)
        raise AssertionError(f"paper {sha256} of case {case_id} has not come after {timeout_seconds} s")

    def wait_for_case(self, case_id: UUID, *, timeout_seconds: float | None = None, **expected: Any) -> Any:
        """The case, once it is here and its fields are as expected. `holder_unit` is compared by its code."""
        timeout_seconds = self._patience_seconds if timeout_seconds is None else timeout_seconds
        deadline = time.monotonic() + timeout_seconds
        seen: Any = None
        while time.monotonic() < deadline:
            try:
                seen = self.case(case_id)
            except Refused as refused:
                if refused.status != 404:
                    raise
                seen = None
            if seen is not None and all(_plain(seen[name]) == value for name, value in expected.items()):
                return seen
            time.sleep(POLL_SECONDS)
        stands = {name: _plain(seen[name]) for name in expected} if seen is not None else "not here"
        raise AssertionError(f"case {case_id} is {stands} after {timeout_seconds} s, expected {expected}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()


def registration(tenant: str, *, title: str = "邻里噪声") -> dict[str, Any]:
    """A body that the tenant's rules accept. Invented, the phone from the 000-series."""
    kinds = {
        "330109": ("coordination", ""),
        "330727": ("enterprise_difficulty", "applied_not_accepted"),
        "370406": ("application_matter", "several_visits"),
        "411325": ("application_matter", "several_trips"),
        "510400": ("coordination", ""),
    }
    kind, ground = kinds[tenant]
    return {
        "channel": "desk",
        "kind": kind,
        "case_type": "complex" if tenant == "411325" else "ordinary",
        "title": title,
        "description": "夜间施工，多次反映没有结果。",
        "person": {"name": "测试甲", "phone": "00012345678"},
        "ground": ground,
    }


def _plain(value: Any) -> Any:
    """A unit by its code."""
    unit = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    return unit.get("code", value)
