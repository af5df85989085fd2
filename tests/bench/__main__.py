"""`python -m tests.bench`: what it reaches on this machine, as ratios to the machine's own limits.

Owns the command line. `make bench` calls it; `--write docs/benchmarks.md` writes the page.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bench.report import Taken, now, page, table
from tests.bench.run import measure
from tests.bench.sizes import DEFAULT, FULL, SHORT


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    how_much = parser.add_mutually_exclusive_group()
    how_much.add_argument("--short", action="store_true", help="see that it runs; its figures say nothing")
    how_much.add_argument("--full", action="store_true", help="the amounts that the goals are stated for")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the page of figures")
    given = parser.parse_args(arguments)
    sizes = SHORT if given.short else FULL if given.full else DEFAULT
    began, load = time.monotonic(), os.getloadavg()[0]

    def tell(what: str) -> None:
        print(f"[{time.monotonic() - began:5.0f} s] {what}", file=sys.stderr, flush=True)

    at = now()
    figures = measure(sizes, tell)
    print(table(figures))
    if given.write is not None:
        size = "" if sizes is DEFAULT else f" --{sizes.name}"
        minutes = (time.monotonic() - began) / 60
        command = f"python -m tests.bench{size} --write docs/{given.write.name}"
        taken = Taken(at=at, command=command, minutes=minutes, load=(load, os.getloadavg()[0]))
        given.write.write_text(page(figures, taken), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
