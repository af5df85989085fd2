"""The demo's eye: what becomes of every case, line by line on the terminal, whoever or whatever moved it.

Owns one thread that reads the two counties' ledgers through their API. Writes nothing.
"""

from __future__ import annotations

import threading
from typing import Any, Final

from bancheng.kernel.calendar import Calendar
from bancheng.runtime.demo.api import Api, NotNow, RefusedByService
from bancheng.runtime.demo.places import ACCOUNTS, Account
from bancheng.runtime.demo.telling import say
from bancheng.runtime.domain_clock import DomainClock

LOOK_SECONDS = 1.0
MOST_CASES = 200
_CLOSED: Final = {
    "struck_off": "已销号 · struck off",
    "declined": "不予受理 · declined",
    "withdrawn": "已撤回 · withdrawn",
    "archived": "已归档 · archived",
}


class Watcher(threading.Thread):
    """Says when a case is registered, changes hands or is closed."""

    def __init__(self, api: Api, clock: DomainClock, calendar: Calendar) -> None:
        super().__init__(name="watcher", daemon=True)
        self._api = api
        self._clock = clock
        self._calendar = calendar
        self._ended = threading.Event()
        self._known: dict[str, dict[str, tuple[str, str]]] = {}

    def end(self) -> None:
        self._ended.set()

    def run(self) -> None:
        """Until `end`. A county that is down is looked at again later."""
        tops = [each for each in ACCOUNTS if each.site == "county" and "supervisor" in each.roles]
        while not self._ended.is_set():
            for account in tops:
                try:
                    self._look(account)
                except (NotNow, RefusedByService):
                    continue
            self._ended.wait(LOOK_SECONDS)

    def _look(self, account: Account) -> None:
        cases = self._api.get(account, f"/cases?limit={MOST_CASES}")["cases"]
        known = self._known.get(account.tenant)
        if known is None:
            # What an earlier run left is in the ledger already.
            known = self._known[account.tenant] = {each["case_id"]: _place(each) for each in cases}
            return
        for case in reversed(cases):
            before, now = known.get(case["case_id"]), _place(case)
            known[case["case_id"]] = now
            if before is None:
                self._tell(case, f"登记于 {case['registered_unit']['name']} · registered")
            if before is not None and before[0] != now[0]:
                self._tell(case, f"到了 {now[0]} · now there")
            if (before is None or before[1] != now[1]) and now[1] in _CLOSED:
                self._tell(case, _CLOSED[now[1]])

    def _tell(self, case: Any, what: str) -> None:
        at = self._calendar.local(self._clock.now())
        say(f"[{at:%m-%d %H:%M}] {case['number']} {case['title'][:24]} | {what}")


def _place(case: Any) -> tuple[str, str]:
    """Who holds it, and how it stands."""
    return case["holder_unit"]["name"], case["stage"]
