"""What a story is: a case that somebody registers, and what is done with it, when and by whom.

Owns the shapes. Hours are business hours of domain time; a command's name and body are those of the API.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ARTICLE = "【报道】"
INVENTED = "【演示虚构】"
"""How a title begins, so that nobody takes one for the other."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One command to the case by somebody at their own window, `after_hours` after the step before.

    `body` is the command's. `until_workdays`: a field `until` is added, so many working days after registration.
    """

    login: str
    command: str
    after_hours: float
    body: Mapping[str, object] = field(default_factory=dict[str, object])
    until_workdays: int = 0


@dataclass(frozen=True, kw_only=True)
class Story:
    """`key` is for ever: it makes entering the story twice one case. `after_hours`: since the demo's first instant."""

    key: str
    tenant: str
    login: str
    registration: Mapping[str, object]
    steps: tuple[Step, ...] = ()
    after_hours: float = 0.0

    @property
    def title(self) -> str:
        """By which the case is known in the ledger."""
        return str(self.registration["title"])


def step(login: str, command: str, after_hours: float = 1.0, *, until_workdays: int = 0, **body: object) -> Step:
    """A step in one line."""
    return Step(login=login, command=command, after_hours=after_hours, body=body, until_workdays=until_workdays)


def concluded(
    clerk: str, checker: str, answer: str, *, outcome: str = "solved", comment: str = "", rating: int = 5
) -> tuple[Step, ...]:
    """Answered, result proposed and verified, revisited, struck off. A "no" is told when somebody else approved it."""
    told = step(clerk, "give-answer", 2, text=answer, channel="phone")
    proposed = step(clerk, "propose-result", 1, outcome=outcome, answer=answer)
    verified = step(checker, "verify-result", 1)
    begun = (proposed, verified, told) if outcome == "cannot_be_done" else (told, proposed, verified)
    return (
        *begun,
        step(clerk, "revisit", 4, satisfied=True, rating=rating, comment=comment, channel="phone"),
        step(clerk, "strike-off", 1),
    )
