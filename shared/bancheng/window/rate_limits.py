"""How often somebody may ask, counted in bounded memory of this process.

Owns the arithmetic: one instant per key, at which its allowance is full again. When more keys are known than
allowed, the one that asked longest ago is forgotten: that forgives, and never refuses, somebody.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from bancheng.window.failures import ApiError
from bancheng.window.parts import Rate

Seconds = Callable[[], float]


class RateLimit:
    """One rate for many keys."""

    def __init__(self, rate: Rate, *, remembered: int, seconds: Seconds = time.monotonic) -> None:
        self._rate = rate
        self._most_remembered = remembered
        self._seconds = seconds
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def take(self, key: str) -> None:
        """One request of `key`. Raises ApiError `api.rate_limited` with the seconds to wait."""
        now = self._seconds()
        step = self._rate.seconds / self._rate.burst
        full_at = max(now, self._full_at.get(key, now)) + step
        wait = full_at - now - self._rate.seconds
        if wait > 0:
            seconds = max(1, math.ceil(wait))
            raise ApiError(429, "api.rate_limited", retry_seconds=seconds, seconds=seconds)
        self._full_at[key] = full_at
        self._full_at.move_to_end(key)
        while len(self._full_at) > self._most_remembered:
            self._full_at.popitem(last=False)

    def give_back(self, key: str) -> None:
        """The last request of `key` turned out to be one that is not counted."""
        full_at = self._full_at.get(key)
        if full_at is not None:
            self._full_at[key] = full_at - self._rate.seconds / self._rate.burst

    @property
    def remembered(self) -> int:
        """How many keys are known now."""
        return len(self._full_at)

    def forget(self, key: str) -> None:
        """What was counted against `key` no longer counts."""
        self._full_at.pop(key, None)
