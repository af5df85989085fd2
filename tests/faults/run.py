"""One fault run, from its seed to the verdict.

Owns the order: start, work and break, heal, let it settle, send the keys again, judge. A run ends by itself and leaves
no process behind.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from bancheng.schema import events as e
from bancheng.schema.documents import Directory
from bancheng.schema.events import CaseEvent, decode_event
from tests.faults.attacks import LOCKS_ELSEWHERE, Attacker, ClockMover, Tally
from tests.faults.clerks import ClerkAtWork, GivenUp, Ledger, base_url_key
from tests.faults.plan import Plan
from tests.faults.settling import wait_until_settled
from tests.support.business import Business, broken_promises, summary
from tests.support.oracle import problems_of
from tests.support.standing import Standing
from tests.support.system import System, running_system

SETTLE_SECONDS = 30.0
"""From healing on (federation.md, What must be shown)."""
LAST_ANSWER_SECONDS = 30.0
RECORD = "record.json"
"""In the run's folder: every request and its answer, for whoever looks into a run that failed."""


@dataclass(kw_only=True)
class Outcome:
    """What a run came to. `problems` is empty when everything holds, by `standing` and `business`."""

    seed: int
    standing: Standing = field(default_factory=Standing)
    business: Business = field(default_factory=Business)
    directories: dict[str, Directory] = field(default_factory=dict[str, Directory])
    problems: list[str] = field(default_factory=list[str])
    counts: dict[str, int] = field(default_factory=dict[str, int])
    attacks: dict[str, int] = field(default_factory=dict[str, int])
    troubles: dict[str, int] = field(default_factory=dict[str, int])
    settled_seconds: float = 0.0

    def lines(self) -> Iterator[str]:
        yield "what was done:   " + ", ".join(f"{name} {count}" for name, count in self.counts.items())
        yield "what was broken: " + ", ".join(f"{name} {count}" for name, count in sorted(self.attacks.items()))
        yield "what was logged: " + ", ".join(f"{name} {count}" for name, count in sorted(self.troubles.items()))
        yield f"settled {self.settled_seconds:.1f} s after healing"
        if self.problems:
            yield f"FAILED, {len(self.problems)} things do not hold; the same again: --seed {self.seed}"
            yield from self.problems[:60]
        else:
            yield "everything holds"


def run(plan: Plan, directory: Path) -> Outcome:
    """Starts everything, with fsync as in production, and ends everything. Raises what the harness itself raises."""
    with running_system(directory, fsync=True) as system:
        asyncio.run(system.postgres.create_database(LOCKS_ELSEWHERE, owner="town_owner"))
        return _run(system, plan, directory)


def _run(system: System, plan: Plan, directory: Path) -> Outcome:
    outcome, ledger, tally = Outcome(seed=plan.seed), Ledger(), Tally()
    clerks = [
        ClerkAtWork(each, seed=plan.seed, base_url=system.services[base_url_key(each)].url, ledger=ledger)
        for each in plan.clerks
    ]
    try:
        _work_and_break(system, plan, clerks, tally)
        healed = time.monotonic()
        for clerk in clerks:
            clerk.join(LAST_ANSWER_SECONDS)
        left = wait_until_settled(system, until=healed + SETTLE_SECONDS)
        outcome.settled_seconds = time.monotonic() - healed
        outcome.problems += [f"not settled {SETTLE_SECONDS} s after healing: {each}" for each in left]
        for clerk in clerks:
            outcome.problems += clerk.repeat(ledger.deeds)
    except GivenUp as error:
        outcome.problems.append(f"no answer: {error}")
    finally:
        for clerk in clerks:
            clerk.close()
    outcome.problems += [*ledger.defects, *tally.defects]
    _judge(system, plan, outcome, ledger)
    outcome.attacks = dict(tally.counts)
    outcome.troubles = dict(logged_troubles(directory))
    (directory / RECORD).write_bytes(msgspec.json.format(msgspec.json.encode(ledger.deeds)))
    return outcome


def _work_and_break(system: System, plan: Plan, clerks: list[ClerkAtWork], tally: Tally) -> None:
    """Until the time is over and everything is whole again: processes up, links passing, the clock still."""
    began = time.monotonic()
    targets = sorted({fault.target for fault in plan.faults})
    threads = [
        *(
            Attacker(system, each, [fault for fault in plan.faults if fault.target == each], tally, began=began)
            for each in targets
        ),
        ClockMover(system, plan.jumps, began=began),
    ]
    try:
        for each in (*clerks, *threads):
            each.start()
        time.sleep(plan.seconds)
    finally:
        for clerk in clerks:
            clerk.finish()
        for each in threads:
            each.end()
        for each in threads:
            each.join()
    system.start()


def _judge(system: System, plan: Plan, outcome: Outcome, ledger: Ledger) -> None:
    outcome.standing = system.standing()
    outcome.directories = {tenant: founded.directory for tenant, founded in system.founded.items()}
    outcome.business = Business(deeds=tuple(ledger.deeds))
    outcome.problems += problems_of(outcome.standing, outcome.directories, {})
    outcome.problems += broken_promises(outcome.standing, outcome.business)
    left_out = sum(len(clerk.actions) for clerk in plan.clerks) - len(ledger.deeds)
    outcome.counts = summary(outcome.business) | {"not done": left_out} | dict(_happened(outcome.standing))


_KINDS: dict[type[CaseEvent], str] = {
    e.Escalated: "climbs",
    e.TakenOver: "takeovers",
    e.HandedDown: "hand-downs",
    e.Returned: "returns",
    e.LateEntryFiled: "late entries filed",
    e.LateOverruled: "late entries overruled",
    e.AskAccepted: "asks entered",
    e.AskRefused: "asks refused",
    e.ReportedOutside: "reported outside",
}


def _happened(standing: Standing) -> Counter[str]:
    """What history says of the run, each entry once: a run in which nobody climbed shows nothing."""
    counts = Counter[str](dict.fromkeys(_KINDS.values(), 0))
    seen: set[bytes] = set()
    for site in standing.sites.values():
        for row in site.events:
            if row.event_hash not in seen and row.frame.payload is not None:
                seen.add(row.event_hash)
                name = _KINDS.get(type(decode_event(row.frame.payload)))
                if name is not None:
                    counts[name] += 1
    counts["entries"] = len(seen)
    return counts


class _LogLine(msgspec.Struct):
    level: str
    event: str
    code: str = ""


_log_line = msgspec.json.Decoder(_LogLine)


def logged_troubles(directory: Path) -> Counter[str]:
    """How often each warning or error of the services' own logs was written, with its code."""
    counts = Counter[str]()
    for path in directory.glob("*.log"):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                said = _log_line.decode(line)
            except msgspec.MsgspecError:
                continue
            if said.level in {"warning", "error", "critical"} or said.code == "stream.fenced":
                counts[f"{said.level} {said.event} {said.code}".strip()] += 1
    return counts
