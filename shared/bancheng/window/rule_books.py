"""What a window is handed to read rules and days with: from what somebody sent to a profile or to calendar years.

Owns the shape of the reader and of its findings. The files' own form is not known here: the composition root passes in
whoever knows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal, Protocol

import msgspec

from bancheng.kernel.calendar import Calendar, CalendarYear
from bancheng.kernel.profile import Profile

CalendarFormat = Literal["toml", "csv"]


class BookProblem(msgspec.Struct, frozen=True, kw_only=True):
    """One finding. `line` counts from 1, None where there is none; `field` is a path, empty for the whole file."""

    line: int | None
    field: str
    code: str
    detail: str = ""


class BookUnreadable(Exception):
    """What was sent is refused as a whole: nothing of it is used. `problems` has at least one entry."""

    def __init__(self, code: str, problems: Sequence[BookProblem]) -> None:
        super().__init__(code)
        self.code = code
        self.problems = tuple(problems)


class ProfileChange(msgspec.Struct, frozen=True, kw_only=True):
    """One difference between two editions. `place` is a path that names elements by key (`tiers.town.hold_workdays`).

    `was` and `becomes` are as a reader sees them; empty where there was or will be nothing.
    """

    kind: Literal["added", "removed", "changed"]
    place: str
    was: str = ""
    becomes: str = ""


class RuleBooks(Protocol):
    """Reads what the administrator of a tenant sends."""

    def profile(self, text: str) -> Profile:
        """A rule profile from TOML. Raises BookUnreadable `profile.unreadable`."""
        ...

    def days(self, text: str, form: CalendarFormat, base: Calendar) -> tuple[CalendarYear, ...]:
        """Years from TOML or a list of days. Raises BookUnreadable `calendar.unreadable`."""
        ...

    def table(self, content: bytes, name: str) -> tuple[str, CalendarFormat]:
        """An uploaded file (TOML, CSV or a spreadsheet) as a text that `days` reads. Raises BookUnreadable."""
        ...

    def known_years(self, around: date) -> tuple[CalendarYear, ...]:
        """The years around a day as the notices that this release carries have them."""
        ...

    def compare(self, old: Profile, new: Profile) -> tuple[ProfileChange, ...]:
        """Every difference, in the order of the profile's fields."""
        ...
