"""Sites that join a tenant: the next directory, the new sites' files, and the users of each nats-server.

Owns what may change and what may not: a site that is there keeps its key, tier and parent. Makes secrets and hands
them over as values; must not write a file or know the database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from bancheng.kernel.profile import Profile
from bancheng.runtime.operator_folder import Accounts
from bancheng.runtime.provisioning import BadTenant, ServerUsers, SiteSpec, check_codes, check_plan, entry_of, files_of
from bancheng.runtime.site_files import Root, SiteFile
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
    there = {unit.code for unit in current.units}
    # A code that is there already stays, whatever it is: cases name it.
    check_codes(unit for unit in units if unit.code not in there)
    known = {entry.site: entry for entry in current.sites}
    plan = {spec.site: spec for spec in sites}
    _check_known(known, plan, hubs)
    new = [spec for spec in sites if spec.site not in known]
    seeds = {spec.site: generate_seed() for spec in new}
    entries = [known.get(spec.site) or entry_of(spec, Signer.from_seed(spec.site, seeds[spec.site])) for spec in sites]
    users = ServerUsers(current.tenant, accounts)
    top = next(entry for entry in current.sites if entry.parent is None)
    root = Root(site=top.site, key_id=top.key_id, public_key=top.public_key)
    files = files_of(new, sites, users, seeds, root)
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
