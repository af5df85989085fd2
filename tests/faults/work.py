"""From one seed: what each clerk asks for, about which case, how fast and how patiently.

Owns the people of a fault run and the drawing of their requests. Pure, as plan.py is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from tests.support.tenants import OTHER_VILLAGE, PANAN, PANAN_TOWN, TOWN, VILLAGE, XIAOSHAN

MAX_ACTIONS = 2_000
"""Of one clerk."""
IMPATIENT = 0.1
"""The share of requests whose sender hangs up early and sends them again."""


def source(seed: int, name: str) -> Random:
    """A source for each target: how many draws one has does not change those of another."""
    return Random(f"{seed}/{name}")


@dataclass(frozen=True, kw_only=True)
class Action:
    """One request of a clerk, `pause` seconds after the one before. `mark` stands in its text and nowhere else.

    `subject` is the mark of the registration whose case it is about; empty for a registration itself. `patience` is
    how long the first try waits for its answer, 0 for as long as any: whoever hangs up loses an answer.
    """

    mark: str
    command: str
    pause: float
    patience: float = 0.0
    subject: str = ""
    to_unit: str = ""


@dataclass(frozen=True, kw_only=True)
class Clerk:
    tenant: str
    login: str
    actions: tuple[Action, ...]


@dataclass(frozen=True, kw_only=True)
class Post:
    """What a member of staff does, by weight, and to whom they hand down. `sees_all`: of the tenant, not their own."""

    tenant: str
    login: str
    weights: dict[str, int]
    below: tuple[str, ...] = ()
    sees_all: bool = True


_HANDLING = {"accept": 8, "withdraw": 1}
_SOLVING = ("propose-result", "give-answer")
"""What follows an acceptance, about the same case."""
POSTS = (
    Post(
        tenant=XIAOSHAN,
        login="village-clerk",
        weights={"register": 36, "add-note": 22, "escalate": 14, "return": 3, **_HANDLING},
        sees_all=False,
    ),
    Post(
        tenant=XIAOSHAN,
        login="other-clerk",
        weights={"register": 36, "add-note": 22, "escalate": 14, "return": 3, **_HANDLING},
        sees_all=False,
    ),
    Post(
        tenant=XIAOSHAN,
        login="town-clerk",
        weights={"register": 16, "add-note": 24, "escalate": 8, "hand-down": 16, "return": 10, **_HANDLING},
        below=(VILLAGE, OTHER_VILLAGE),
    ),
    Post(tenant=XIAOSHAN, login="town-leader", weights={"add-note": 10, "take-back": 16, "overrule-late": 8}),
    Post(
        tenant=XIAOSHAN,
        login="county-clerk",
        weights={"register": 10, "add-note": 26, "hand-down": 24, "return": 10, **_HANDLING},
        below=(TOWN,),
    ),
    Post(tenant=XIAOSHAN, login="county-coordinator", weights={"add-note": 10, "take-back": 16, "overrule-late": 8}),
    Post(
        tenant=PANAN,
        login="panan-town-clerk",
        weights={"register": 40, "add-note": 24, "escalate": 12, "return": 4, **_HANDLING},
    ),
    Post(
        tenant=PANAN,
        login="panan-clerk",
        weights={"register": 12, "add-note": 26, "hand-down": 20, "return": 8, **_HANDLING},
        below=(PANAN_TOWN,),
    ),
)


def draw_clerks(seed: int, seconds: float) -> tuple[Clerk, ...]:
    mean_pause = 0.35 if seconds < 120 else 0.7
    count = min(MAX_ACTIONS, round(seconds / mean_pause))
    registered: dict[str, list[str]] = {}
    drafts = {post.login: _draft(seed, post, count) for post in POSTS}
    for post in POSTS:
        registered.setdefault(post.tenant, []).extend(_registrations(drafts[post.login]))
    return tuple(
        Clerk(
            tenant=post.tenant,
            login=post.login,
            actions=_actions(
                seed,
                post,
                drafts[post.login],
                registered[post.tenant] if post.sees_all else _registrations(drafts[post.login]),
                mean_pause,
            ),
        )
        for post in POSTS
    )


def _draft(seed: int, post: Post, count: int) -> list[tuple[str, str]]:
    """Mark and command of each request; the first ones of whoever registers are registrations."""
    draw = source(seed, f"draft {post.login}")
    commands = draw.choices(list(post.weights), list(post.weights.values()), k=count)
    if "register" in post.weights:
        commands[:2] = ["register"] * len(commands[:2])
    for index, command in enumerate(commands[:-2]):
        if command == "accept":
            commands[index + 1 : index + 3] = _SOLVING
    return [(f"{post.login}-{index:04d}", command) for index, command in enumerate(commands)]


def _registrations(draft: Sequence[tuple[str, str]]) -> list[str]:
    return [mark for mark, command in draft if command == "register"]


def _actions(
    seed: int, post: Post, draft: Sequence[tuple[str, str]], registered: Sequence[str], mean_pause: float
) -> tuple[Action, ...]:
    """Each about one of the tenant's cases, mostly one that was registered a while before it."""
    draw = source(seed, f"actions {post.login}")
    by_time = sorted(registered, key=lambda mark: (mark.rpartition("-")[2], mark))
    actions: list[Action] = []
    for index, (mark, command) in enumerate(draft):
        pause = draw.uniform(0.2, 1.8) * mean_pause
        patience = draw.uniform(0.002, 0.04) if draw.random() < IMPATIENT else 0.0
        if command == "register":
            actions.append(Action(mark=mark, command=command, pause=pause, patience=patience))
            continue
        subject = actions[-1].subject if command in _SOLVING and actions else _subject(draw, by_time, index, len(draft))
        actions.append(
            Action(
                mark=mark,
                command=command,
                pause=pause,
                patience=patience,
                subject=subject,
                to_unit=draw.choice(post.below) if command == "hand-down" else "",
            )
        )
    return tuple(actions)


def _subject(draw: Random, by_time: Sequence[str], index: int, count: int) -> str:
    """Of the registrations that are due by then, rather a late one."""
    known = max(1, len(by_time) * (index + 1) // count)
    back = min(known - 1, int(draw.expovariate(1 / 12)))
    return by_time[known - 1 - back]
