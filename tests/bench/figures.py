"""One measured figure: its samples, what it is compared with, and the goal that it is held against.

Owns the arithmetic (median and spread) and the wording of a figure. Must not know how it was measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Literal

Unit = Literal["/s", "ms", "s", "MiB", "×"]
Standing = Literal["reached", "not reached", "not claimed", ""]


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What quality.md asks for. `least` and `most` bound the median, `least_ratio` the median of the ratios.

    `work` is how much of it the goal is stated for, where that is more than was measured.
    """

    text: str
    least: float | None = None
    most: float | None = None
    least_ratio: float | None = None
    work: str = ""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """`ratios` are to `against`, repetition by repetition, measured in the same run."""

    group: str
    work: str
    unit: Unit
    samples: Sequence[float]
    against: str = ""
    ratios: Sequence[float] = field(default_factory=tuple)
    goal: Goal | None = None
    note: str = ""

    @property
    def median(self) -> float:
        return median(self.samples)

    @property
    def ratio(self) -> float | None:
        return median(self.ratios) if self.ratios else None

    @property
    def standing(self) -> Standing:
        """Whether the goal is reached. What is missed with less work than the goal is stated for is missed; what is met
        with less claims nothing.
        """
        goal = self.goal
        if goal is None:
            return ""
        misses = (
            (goal.least is not None and self.median < goal.least)
            or (goal.most is not None and self.median > goal.most)
            or (goal.least_ratio is not None and (self.ratio is None or self.ratio < goal.least_ratio))
        )
        if misses:
            return "not reached"
        return "not claimed" if goal.work else "reached"

    def value_text(self) -> str:
        return f"{number_text(self.median)} {self.unit}" if self.unit != "/s" else f"{number_text(self.median)}/s"

    def spread_text(self) -> str:
        """Least to greatest of the repetitions; empty for a single one."""
        if len(self.samples) < 2:
            return ""
        return f"{number_text(min(self.samples))} … {number_text(max(self.samples))}"

    def ratio_text(self) -> str:
        if self.ratio is None:
            return ""
        spread = f" ({min(self.ratios):.2f} … {max(self.ratios):.2f})" if len(self.ratios) > 1 else ""
        return f"{self.ratio:.2f} of {self.against}{spread}"


def number_text(value: float) -> str:
    """Three digits that say something."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def ratios(values: Sequence[float], to: Sequence[float]) -> tuple[float, ...]:
    """Repetition by repetition."""
    return tuple(value / other for value, other in zip(values, to, strict=True) if other > 0)
