"""What a window stands on: the database, the sites it hosts, and the links beside them.

Owns the look-up by tenant. The composition root fills it; pages and API only ask.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping

from bancheng.federation.site import HostedSite
from bancheng.store.append_desk import AppendDesk
from bancheng.store.database import Database
from bancheng.store.duty_rosters import RosterDesk
from bancheng.store.numbers import NumberDesk
from bancheng.store.paper_store import PaperStore

Wake = Callable[[str, Collection[str] | None], None]
"""Told the tenant, and for which neighbours there is something; None: for some or none of them."""
Renew = Callable[[str], Awaitable[None]]
"""Told the tenant: makes its site anew from the documents that are stored, and puts it in."""


async def _nothing_to_renew(tenant: str) -> None:
    """Sites that were put together by hand stay as they are."""


class UnknownTenant(Exception):
    """No site of this tenant is hosted here."""

    code = "api.unknown_tenant"

    def __init__(self, tenant: str) -> None:
        super().__init__(tenant)
        self.tenant = tenant


class Hosting:
    """The sites of this process, one for each tenant. A new directory, profile or calendar puts a new site in."""

    def __init__(
        self,
        database: Database,
        sites: Mapping[str, HostedSite],
        wake: Wake,
        renew: Renew = _nothing_to_renew,
        *,
        papers: PaperStore,
    ) -> None:
        self.database = database
        self.papers = papers
        self.numbers = NumberDesk(database)
        self.appends = AppendDesk(database)
        self.rosters = RosterDesk(database)
        self._sites = dict(sites)
        self._wake = wake
        self._renew = renew

    def site(self, tenant: str) -> HostedSite:
        """Raises UnknownTenant."""
        site = self._sites.get(tenant)
        if site is None:
            raise UnknownTenant(tenant)
        return site

    def tenants(self) -> tuple[str, ...]:
        return tuple(sorted(self._sites))

    def put(self, site: HostedSite) -> None:
        """Use `site` from now on; requests under way finish with the one they began with."""
        self._sites[site.tenant] = site

    async def renew(self, tenant: str) -> None:
        """A document was published here: do not wait for the next look."""
        await self._renew(tenant)

    def wake(self, tenant: str, peers: Collection[str] | None = None) -> None:
        """Something was committed that the links may send: do not wait for the next look."""
        self._wake(tenant, peers)
