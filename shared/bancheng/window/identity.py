"""Who is asking: a member of staff of one tenant, by the token or the cookie that they show.

Owns what a request knows of its sender. How somebody signs in is sign_in.py's.
"""

from __future__ import annotations

from bancheng.federation.site import HostedSite
from bancheng.schema.events import Actor
from bancheng.store.accounts import SessionKind, SignedIn
from bancheng.store.visibility import Visibility
from bancheng.window.permissions import visibility


class Identity:
    """A signed-in member of staff at the hosted site of their tenant. One request long."""

    __slots__ = (
        "csrf",
        "kind",
        "login",
        "name",
        "roles",
        "site",
        "staff_id",
        "tenant",
        "token_hash",
        "unit",
        "visible",
    )

    def __init__(self, site: HostedSite, signed_in: SignedIn) -> None:
        staff, session = signed_in.staff, signed_in.session
        self.site = site
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
    def actor(self) -> Actor:
        """As it stands in history for ever."""
        return Actor(staff=self.staff_id, name=self.name, unit=self.unit)

    @property
    def is_supervisor(self) -> bool:
        return "supervisor" in self.roles
