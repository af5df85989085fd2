"""From one seed: what is broken when, how the clock jumps, and (work.py) what each clerk does.

Owns the drawing. Pure: a seed and a length always give the same plan, whatever the machine then makes of it. Instants
are seconds after the start of the run.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import repeat
from random import Random
from typing import Literal

from tests.faults.work import Clerk, draw_clerks, source
from tests.support.tenants import LINKS

MAX_SECONDS = 3_600

Attack = Literal["kill", "pause", "wipe", "reset", "black_hole", "slow", "second_relay", "standby"]
SERVICES = ("village", "town", "county")
NATS, POSTGRES, RELAY = "nats", "postgres", "second relay"
_LINK_ATTACKS: tuple[Attack, ...] = ("reset", "black_hole", "slow")
WIPES = 2


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
        clerks=draw_clerks(seed, seconds),
    )


def _slots(draw: Random, seconds: float, count: int, longest: float) -> list[tuple[float, float]]:
    """Start and length of `count` faults of one target, one in each equal part of the run, apart from each other."""
    part = seconds / count
    found: list[tuple[float, float]] = []
    for index in range(count):
        begin = draw.uniform(0.05, 0.45) * part
        found.append((index * part + begin, draw.uniform(0.1, 1.0) * min(longest, part * 0.5)))
    return found


def _service_faults(seed: int, target: str, seconds: float) -> list[Fault]:
    """Killed, and stopped in its tracks once for every two kills; each at least once."""
    draw = source(seed, target)
    kills = max(1, round(seconds / 25))
    attacks: list[Attack] = []
    attacks.extend(repeat("kill", kills))
    attacks.extend(repeat("pause", max(1, kills // 2)))
    draw.shuffle(attacks)
    slots = _slots(draw, seconds, len(attacks), longest=5.0)
    return [
        Fault(at=at, target=target, attack=attack, seconds=length)
        for (at, length), attack in zip(slots, attacks, strict=True)
    ]


def _server_faults(seed: int, target: str, seconds: float, *, wipes: int) -> list[Fault]:
    draw = source(seed, target)
    count = max(1 + wipes, round(seconds / 35))
    wiped = set(draw.sample(range(count), wipes))
    return [
        Fault(at=at, target=target, attack="wipe" if index in wiped else "kill", seconds=length)
        for index, (at, length) in enumerate(_slots(draw, seconds, count, longest=4.0))
    ]


def _link_faults(seed: int, target: str, seconds: float) -> list[Fault]:
    draw = source(seed, target)
    count = max(2, round(seconds / 14))
    return [
        Fault(at=at, target=target, attack=draw.choice(_LINK_ATTACKS), seconds=length)
        for at, length in _slots(draw, seconds, count, longest=15.0)
    ]


def _second_relays(seed: int, seconds: float) -> list[Fault]:
    """One that takes its lock elsewhere and so relays at the same time, and one that waits for the lock, by turns."""
    draw = source(seed, RELAY)
    count = max(1, round(seconds / 60))
    kinds: tuple[Attack, ...] = ("second_relay", "standby")
    return [
        Fault(at=at, target=RELAY, attack=kinds[index % 2], seconds=max(length, 5.0))
        for index, (at, length) in enumerate(_slots(draw, seconds, count, longest=25.0))
    ]


def _jumps(seed: int, seconds: float) -> tuple[Jump, ...]:
    """Two weeks and more in all, so that what nobody solves climbs from the village to the top and beyond."""
    draw = source(seed, "clock")
    count = max(6, round(seconds / 4))
    hours = (14 + seconds / 12) * 24 / count
    return tuple(
        Jump(at=(index + draw.uniform(0.2, 0.8)) * seconds / count, hours=hours * draw.uniform(0.4, 1.6))
        for index in range(count)
    )
