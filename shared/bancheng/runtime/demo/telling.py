"""What the demo says on the terminal: one line for each step, with how long it took.

Owns the form of a line. Chinese first, then English.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

_lock = threading.Lock()


def say(text: str = "") -> None:
    """One line, at once. A terminal that went away is no reason to leave anything unstopped."""
    with _lock:
        _write(text + "\n")


@contextmanager
def step(zh: str, en: str) -> Generator[None]:
    """`zh · en ...` and, when it is done, after how many seconds."""
    began = time.monotonic()
    with _lock:
        _write(f"  {zh} · {en} ... ")
    try:
        yield
    except BaseException:
        say("没有完成 · not finished")
        raise
    say(f"{time.monotonic() - began:.1f} s")


def _write(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except (OSError, ValueError):
        return
