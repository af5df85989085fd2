"""Founding a tenant: keys, directory, signed documents, the file of each site and the users of each nats-server.

Owns what belongs together when a tenant begins or a site joins. Makes secrets and hands them over as values; must not
write a file, start a server or know the database.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

import msgspec

from bancheng.federation.editions import document_of
from bancheng.federation.site import wall_milliseconds
from bancheng.kernel.calendar import Calendar
from bancheng.kernel.profile import Profile
from bancheng.kernel.units import is_unit_code
from bancheng.runtime.nats_config import SiteUser, TenantAccount, generate_nkey
from bancheng.runtime.site_files import Root, Server, SiteFile, document_texts
from bancheng.schema.documents import Directory, Document, SiteEntry, UnitEntry
from bancheng.store.signing import Signer, StoredFrame, generate_seed, sign_loose


class BadTenant(ValueError):
    """Sites, units and rules that contradict each other. `code` is stable, `field` says where."""

    def __init__(self, code: str, *, field: str) -> None:
        super().__init__(f"{code}: {field}")
        self.code = code
        self.field = field


class SiteSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A site to be. `hub_url`: the nats-server where it keeps its children's mailboxes, if it has or may get children.

    `uplink_url`: how it reaches its parent's server, where that differs from the parent's own `hub_url`.
    """

    site: str
    tier: str
    parent: str | None = None
    hub_url: str = ""
    uplink_url: str = ""


class TenantSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is decided about a tenant before it begins. `founded_at` is domain time."""

    tenant: str
    sites: tuple[SiteSpec, ...]
    units: tuple[UnitEntry, ...]
    profile: Profile
    calendar: Calendar
    effective_on: date
    founded_at: datetime


class Founded(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. `accounts` are by the hub's address: one nats-server each."""

    directory: Directory
    documents: tuple[StoredFrame, ...]
    site_files: Mapping[str, SiteFile]
    accounts: Mapping[str, TenantAccount]


def found_tenant(spec: TenantSpec) -> Founded:
    """Keys, directory, documents and files of every site. Raises BadTenant."""
    if spec.profile.tenant != spec.tenant:
        raise BadTenant("tenant.profile_of_another", field="profile")
    check_plan(spec.sites, spec.units, spec.profile)
    check_codes(spec.units)
    seeds = {each.site: generate_seed() for each in spec.sites}
    signers = {site: Signer.from_seed(site, seed) for site, seed in seeds.items()}
    directory = Directory(
        tenant=spec.tenant,
        edition=1,
        sites=tuple(entry_of(each, signers[each.site]) for each in spec.sites),
        units=spec.units,
    )
    top = signers[next(each.site for each in spec.sites if each.parent is None)]
    documents = tuple(
        sign_document(top, spec.tenant, document, at=spec.founded_at) for document in _documents(spec, directory)
    )
    root = Root(site=top.site, key_id=top.key_id, public_key=top.public_key)
    users = ServerUsers(spec.tenant, {})
    files = files_of(spec.sites, spec.sites, users, seeds, root)
    texts = document_texts(documents)
    files = {site: msgspec.structs.replace(file, documents=texts) for site, file in files.items()}
    return Founded(directory=directory, documents=documents, site_files=files, accounts=users.accounts())


def sign_document(signer: Signer, tenant: str, document: Document, *, at: datetime) -> StoredFrame:
    """The frame of a document, by the top site's key. `at` is domain time."""
    return sign_loose(
        signer,
        tenant=tenant,
        payload=document,
        occurred_at=at,
        now_wall_ms=wall_milliseconds(),
        random=secrets.token_bytes,
    )


def _documents(spec: TenantSpec, directory: Directory) -> Sequence[Document]:
    on, calendar = spec.effective_on, spec.calendar
    return (
        document_of("directory", directory.edition, on, directory),
        document_of("profile", spec.profile.edition, spec.profile.effective_on, spec.profile),
        document_of("calendar", calendar.edition, on, calendar),
    )


def entry_of(spec: SiteSpec, signer: Signer) -> SiteEntry:
    """In the directory."""
    return SiteEntry(
        site=spec.site, tier=spec.tier, parent=spec.parent, key_id=signer.key_id, public_key=signer.public_key
    )


def files_of(
    new: Sequence[SiteSpec], all_sites: Sequence[SiteSpec], users: ServerUsers, seeds: Mapping[str, str], root: Root
) -> dict[str, SiteFile]:
    """The files of new sites by name, without documents; whatever their order, a parent enters its server first.

    Raises BadTenant.
    """
    plan = {each.site: each for each in all_sites}
    hubs = {each.site: users.hub(each) for each in new if each.hub_url}
    return {
        each.site: SiteFile(
            tenant=users.tenant,
            site=each.site,
            tier=each.tier,
            signing_seed=seeds[each.site],
            root=root,
            hub=hubs.get(each.site),
            uplink=None if each.parent is None else users.uplink(each, plan[each.parent]),
        )
        for each in new
    }


