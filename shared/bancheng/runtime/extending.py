"""Sites that join a tenant: the next directory, the new sites' files, and the users of each nats-server.

Owns what may change and what may not: a site that is there keeps its key, tier and parent. Makes secrets and hands
them over as values; must not write a file or know the database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from bancheng.kernel.profile import Profile
from bancheng.runtime.nats_config import SiteUser, TenantAccount, generate_nkey
from bancheng.runtime.operator_folder import Accounts
from bancheng.runtime.provisioning import BadTenant, SiteSpec, check_plan
from bancheng.runtime.site_files import Root, Server, SiteFile
from bancheng.schema.documents import Directory, SiteEntry, UnitEntry
from bancheng.store.signing import Signer, generate_seed


class Extension(msgspec.Struct, frozen=True, kw_only=True):
    """What comes of a new plan. `site_files` are those of the new sites, without the documents that they begin with."""

    directory: Directory
    site_files: Mapping[str, SiteFile]
    accounts: Accounts


def extend_tenant(
    current: Directory,
    *,
    sites: Sequence[SiteSpec],
    units: Sequence[UnitEntry],
    profile: Profile,
    accounts: Accounts,
    hubs: Mapping[str, str],
) -> Extension:
    """`sites` and `units` are all that there are to be, those that are there included. `hubs`: the `hub_url` that each
    known site was given. Raises BadTenant.
    """
    check_plan(sites, units, profile)
    known = {entry.site: entry for entry in current.sites}
    plan = {spec.site: spec for spec in sites}
    _check_known(known, plan, hubs)
    new = [spec for spec in sites if spec.site not in known]
    seeds = {spec.site: generate_seed() for spec in new}
    entries = [known.get(spec.site) or _entry(spec, seeds[spec.site]) for spec in sites]
    users = _Users(current.tenant, accounts)
    top = next(entry for entry in current.sites if entry.parent is None)
    root = Root(site=top.site, key_id=top.key_id, public_key=top.public_key)
    files = {
        spec.site: SiteFile(
            tenant=current.tenant,
            site=spec.site,
            tier=spec.tier,
            signing_seed=seeds[spec.site],
            root=root,
            hub=users.hub(spec) if spec.hub_url else None,
            uplink=users.uplink(spec, plan[spec.parent]) if spec.parent is not None else None,
        )
        for spec in new
    }
    directory = Directory(tenant=current.tenant, edition=current.edition + 1, sites=tuple(entries), units=tuple(units))
    return Extension(directory=directory, site_files=files, accounts=users.accounts())


def _check_known(known: Mapping[str, SiteEntry], plan: Mapping[str, SiteSpec], hubs: Mapping[str, str]) -> None:
    for site, entry in known.items():
        spec = plan.get(site)
        if spec is None:
            raise BadTenant("tenant.site_missing", field=f"sites.{site}")
        if (spec.tier, spec.parent) != (entry.tier, entry.parent):
            raise BadTenant("tenant.site_changed", field=f"sites.{site}")
        # Its file, which is its operator's, names its hub: that site would have to be given a new file first.
        if spec.hub_url != hubs.get(site, ""):
            raise BadTenant("tenant.hub_changed", field=f"sites.{site}.hub_url")


def _entry(spec: SiteSpec, seed: str) -> SiteEntry:
    signer = Signer.from_seed(spec.site, seed)
    return SiteEntry(
        site=spec.site, tier=spec.tier, parent=spec.parent, key_id=signer.key_id, public_key=signer.public_key
    )


class _Users:
    """The users of each server, with those that join."""

    def __init__(self, tenant: str, accounts: Accounts) -> None:
        self._tenant = tenant
        self._users = {server: {user.site: user for user in account.users} for server, account in accounts.items()}
        self._seeds: dict[tuple[str, str], str] = {}

    def hub(self, spec: SiteSpec) -> Server:
        return Server(url=spec.hub_url, nkey_seed=self._seed(spec.hub_url, spec.site))

    def uplink(self, spec: SiteSpec, parent: SiteSpec) -> Server:
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
            server: TenantAccount(tenant=self._tenant, users=tuple(users.values()))
            for server, users in self._users.items()
        }

    def _seed(self, server: str, site: str) -> str:
        if (server, site) not in self._seeds:
            seed, public = generate_nkey()
            self._seeds[server, site] = seed
            self._users.setdefault(server, {})[site] = SiteUser(site=site, public_nkey=public)
        return self._seeds[server, site]
