"""What may be said to `bancheng demo` on the command line.

Owns names, forms and defaults. Imports nothing heavy: the command line is read before anything is loaded.
"""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from pathlib import Path

FIRST_PORT = 18_100
PORTS = 5
"""County, town, village, PostgreSQL, nats-server, in this order from the first port on."""
HIGHEST_FIRST_PORT = 65_535 - PORTS + 1
LOWEST_FIRST_PORT = 1_024
DAY_SECONDS = 60.0
LEAST_DAY_SECONDS = 1.0
_LENGTH = re.compile(r"(\d+(?:\.\d+)?)(s|m|h)")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3_600.0}


@dataclass(frozen=True, kw_only=True)
class Options:
    """One run of the demo. `day_seconds`: wall seconds that one working day takes."""

    day_seconds: float
    data: Path
    first_port: int
    reset: bool
    once: bool
    stories: bool


def add_options(parser: argparse.ArgumentParser) -> None:
    """The arguments of `bancheng demo`."""
    parser.add_argument(
        "--day", type=_day, default=DAY_SECONDS, metavar="60s", help="how long one working day takes: 60s, 5m, 1h (60s)"
    )
    parser.add_argument(
        "--data", type=Path, default=Path("var/demo"), metavar="FOLDER", help="where everything is kept (var/demo)"
    )
    parser.add_argument(
        "--ports", type=_first_port, default=FIRST_PORT, metavar="FIRST",
        help=f"the first of {PORTS} ports in a row ({FIRST_PORT})",
    )  # fmt: skip
    parser.add_argument("--reset", action="store_true", help="delete what an earlier demo kept, and begin anew")
    parser.add_argument("--once", action="store_true", help="start, show that it is ready, and stop again")
    parser.add_argument("--no-stories", action="store_true", help="an empty ledger: no case is entered")


def options_of(parsed: argparse.Namespace) -> Options:
    """What was said."""
    return Options(
        day_seconds=parsed.day,
        data=parsed.data,
        first_port=parsed.ports,
        reset=parsed.reset,
        once=parsed.once,
        stories=not parsed.no_stories,
    )


def _day(text: str) -> float:
    found = _LENGTH.fullmatch(text)
    seconds = float(found[1]) * _SECONDS[found[2]] if found is not None else 0.0
    if seconds < LEAST_DAY_SECONDS:
        raise argparse.ArgumentTypeError(f"{text!r} is no length of at least {LEAST_DAY_SECONDS:g}s: 60s, 5m, 1h")
    return seconds


def _first_port(text: str) -> int:
    port = int(text) if text.isdecimal() and len(text) <= 5 else 0
    if not LOWEST_FIRST_PORT <= port <= HIGHEST_FIRST_PORT:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no port from {LOWEST_FIRST_PORT} to {HIGHEST_FIRST_PORT}; {PORTS} in a row are taken from it"
        )
    return port
