"""How long the link waits for what: one place for every interval, and the pause between tries.

Owns wall-clock waiting only. No rule of a case depends on it; domain time is the hosted site's.
"""

from __future__ import annotations

import random

import msgspec


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """All in seconds.

    `poll`: how soon rows that another process wrote are found. `check`: how often an idle link looks whether everything
    is still what it was, though nothing told it otherwise. `key_patience`: how long an unknown key may still arrive in
    the directory before the link stops. `gather`: how long what follows a batch waits for company. `heartbeat`: how
    often a server without news says so; a stream whose server is lost is missed after three. `greet`: after how long
    without a sign of life the peer is asked for one, and how often at most such a sign is written down.
    """

    poll: float = 0.25
    check: float = 10.0
    retry_least: float = 0.1
    retry_most: float = 5.0
    key_patience: float = 10.0
    receipt_interval: float = 0.05
    gather: float = 0.02
    heartbeat: float = 5.0
    greet: float = 60.0


class Backoff:
    """Doubling, capped and jittered pauses, for ever."""

    def __init__(self, timing: Timing) -> None:
        self._least = timing.retry_least
        self._most = timing.retry_most
        self._next = timing.retry_least

    def reset(self) -> None:
        self._next = self._least

    def pause(self) -> float:
        """Seconds to wait before the next try."""
        base, self._next = self._next, min(self._most, self._next * 2)
        return base * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret


def jittered(seconds: float) -> float:
    """About so long, so that those who look at the same thing do not all look at once."""
    return seconds * random.uniform(0.75, 1.25)  # noqa: S311 - jitter, not a secret
