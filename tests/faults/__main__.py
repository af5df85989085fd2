"""`python -m tests.faults`: one fault run; the exit code is 0 when everything holds."""

from __future__ import annotations

import argparse
import secrets
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

from tests.faults.plan import make_plan
from tests.faults.run import run

SHORT_SECONDS = 30.0
LONG_SECONDS = 300.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, help="the same seed draws the same faults and inputs; default: a new one")
    parser.add_argument("--seconds", type=float, help=f"how long it breaks things; default {LONG_SECONDS:.0f}")
    parser.add_argument("--short", action="store_true", help=f"{SHORT_SECONDS:.0f} seconds, as in `make test`")
    parser.add_argument("--plan", action="store_true", help="print what would happen, and start nothing")
    parser.add_argument("--keep", type=Path, help="a new folder for databases and logs, which are then kept")
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else secrets.randbelow(2**31)
    print(f"seed {seed}", flush=True)
    plan = make_plan(seed, arguments.seconds or (SHORT_SECONDS if arguments.short else LONG_SECONDS))
    if arguments.plan:
        print("\n".join(plan.lines()))
        return 0
    # So that an end from outside leaves no process behind either.
    signal.signal(signal.SIGTERM, _end)
    directory = arguments.keep or Path(tempfile.mkdtemp(prefix="bancheng-faults-"))
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o755)  # PostgreSQL's account must reach its own folder in it
    outcome = run(plan, directory)
    print("\n".join(outcome.lines()), flush=True)
    if arguments.keep is None and not outcome.problems:
        shutil.rmtree(directory, ignore_errors=True)
    else:
        print(f"databases and logs: {directory}")
    return 1 if outcome.problems else 0


def _end(_number: int, _frame: FrameType | None) -> None:
    sys.exit(143)


if __name__ == "__main__":
    sys.exit(main())
