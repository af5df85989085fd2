"""The open hall, with one tenant's site made from its documents as a service makes it: publishing takes effect.

Owns the founding. Everything else is the open hall's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bancheng.profiles.loader import shipped_profiles
from bancheng.runtime.hosted_sites import SiteMaker
from bancheng.runtime.provisioning import SiteSpec, TenantSpec, found_tenant
from bancheng.store.signing import Signer
from bancheng.window.hosting import Hosting
from tests.conformance.hall import OpenHall, directory
from tests.kernel.notices import CALENDAR
from tests.support.papers import a_place_for_papers
from tests.window.town_hall import SITE, START

if TYPE_CHECKING:
    from datetime import date

    from bancheng.federation.site import HostedSite
    from bancheng.kernel.profile import Profile
    from bancheng.runtime.site_files import SiteFile


@dataclass
class RegistersHall(OpenHall):
    """`begin` founds a tenant; from then on what its administrator publishes is what its window works by."""

    made: dict[str, HostedSite] = field(default_factory=dict[str, "HostedSite"])
    makers: dict[str, SiteMaker] = field(default_factory=dict[str, SiteMaker])
    files: dict[str, SiteFile] = field(default_factory=dict[str, "SiteFile"])

    def __post_init__(self) -> None:
        super().__post_init__()
        self.hosting = Hosting(
            self.database,
            {tenant: self.site(tenant) for tenant in shipped_profiles()},
            lambda tenant, _: self.woken.append(tenant),
            self.renew,
            papers=a_place_for_papers(),
        )
        self.application = self.application_with(self.limits)

    def site(self, tenant: str) -> HostedSite:
        return self.made.get(tenant) or super().site(tenant)

    async def begin(self, tenant: str, profile: Profile | None = None, *, on: date | None = None) -> None:
        """`on` is the first day of the directory; without it, that of the rules."""
        hosted = super().site(tenant)
        rules = profile or hosted.current_profile()
        founded = found_tenant(
            TenantSpec(
                tenant=tenant,
                sites=(SiteSpec(site=SITE, tier=rules.tiers[0].key),),
                units=directory(tenant, Signer(SITE, b"0" * 32)).units,
                profile=rules,
                calendar=CALENDAR,
                effective_on=on or rules.effective_on,
                founded_at=START,
            )
        )
        self.files[tenant] = founded.site_files[SITE]
        self.makers[tenant] = SiteMaker(self.database, self.files[tenant], lambda: self.now)
        self._use(await self.makers[tenant].make())

    async def renew(self, tenant: str) -> None:
        anew = await self.makers[tenant].made_anew() if tenant in self.makers else None
        if anew is not None:
            self._use(anew)

    def _use(self, site: HostedSite) -> None:
        self.made[site.tenant] = site
        self.hosting.put(site)
