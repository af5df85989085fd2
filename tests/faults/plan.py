"""From one seed: what is broken when, how the clock jumps, and what each clerk does.

Owns the drawing. Pure: a seed and a length always give the same plan, whatever the machine then makes of it. Instants
are seconds after the start of the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from random import Random
from typing import Literal

from tests.support.system import LINKS
from tests.support.tenants import OTHER_VILLAGE, PANAN, PANAN_TOWN, TOWN, VILLAGE, XIAOSHAN

MAX_SECONDS = 3_600
MAX_ACTIONS = 2_000
"""Of one clerk."""

Attack = Literal["kill", "pause", "wipe", "reset", "black_hole", "slow", "second_relay", "standby"]
SERVICES = ("village", "town", "county")
NATS, POSTGRES, RELAY = "nats", "postgres", "second relay"
_LINK_ATTACKS: tuple[Attack, ...] = ("reset", "black_hole", "slow")
WIPES = 2
IMPATIENT = 0.1
"""The share of requests whose sender hangs up early and sends them again."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """`target` is a service, a server, or a link as `tenant/child`; it is whole again after `seconds`."""

    at: float
    target: str
    attack: Attack
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Jump:
    """The domain clock goes forward by `hours`, nights and days off included."""

    at: float
    hours: float


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
class Plan:
    """`faults` of one target never overlap; those of different targets do."""

    seed: int
    seconds: float
    faults: tuple[Fault, ...]
    jumps: tuple[Jump, ...]
    clerks: tuple[Clerk, ...]

    def lines(self) -> list[str]:
        """For people, in the order in which it happens."""
        timed = [(each.at, f"{each.target}: {each.attack} for {each.seconds:.1f} s") for each in self.faults]
        timed += [(each.at, f"clock: {each.hours:.1f} h forward") for each in self.jumps]
        work = [f"{each.tenant} {each.login}: {len(each.actions)} requests" for each in self.clerks]
        return [f"seed {self.seed}, {self.seconds:.0f} s", *work, *(f"{at:7.2f}  {what}" for at, what in sorted(timed))]


@dataclass(frozen=True, kw_only=True)
class Post:
    """What a member of staff does, by weight, and to whom they hand down. `sees_all`: of the tenant, not their own."""

    tenant: str
    login: str
    weights: dict[str, int]
    below: tuple[str, ...] = ()
    sees_all: bool = True


_HANDLING = {"accept": 6, "propose-result": 4, "give-answer": 4, "withdraw": 1}
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
    Post(tenant=XIAOSHAN, login="town-leader", weights={"add-note": 10, "take-back": 20}),
    Post(
        tenant=XIAOSHAN,
        login="county-clerk",
        weights={"register": 10, "add-note": 26, "hand-down": 24, "return": 10, **_HANDLING},
        below=(TOWN,),
    ),
    Post(tenant=XIAOSHAN, login="county-coordinator", weights={"add-note": 10, "take-back": 20}),
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


def make_plan(seed: int, seconds: float) -> Plan:
    """Raises ValueError for a run that is not between 10 seconds and an hour."""
    if not 10 <= seconds <= MAX_SECONDS:
        raise ValueError(f"a fault run takes 10 to {MAX_SECONDS} seconds")
    faults = [each for target in SERVICES for each in _service_faults(seed, target, seconds)]
    faults += _server_faults(seed, NATS, seconds, wipes=WIPES)
    faults += _server_faults(seed, POSTGRES, seconds, wipes=0)
    faults += [each for tenant, child in LINKS for each in _link_faults(seed, f"{tenant}/{child}", seconds)]
    faults += _second_relays(seed, seconds)
    return Plan(
        seed=seed,
        seconds=seconds,
        faults=tuple(sorted(faults, key=lambda each: each.at)),
        jumps=_jumps(seed, seconds),
        clerks=_clerks(seed, seconds),
    )


def _drawn(seed: int, name: str) -> Random:
    """A source for each target: how many faults one has does not change the draws of another."""
    return Random(f"{seed}/{name}")


def _slots(draw: Random, seconds: float, count: int, longest: float) -> list[tuple[float, float]]:
    """Start and length of `count` faults of one target, one in each equal part of the run, apart from each other."""
    part = seconds / count
    found: list[tuple[float, float]] = []
    for index in range(count):
        begin = draw.uniform(0.05, 0.45) * part
        found.append((index * part + begin, draw.uniform(0.1, 1.0) * min(longest, part * 0.5)))
    return found


def _service_faults(seed: int, target: str, seconds: float) -> list[Fault]:
    """Killed at least twice, and stopped in its tracks once for every two kills."""
    draw = _drawn(seed, target)
    kills = max(2, round(seconds / 25))
    attacks: list[Attack] = []
    attacks.extend(repeat("kill", kills))
    attacks.extend(repeat("pause", kills // 2))
    draw.shuffle(attacks)
    slots = _slots(draw, seconds, len(attacks), longest=5.0)
    return [
        Fault(at=at, target=target, attack=attack, seconds=length)
        for (at, length), attack in zip(slots, attacks, strict=True)
    ]


def _server_faults(seed: int, target: str, seconds: float, *, wipes: int) -> list[Fault]:
    draw = _drawn(seed, target)
    count = max(2, 1 + wipes, round(seconds / 35))
    wiped = set(draw.sample(range(count), wipes))
    return [
        Fault(at=at, target=target, attack="wipe" if index in wiped else "kill", seconds=length)
        for index, (at, length) in enumerate(_slots(draw, seconds, count, longest=4.0))
    ]


def _link_faults(seed: int, target: str, seconds: float) -> list[Fault]:
    draw = _drawn(seed, target)
    count = max(2, round(seconds / 14))
    return [
        Fault(at=at, target=target, attack=draw.choice(_LINK_ATTACKS), seconds=length)
        for at, length in _slots(draw, seconds, count, longest=15.0)
    ]


def _second_relays(seed: int, seconds: float) -> list[Fault]:
    """One that takes its lock elsewhere and so relays at the same time, and one that waits for the lock, by turns."""
    draw = _drawn(seed, RELAY)
    count = max(1, round(seconds / 60))
    kinds: tuple[Attack, ...] = ("second_relay", "standby")
    return [
        Fault(at=at, target=RELAY, attack=kinds[index % 2], seconds=max(length, 5.0))
        for index, (at, length) in enumerate(_slots(draw, seconds, count, longest=25.0))
    ]


def _jumps(seed: int, seconds: float) -> tuple[Jump, ...]:
    """Two weeks and more in all, so that what nobody solves climbs from the village to the top and beyond."""
    draw = _drawn(seed, "clock")
    count = max(6, round(seconds / 4))
    hours = (14 + seconds / 12) * 24 / count
    return tuple(
        Jump(at=(index + draw.uniform(0.2, 0.8)) * seconds / count, hours=hours * draw.uniform(0.4, 1.6))
        for index in range(count)
    )


def _clerks(seed: int, seconds: float) -> tuple[Clerk, ...]:
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
    draw = _drawn(seed, f"draft {post.login}")
    commands = draw.choices(list(post.weights), list(post.weights.values()), k=count)
    if "register" in post.weights:
        commands[:2] = ["register"] * len(commands[:2])
    return [(f"{post.login}-{index:04d}", command) for index, command in enumerate(commands)]


def _registrations(draft: Sequence[tuple[str, str]]) -> list[str]:
    return [mark for mark, command in draft if command == "register"]


def _actions(
    seed: int, post: Post, draft: Sequence[tuple[str, str]], registered: Sequence[str], mean_pause: float
) -> tuple[Action, ...]:
    """Each about one of the tenant's cases, mostly one that was registered a while before it."""
    draw = _drawn(seed, f"actions {post.login}")
    by_time = sorted(registered, key=lambda mark: (mark.rpartition("-")[2], mark))
    actions: list[Action] = []
    for index, (mark, command) in enumerate(draft):
        pause = draw.uniform(0.2, 1.8) * mean_pause
        patience = draw.uniform(0.002, 0.04) if draw.random() < IMPATIENT else 0.0
        if command == "register":
            actions.append(Action(mark=mark, command=command, pause=pause, patience=patience))
            continue
        known = max(1, len(by_time) * (index + 1) // len(draft))
        back = min(known - 1, int(draw.expovariate(1 / 12)))
        actions.append(
            Action(
                mark=mark,
                command=command,
                pause=pause,
                patience=patience,
                subject=by_time[known - 1 - back],
                to_unit=draw.choice(post.below) if command == "hand-down" else "",
            )
        )
    return tuple(actions)
