"""The breaking: each target's faults one after the other, in a thread of its own, and everything whole at the end.

Owns what an attack is on a running system. Whether the system bears it is the oracle's to say.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from bancheng.runtime.local_process import kill_tree
from tests.faults.plan import NATS, POSTGRES, RELAY, SERVICES, Fault, Jump
from tests.support.processes import ServiceProcess
from tests.support.system import System

LOCKS_ELSEWHERE = "locks_elsewhere"
"""A database in which a second relay takes its locks, so that it and the first both believe to hold them."""


class SecondRelay:
    """Another `work` process of a service, with the same database and keys."""

    def __init__(self, service: ServiceProcess, *, lock_url: str = "") -> None:
        self.log_path = service.log_path.with_name(f"{service.name}-second.log")
        environment = service.environment | ({"BANCHENG_LOCK_URL": lock_url} if lock_url else {})
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", f"bancheng_{service.name}.app", "work"],
                env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.log_path.parent,
                start_new_session=True,
            )  # fmt: skip

    def kill(self) -> None:
        kill_tree(self._process.pid)
        self._process.wait()

    def log(self) -> str:
        return self.log_path.read_text(encoding="utf-8")


def pause(service: ServiceProcess) -> int | None:
    """SIGSTOP: it holds its connections and locks, and does nothing. The process that was stopped."""
    process_id = service.process_id
    if process_id is not None:
        os.kill(process_id, signal.SIGSTOP)
    return process_id


def resume(process_id: int | None) -> None:
    if process_id is not None:
        os.kill(process_id, signal.SIGCONT)


@dataclass(kw_only=True)
class Tally:
    """What was really done, for the report."""

    counts: Counter[str] = field(default_factory=Counter[str])
    defects: list[str] = field(default_factory=list[str])
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, what: str) -> None:
        with self.lock:
            self.counts[what] += 1


class Attacker:
    """All faults of one target, then the jumps of the clock in the same way. `heal` ends the fault under way."""

    def __init__(self, system: System, target: str, faults: Sequence[Fault], tally: Tally, *, began: float) -> None:
        self._system = system
        self._target = target
        self._faults = faults
        self._tally = tally
        self._began = began
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"attacks on {target}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._over.set()

    def join(self) -> None:
        self._thread.join()

    def _run(self) -> None:
        try:
            for fault in self._faults:
                if self._over.wait(max(0.0, self._began + fault.at - time.monotonic())):
                    return
                self._attack(fault)
        except Exception as error:  # noqa: BLE001 - said in the report: a fault that could not be made proves nothing
            with self._tally.lock:
                self._tally.defects.append(f"attack on {self._target}: {type(error).__name__} {error}")

    def _attack(self, fault: Fault) -> None:
        self._tally.count(f"{fault.target} {fault.attack}")
        if fault.target in SERVICES:
            self._attack_service(self._system.services[fault.target], fault)
        elif fault.target == NATS:
            self._system.kill_nats(wipe=fault.attack == "wipe")
            self._over.wait(fault.seconds)
            self._system.nats.start()
        elif fault.target == POSTGRES:
            self._system.postgres.kill()
            self._over.wait(fault.seconds)
            self._system.postgres.start()
        elif fault.target == RELAY:
            self._run_second_relay(fault)
        else:
            self._attack_link(fault)

    def _attack_service(self, service: ServiceProcess, fault: Fault) -> None:
        if fault.attack == "kill":
            service.kill()
            self._over.wait(fault.seconds)
            service.start()
            return
        stopped = pause(service)
        try:
            self._over.wait(fault.seconds)
        finally:
            resume(stopped)

    def _attack_link(self, fault: Fault) -> None:
        tenant, _, child = fault.target.partition("/")
        if fault.attack not in {"reset", "black_hole", "slow"}:
            raise ValueError(f"{fault.attack} is no attack on a link")
        self._system.proxies[tenant, child].set_mode(fault.attack)  # pyright: ignore[reportArgumentType]
        try:
            self._over.wait(fault.seconds)
        finally:
            self._system.heal(tenant, child)

    def _run_second_relay(self, fault: Fault) -> None:
        town = self._system.services["town"]
        lock_url = self._system.postgres.url(LOCKS_ELSEWHERE, user="town_service", password="town-service")
        relay = SecondRelay(town, lock_url=lock_url if fault.attack == "second_relay" else "")
        try:
            self._over.wait(fault.seconds)
        finally:
            relay.kill()


class ClockMover:
    """The jumps of the domain clock, which stands still between them and afterwards."""

    def __init__(self, system: System, jumps: Sequence[Jump], *, began: float) -> None:
        self._system = system
        self._jumps = jumps
        self._began = began
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="clock", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._over.set()

    def join(self) -> None:
        self._thread.join()

    def _run(self) -> None:
        for jump in self._jumps:
            if self._over.wait(max(0.0, self._began + jump.at - time.monotonic())):
                return
            clock = self._system.clock
            clock.advance_to(clock.now() + timedelta(hours=jump.hours))
