"""How much is measured: enough to tell in minutes, everything that the goals are stated for, or just that it runs.

Owns the three sizes.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Counts of cases, events, samples and repetitions; seconds of load for each repetition."""

    name: str
    seconds: float
    repetitions: int
    fewer_repetitions: int
    climbing_cases: int
    pressed_samples: int
    waiting_events: int
    listed_cases: int
    rest_seconds: float


SHORT = Sizes(
    name="short", seconds=0.5, repetitions=1, fewer_repetitions=1, climbing_cases=20, pressed_samples=5,
    waiting_events=100, listed_cases=200, rest_seconds=0.1,
)  # fmt: skip
DEFAULT = Sizes(
    name="default", seconds=1.5, repetitions=5, fewer_repetitions=3, climbing_cases=2_000, pressed_samples=200,
    waiting_events=10_000, listed_cases=20_000, rest_seconds=2.0,
)  # fmt: skip
FULL = Sizes(
    name="full", seconds=4.0, repetitions=7, fewer_repetitions=3, climbing_cases=10_000, pressed_samples=500,
    waiting_events=100_000, listed_cases=100_000, rest_seconds=5.0,
)  # fmt: skip
