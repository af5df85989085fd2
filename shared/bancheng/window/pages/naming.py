"""What things of one tenant are called in one language: its kinds and steps, its limits, its roles, its units.

Owns the look-up in the tenant's rules; words that are the same for every tenant are words.py's. Must not know
templates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from bancheng.kernel.context import Jurisdiction
from bancheng.kernel.profile import Profile
from bancheng.kernel.profile_parts import Choice, Text
from bancheng.schema.clocks import HELD_PREFIX, STEP_PREFIX
from bancheng.window.error_texts import Language
from bancheng.window.pages.catalogue import word
from bancheng.window.pages.words import WORDS


class Names:
    """The words of one tenant's rules for one reader. `parts` are what the numbered parts of a case are called."""

    def __init__(
        self, profile: Profile, jurisdiction: Jurisdiction, language: Language, parts: Mapping[str, str] | None = None
    ) -> None:
        self._parts = parts or {}
        self._profile = profile
        self._jurisdiction = jurisdiction
        self._language: Language = language

    def text(self, text: Text) -> str:
        return text.zh if self._language == "zh" else text.en

    def choice(self, listed: str, key: str) -> str:
        """A key of one of the profile's lists; one that is not there stands for itself. A ground or an exclusion is
        looked for in both.
        """
        choices = cast("Sequence[Choice]", getattr(self._profile, listed))
        if listed in {"exclusions", "grounds"}:
            choices = (*self._profile.exclusions, *self._profile.grounds)
        return next((self.text(each.name) for each in choices if each.key == key), key)

    def clock(self, name: str) -> str:
        """A limit: the system's own by its word, an obligation by the tenant's, that of a part with what the part is
        called, else its number.
        """
        if name.startswith(HELD_PREFIX):
            return word(self._language, "clock", "held")
        if name.startswith(STEP_PREFIX):
            return self.choice("obligations", name.removeprefix(STEP_PREFIX))
        sort, _, number = name.partition(":")
        return f"{word(self._language, 'clock', sort)} {self._parts.get(name, number)}".strip()

    def part(self, sort: str, number: object) -> str:
        """A numbered part of the case: an order by its department, a paper by its name; empty for one not known."""
        return self._parts.get(f"{sort}{number}", "")

    def owner(self, name: str) -> str:
        """Who owes the step of an obligation, in words; empty for any other limit."""
        obligation = self._profile.obligation(name.removeprefix(STEP_PREFIX)) if name.startswith(STEP_PREFIX) else None
        if obligation is None:
            return ""
        return self.role(obligation.owner) if obligation.owner not in WORDS["owner"] else self._owner(obligation.owner)

    def _owner(self, owner: str) -> str:
        named = next((each.name for each in self._profile.roles if each.role == owner), None)
        return self.text(named) if named is not None else word(self._language, "owner", owner)

    def role(self, role: str) -> str:
        """What the tenant calls a role of the system's: 值班长, or 窗口首席."""
        named = next((each.name for each in self._profile.roles if each.role == role), None)
        return self.text(named) if named is not None else word(self._language, "role", role)

    def unit(self, code: str) -> str:
        unit = self._jurisdiction.unit(code)
        return unit.name if unit is not None else code
