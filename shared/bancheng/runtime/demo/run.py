"""`bancheng demo` from the first line to the last.

Owns the order of a run: take the folder, end what a killed run left, start, tell, watch, stop. Services that crash are
started again; a part that keeps crashing ends the demo in order.
"""

from __future__ import annotations

import signal
import threading
import time
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from types import FrameType

from bancheng.runtime.demo.api import Api
from bancheng.runtime.demo.folder import DemoFolder, FolderRefused, end_processes
from bancheng.runtime.demo.foundation import Foundation, make_foundation, read_foundation
from bancheng.runtime.demo.household import Household, Stopped
from bancheng.runtime.demo.options import PORTS, Options
from bancheng.runtime.demo.places import SERVICES
from bancheng.runtime.demo.stories.teller import Teller
from bancheng.runtime.demo.telling import say, step
from bancheng.runtime.demo.timekeeping import Timekeeper
from bancheng.runtime.demo.watching import Watcher
from bancheng.runtime.demo.welcome import welcome
from bancheng.runtime.domain_clock import ClockFileError
from bancheng.runtime.local_process import PortInUse, ServerFailed, port_is_free

LOOK_SECONDS = 0.2
RETRY_SECONDS = 1.0
MOST_RESTARTS = 6
RESTARTS_WITHIN_SECONDS = 60.0


def run(options: Options) -> int:
    """0 when it was stopped, 1 when it could not run; what is wrong has been said."""
    folder = DemoFolder(options.data)
    stopping = _Stopping()
    try:
        folder.take()
    except FolderRefused as refused:
        say(str(refused))
        return 1
    try:
        return _Run(options, folder, stopping).run()
    except (FolderRefused, ClockFileError, PortInUse, ServerFailed) as error:
        say(f"演示没有启动 · the demo did not start\n{error}")
        return 1
    finally:
        folder.release()


class _Stopping:
    """Ctrl-C, SIGTERM and a closed terminal ask for the end, once: every part has a limit for its own end."""

    def __init__(self) -> None:
        self.is_asked = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask)

    def _ask(self, _: int, __: FrameType | None) -> None:
        self.is_asked.set()


class _Run:
    def __init__(self, options: Options, folder: DemoFolder, stopping: _Stopping) -> None:
        self._options = options
        self._folder = folder
        self._stopping = stopping
        self._time = Timekeeper(folder.path)
        self._restarts: deque[float] = deque(maxlen=MOST_RESTARTS)

    def run(self) -> int:
        began = time.monotonic()
        say("办成 Bancheng 演示 · demo")
        self._clear_up()
        foundation = self._foundation()
        household = Household(
            foundation, self._folder.path, first_port=self._options.first_port, clock_file=self._time.path
        )
        if not self._ports_are_free(household.ports):
            return 1
        now = self._time.prepare(
            begins_at=foundation.begins_at, calendar=foundation.calendar, day_seconds=self._options.day_seconds
        )
        try:
            household.start(now, self._stopping.is_asked.is_set)
            self._time.run()
            welcome(foundation, self._options, now, time.monotonic() - began)
            return 0 if self._options.once else self._live(household, foundation)
        except Stopped:
            return 0
        except ServerFailed:
            # Ctrl-C at a terminal reaches the programs that run for a moment only, such as initdb, as well.
            if self._stopping.is_asked.is_set():
                return 0
            raise
        finally:
            self._end(household, foundation)

    def _clear_up(self) -> None:
        left = self._folder.left_processes()
        if left:
            count = sum(len(group) for group in left)
            with step(f"上次没有停下的 {count} 个进程，先停下", "processes of a killed demo: stopped first"):
                self._time.freeze_what_runs()
                for group in left:
                    end_processes(group)
        if self._options.reset:
            with step("删去上次的数据", "deleting what was kept"):
                self._folder.empty()

    def _foundation(self) -> Foundation:
        path = self._folder.path / "foundation.json"
        found = read_foundation(path)
        if found is not None:
            say("  接着上次的数据 · going on with the data of the last time")
            return found
        with step("设立两个县区：密钥、名录、规则、日历", "founding two counties: keys, directory, rules, calendar"):
            return make_foundation(path, datetime.now(UTC))

    def _ports_are_free(self, ports: Mapping[str, int]) -> bool:
        taken = {name: port for name, port in ports.items() if not port_is_free(port)}
        for name, port in taken.items():
            say(f"  端口 {port}（{name}）已被别的程序占用 · port {port} ({name}) is in use by another program")
        if taken:
            other = self._options.first_port + 100
            say(f"  换一组端口 · choose others: bancheng demo --ports {other}  ({other} … {other + PORTS - 1})")
        return not taken

    def _live(self, household: Household, foundation: Foundation) -> int:
        """Until somebody stops it, or a part keeps crashing."""
        api = Api({name: household.services[name].url for name in SERVICES})
        clock = self._time.clock()
        threads: list[Watcher | Teller] = [Watcher(api, clock, foundation.calendar)]
        if self._options.stories:
            threads.append(Teller(api, clock, foundation, self._folder.path / "stories.json"))
        for each in threads:
            each.start()
        try:
            while not self._stopping.is_asked.wait(LOOK_SECONDS):
                if not self._keep_alive(household):
                    return 1
            return 0
        finally:
            for each in threads:
                each.end()
            for each in threads:
                each.join()

    def _keep_alive(self, household: Household) -> bool:
        """Start again what crashed. False when it crashes again and again."""
        for name, part in household.parts.items():
            if part.process_id is not None:
                continue
            now = time.monotonic()
            if len(self._restarts) == MOST_RESTARTS and now - self._restarts[0] < RESTARTS_WITHIN_SECONDS:
                say(f"{name} 又停了，演示结束 · {name} ended once too often: the demo ends")
                return False
            self._restarts.append(now)
            say(f"{name} 意外停止，重新启动 · {name} ended unexpectedly and is started again")
            part.stop()
            try:
                part.start()
            except (PortInUse, ServerFailed) as error:
                say(str(error))
                self._stopping.is_asked.wait(RETRY_SECONDS)  # the children of a killed server take a moment to go
        return True

    def _end(self, household: Household, foundation: Foundation) -> None:
        say()
        say("正在停止 · stopping")
        local = f"{foundation.calendar.local(self._time.freeze()):%Y-%m-%d %H:%M}"
        household.stop()
        say(f"已停止，演示时间停在 {local} · stopped; the demo's time stands still at {local}")
        say(f"数据留在 {self._options.data} · everything is kept in {self._options.data}")
