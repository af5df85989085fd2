"""A hosted site: what one process knows of one tenant's site that it serves.

Owns the bundle of key, rules, calendar and directory, and the peers that follow from it. Knows no database and
no connection. It is replaced as a whole when a document arrives, never changed.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime

import msgspec

from bancheng.kernel.calendar import Calendar
from bancheng.kernel.context import Context, Jurisdiction
from bancheng.kernel.profile import Profile
from bancheng.kernel.registers import Registers
from bancheng.schema.events import SYSTEM_STAFF, Actor
from bancheng.schema.subjects import Direction
from bancheng.store.signing import Keyring, RandomBytes, Signer

Now = Callable[[], datetime]
"""Domain time: aware UTC. The rules never read another clock."""


def wall_milliseconds() -> int:
    """Wall time, for identifiers only: it orders them roughly and decides nothing."""
    return time.time_ns() // 1_000_000


def wall_now() -> datetime:
    """Wall time, for the record of when something was stored: it decides nothing."""
    return datetime.now(UTC)


class UnknownEdition(Exception):
    """A case names an edition of the profile that has not arrived here yet."""

    code = "profile.edition_unknown"


NO_REGISTERS = Registers()


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """The site at the other end of a link, and what it is to us."""

    site: str
    is_parent: bool

    @property
    def outgoing(self) -> Direction:
        return "up" if self.is_parent else "dn"

    @property
    def incoming(self) -> Direction:
        return "dn" if self.is_parent else "up"

    def child_of_link(self, own_site: str) -> str:
        """The child end names the link, its subjects and its streams."""
        return own_site if self.is_parent else self.site


class HostedSite:
    """One tenant's site in this process. Immutable: a new directory, profile or calendar makes a new one."""

    def __init__(  # noqa: PLR0913  what a site is made of
        self,
        *,
        tenant: str,
        site: str,
        signer: Signer,
        jurisdiction: Jurisdiction,
        profiles: Mapping[int, Profile],
        calendar: Calendar,
        now: Now,
        registers: Registers = NO_REGISTERS,
        founded_on: date = date.min,
        random: RandomBytes = secrets.token_bytes,
    ) -> None:
        self.tenant = tenant
        self.site = site
        self.signer = signer
        self.jurisdiction = jurisdiction
        self.keyring = Keyring(jurisdiction.directory)
        self.profiles = profiles
        self.calendar = calendar
        self.registers = registers
        self.begun_on = max(founded_on, min((each.effective_on for each in profiles.values()), default=date.min))
        """Since when the tenant has a directory and rules: no report is owed for a period that ended before."""
        self.now = now
        self.random = random
        self.wall_ms = wall_milliseconds
        self.wall_now = wall_now

    def peers(self) -> tuple[Peer, ...]:
        entry = self.jurisdiction.site(self.site)
        parent = entry.parent if entry is not None else None
        up = () if parent is None else (Peer(site=parent, is_parent=True),)
        return up + tuple(Peer(site=child, is_parent=False) for child in self.jurisdiction.children(self.site))

    def peer(self, site: str) -> Peer | None:
        return next((peer for peer in self.peers() if peer.site == site), None)

    def profile(self, edition: int) -> Profile:
        """Raises UnknownEdition."""
        profile = self.profiles.get(edition)
        if profile is None:
            raise UnknownEdition(f"{self.tenant} profile edition {edition}")
        return profile

    def current_profile(self) -> Profile:
        """The newest edition in effect today."""
        today = self.calendar.local_day(self.now())
        effective = [each for each in self.profiles.values() if each.effective_on <= today]
        if not effective:
            raise UnknownEdition(f"{self.tenant} has no profile in effect on {today}")
        return max(effective, key=lambda each: each.edition)

    def context(self, actor: Actor, profile: Profile) -> Context:
        return Context(
            now=self.now(),
            actor=actor,
            site=self.site,
            profile=profile,
            calendar=self.calendar,
            jurisdiction=self.jurisdiction,
            entrustments=self.registers.entrustments,
            catalogue=self.registers.catalogue,
        )

    def system_actor(self, unit: str) -> Actor:
        """The clock and the links act as `system`, for the unit concerned."""
        return Actor(staff=SYSTEM_STAFF, name="系统", unit=unit)
