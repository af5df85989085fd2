"""People at work while everything breaks: each sends what the plan says and never gives a request up.

Owns the sending: one idempotency key for one request, sent again after every failure until there is an answer that
settles it. What was answered is the record that the oracle begins with.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID

import httpx

from tests.faults.work import Action, Clerk
from tests.support.api import PREFIX, registration
from tests.support.business import Deed
from tests.support.tenants import ACCOUNTS, PASSWORD, SERVICES

TIMEOUT_SECONDS = 2.0
"""Shorter than a service may be stopped in its tracks, so that some requests are sent twice while one is under way."""
RETRY_SECONDS = 0.25
LATER = frozenset({401, 429, 500, 502, 503, 504})
"""Answers that settle nothing. A 500 is a defect as well, and is reported."""
MAX_TRIES = 2_000


@dataclass(kw_only=True)
class Ledger:
    """What all clerks together have done so far. Shared by their threads."""

    deeds: list[Deed] = field(default_factory=list[Deed])
    cases: dict[str, UUID] = field(default_factory=dict[str, UUID])
    defects: list[str] = field(default_factory=list[str])
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, deed: Deed) -> None:
        with self.lock:
            self.deeds.append(deed)
            if deed.status == 201 and deed.case_id is not None:
                self.cases[deed.mark] = deed.case_id

    def add_defect(self, text: str) -> None:
        with self.lock:
            self.defects.append(text)

    def case_of(self, mark: str) -> UUID | None:
        with self.lock:
            return self.cases.get(mark)


class GivenUp(Exception):
    """The run is over and a request is still without an answer: the system did not come back."""


class ClerkAtWork:
    """One thread. `finish` lets the request under way come to its answer and sends no other."""

    def __init__(self, clerk: Clerk, *, seed: int, base_url: str, ledger: Ledger) -> None:
        account = next(each for each in ACCOUNTS if (each.tenant, each.login) == (clerk.tenant, clerk.login))
        self._clerk = clerk
        self._site = account.site
        self._ledger = ledger
        self._http = httpx.Client(base_url=base_url, timeout=TIMEOUT_SECONDS)
        self._jitter = Random(f"{seed}/retries {clerk.login}")
        self._finishing = threading.Event()
        self._abandoned = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"clerk {clerk.login}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def finish(self) -> None:
        self._finishing.set()

    def join(self, timeout_seconds: float) -> None:
        """Raises GivenUp when the last request is not answered in that time."""
        self._thread.join(timeout_seconds)
        self._abandoned.set()
        if self._thread.is_alive():
            self._thread.join(TIMEOUT_SECONDS * 2)
            raise GivenUp(f"{self._clerk.login} has no answer after {timeout_seconds} s")

    def close(self) -> None:
        self._finishing.set()
        self._abandoned.set()
        self._thread.join(TIMEOUT_SECONDS * 2)
        self._http.close()

    def _work(self) -> None:
        try:
            for action in self._clerk.actions:
                if self._finishing.wait(action.pause):
                    return
                self.do(action)
        except GivenUp:
            return
        except Exception as error:  # noqa: BLE001 - said in the report, with everything else that went wrong
            self._ledger.add_defect(f"{self._clerk.login}: {type(error).__name__} {error}")

    def do(self, action: Action) -> Deed | None:
        """Until it is answered. None when its case was not registered yet, or leaves nothing to decide."""
        case_id = None
        if action.subject:
            case_id = self._ledger.case_of(action.subject)
        body = self._body(action)
        if action.command == "overrule-late" and case_id is not None:
            body["event_hash"] = self._open_late_entry(case_id)
        if (action.subject and case_id is None) or body.get("event_hash") == "":
            return None
        path = f"/cases/{case_id}/{action.command}" if case_id is not None else "/cases"
        response, tries = self._send(path, body, key=action.mark, patience=action.patience)
        deed = self._deed(action, case_id, response, tries)
        self._ledger.add(deed)
        return deed

    def _send(self, path: str, body: dict[str, Any], *, key: str, patience: float = 0.0) -> tuple[httpx.Response, int]:
        """The answer that settles it, and how often it was sent. `patience` is the first try's."""
        for attempt in range(1, MAX_TRIES + 1):
            if attempt > 1 and self._abandoned.wait(RETRY_SECONDS * self._jitter.uniform(0.5, 1.5)):
                break
            timeout = patience if attempt == 1 and patience else TIMEOUT_SECONDS
            try:
                response = self._http.post(PREFIX + path, json=body, headers={"Idempotency-Key": key}, timeout=timeout)
            except httpx.TransportError:
                continue
            if response.status_code == 401 and path != "/tokens":
                self._sign_in()
            elif response.status_code == 500:
                self._ledger.add_defect(f"{self._clerk.login} {path}: 500 {response.text}")
            if response.status_code not in LATER:
                return response, attempt
        raise GivenUp(f"{self._clerk.login} {path}")

    def _open_late_entry(self, case_id: UUID) -> str:
        """Of the case as it stands at this window just now; empty when it has none or does not answer."""
        try:
            response = self._http.get(f"{PREFIX}/cases/{case_id}")
        except httpx.TransportError:
            return ""
        entries: list[dict[str, str]] = response.json()["late_entries"] if response.status_code == 200 else []
        return next((each["event_hash"] for each in entries if each["decision"] == "open"), "")

    def _sign_in(self) -> None:
        body = {"tenant": self._clerk.tenant, "login": self._clerk.login, "password": PASSWORD}
        response, _ = self._send("/tokens", body, key=f"sign-in-{time.monotonic_ns()}")
        if response.status_code == 201:
            self._http.headers["Authorization"] = f"Bearer {response.json()['token']}"

    def _body(self, action: Action) -> dict[str, Any]:
        mark = action.mark
        match action.command:
            case "register":
                return registration(self._clerk.tenant, title=mark)
            case "add-note" | "give-answer":
                return {"text": mark}
            case "accept":
                return {"note": mark}
            case "propose-result":
                return {"outcome": "solved", "answer": mark}
            case "hand-down":
                return {"to_unit": action.to_unit, "reason": mark}
            case _:
                return {"reason": mark}

    def _deed(self, action: Action, case_id: UUID | None, response: httpx.Response, tries: int) -> Deed:
        said: dict[str, Any] = response.json()
        status = response.status_code
        ask = said.get("ask_id") if status == 202 else None
        return Deed(
            tenant=self._clerk.tenant,
            site=self._site,
            command=action.command,
            mark=action.mark,
            status=status,
            case_id=UUID(said["case_id"]) if status == 201 else case_id,
            number=str(said.get("number", "")),
            head=bytes.fromhex(said.get("version", "")) if status in {200, 201} else b"",
            ask_id=UUID(ask) if ask else None,
            code=str(said.get("code", "")) if status >= 400 else "",
            tries=tries,
            replayed="Idempotency-Replayed" in response.headers,
        )

    def repeat(self, deeds: list[Deed]) -> list[str]:
        """Send every accepted registration of this clerk once more. What is not answered as before, in words."""
        wrong: list[str] = []
        for deed in deeds:
            mine = (deed.tenant, deed.mark.rpartition("-")[0]) == (self._clerk.tenant, self._clerk.login)
            if deed.status != 201 or not mine:
                continue
            response, _ = self._send("/cases", registration(deed.tenant, title=deed.mark), key=deed.mark)
            said: dict[str, Any] = response.json()
            if response.status_code != 201 or said.get("case_id") != str(deed.case_id):
                wrong.append(f"{deed.mark}: sent again, answered {response.status_code} {response.text[:200]}")
        return wrong


def base_url_key(clerk: Clerk) -> str:
    """The service at whose window the clerk works."""
    site = next(each.site for each in ACCOUNTS if (each.tenant, each.login) == (clerk.tenant, clerk.login))
    return SERVICES[clerk.tenant, site]