class ServerUsers:
    """Who is a user of which nats-server, one for each site and server, each with its key. Grows by those asked for."""

    def __init__(self, tenant: str, accounts: Mapping[str, TenantAccount]) -> None:
        self.tenant = tenant
        self._users = {server: {user.site: user for user in account.users} for server, account in accounts.items()}
        self._seeds: dict[tuple[str, str], str] = {}

    def hub(self, spec: SiteSpec) -> Server:
        return Server(url=spec.hub_url, nkey_seed=self._seed(spec.hub_url, spec.site))

    def uplink(self, spec: SiteSpec, parent: SiteSpec) -> Server:
        """After the parent's hub. Raises BadTenant."""
        seed = self._seed(parent.hub_url, spec.site)
        users = self._users[parent.hub_url]
        above = users.get(parent.site)
        if above is None:
            raise BadTenant("tenant.account_missing", field=f"accounts.{parent.hub_url}.{parent.site}")
        if spec.site not in above.children:
            users[parent.site] = msgspec.structs.replace(above, children=(*above.children, spec.site))
        users[spec.site] = msgspec.structs.replace(users[spec.site], parent=parent.site)
        return Server(url=spec.uplink_url or parent.hub_url, nkey_seed=seed)

    def accounts(self) -> dict[str, TenantAccount]:
        return {
            server: TenantAccount(tenant=self.tenant, users=tuple(users.values()))
            for server, users in self._users.items()
        }

    def _seed(self, server: str, site: str) -> str:
        if (server, site) not in self._seeds:
            seed, public = generate_nkey()
            self._seeds[server, site] = seed
            self._users.setdefault(server, {})[site] = SiteUser(site=site, public_nkey=public)
        return self._seeds[server, site]


def check_plan(sites: Sequence[SiteSpec], units: Sequence[UnitEntry], profile: Profile) -> None:
    """Whether sites, units and tiers fit together. Raises BadTenant."""
    by_site = {each.site: each for each in sites}
    by_code = {each.code: each for each in units}
    if len(by_site) < len(sites):
        raise BadTenant("tenant.site_twice", field="sites")
    if len(by_code) < len(units):
        raise BadTenant("tenant.unit_twice", field="units")
    if [each.parent for each in sites].count(None) != 1:
        raise BadTenant("tenant.one_top_site", field="sites")
    for site in sites:
        _check_site(site, by_site, profile)
    for unit in units:
        _check_unit(unit, by_code, by_site)


def check_codes(units: Iterable[UnitEntry]) -> None:
    """Whether units that are new have codes that can be. Raises BadTenant."""
    for unit in units:
        if not is_unit_code(unit.code, is_window=unit.is_window):
            raise BadTenant("tenant.unit_code_impossible", field=f"units.{unit.code}.code")


def _check_site(site: SiteSpec, sites: Mapping[str, SiteSpec], profile: Profile) -> None:
    if profile.tier(site.tier) is None:
        raise BadTenant("tenant.tier_unknown", field=f"sites.{site.site}.tier")
    if site.parent is not None and site.parent not in sites:
        raise BadTenant("tenant.parent_unknown", field=f"sites.{site.site}.parent")
    if any(each.parent == site.site for each in sites.values()) and not site.hub_url:
        raise BadTenant("tenant.hub_missing", field=f"sites.{site.site}.hub_url")
    above, steps = site.parent, 0
    while above is not None and steps <= len(sites):
        above, steps = sites[above].parent if above in sites else None, steps + 1
    if steps > len(sites):
        raise BadTenant("tenant.sites_in_a_circle", field=f"sites.{site.site}.parent")


def _check_unit(unit: UnitEntry, units: Mapping[str, UnitEntry], sites: Mapping[str, SiteSpec]) -> None:
    if unit.site not in sites:
        raise BadTenant("tenant.site_unknown", field=f"units.{unit.code}.site")
    if unit.parent is None:
        return
    above = units.get(unit.parent)
    if above is None:
        raise BadTenant("tenant.parent_unknown", field=f"units.{unit.code}.parent")
    # A case climbs from unit to unit: where the unit above is elsewhere, it must be at the parent site.
    if above.site not in {unit.site, sites[unit.site].parent}:
        raise BadTenant("tenant.unit_above_elsewhere", field=f"units.{unit.code}.parent")
