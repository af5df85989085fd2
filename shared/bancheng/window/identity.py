"""Who is asking: a member of staff of one tenant, by the token or the cookie that they show.

Owns what a request knows of its sender. How somebody signs in is sign_in.py's.
"""

from __future__ import annotations

from datetime import date

from bancheng.federation.site import HostedSite
from bancheng.kernel.case import Case
from bancheng.kernel.duty import Roster
from bancheng.kernel.officers import present_officer
from bancheng.schema.events import Actor
from bancheng.store.accounts import SessionKind, SignedIn
from bancheng.store.visibility import Visibility
from bancheng.window.permissions import visibility

NO_ROSTER = Roster()


class Identity:
    """A signed-in member of staff at the hosted site of their tenant. One request long."""

    __slots__ = (
        "csrf",
        "kind",
        "login",
        "name",
        "roles",
        "roster",
        "site",
        "staff_id",
        "tenant",
        "token_hash",
        "unit",
        "visible",
    )

    def __init__(self, site: HostedSite, signed_in: SignedIn, roster: Roster = NO_ROSTER) -> None:
        staff, session = signed_in.staff, signed_in.session
        self.site = site
        self.roster = roster
        self.tenant: str = site.tenant
        self.staff_id: str = staff.staff_id
        self.login: str = staff.login
        self.name: str = staff.name
        self.unit: str = staff.unit
        self.roles: tuple[str, ...] = staff.roles
        self.csrf: str = session.csrf
        self.kind: SessionKind = session.kind
        self.token_hash: bytes = session.token_hash
        self.visible: Visibility = visibility(site.jurisdiction, staff.unit, staff.roles)

    @property
    def today(self) -> date:
        """The day by domain time: a duty day, too."""
        return self.site.calendar.local_day(self.site.now())

    @property
    def actor(self) -> Actor:
        """As it stands in history for ever; who stands in for somebody who is away says for whom (PA-R7)."""
        away = self.roster.stands_in_for(self.staff_id, self.today)
        return Actor(staff=self.staff_id, name=self.name, unit=self.unit, stands_in_for="、".join(away))

    def actor_on(self, case: Case) -> Actor:
        """The same; in a case that they follow themselves, they stand in for nobody."""
        officer = present_officer(case)
        if officer is not None and officer.staff == self.staff_id:
            return Actor(staff=self.staff_id, name=self.name, unit=self.unit)
        return self.actor

    @property
    def is_supervisor(self) -> bool:
        return "supervisor" in self.roles
