from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from bancheng.runtime.extending import extend_tenant
from bancheng.runtime.nats_config import nats_configuration
from bancheng.runtime.provisioning import BadTenant, TenantSpec, found_tenant
from bancheng.store.signing import Keyring, Signer, verify_frame
from tests.support.tenants import COUNTY, VILLAGE, xiaoshan

HUB = "nats://hub:4222"
UPLINKS = {"town": "", "village": ""}


def spec() -> TenantSpec:
    return xiaoshan(hub_url=HUB, uplinks=UPLINKS)


def test_the_top_site_signs_the_documents_and_every_key_is_its_sites_own() -> None:
    founded = found_tenant(spec())
    keyring = Keyring(founded.directory)
    assert [verify_frame(keyring, each.frame, each.header) for each in founded.documents] == [
        each.hash for each in founded.documents
    ]
    for entry in founded.directory.sites:
        file = founded.site_files[entry.site]
        assert Signer.from_seed(entry.site, file.signing_seed).public_key == entry.public_key
        assert file.root.site == "county"
    assert len({file.signing_seed for file in founded.site_files.values()}) == 3


def test_on_one_server_a_site_in_the_middle_is_one_user() -> None:
    founded = found_tenant(spec())
    assert set(founded.accounts) == {HUB}
    users = {user.site: user for user in founded.accounts[HUB].users}
    assert (users["town"].parent, users["town"].children) == ("county", ("village",))
    town = founded.site_files["town"]
    assert town.hub is not None
    assert town.uplink is not None
    assert town.hub.nkey_seed == town.uplink.nkey_seed
    assert nats_configuration(founded.accounts.values())


def test_a_site_may_be_planned_before_its_parent() -> None:
    whole = spec()
    backwards = found_tenant(msgspec.structs.replace(whole, sites=whole.sites[::-1]))
    assert {(user.site, user.parent, frozenset(user.children)) for user in backwards.accounts[HUB].users} == {
        ("county", None, frozenset({"town"})),
        ("town", "county", frozenset({"village"})),
        ("village", "town", frozenset()),
    }
    county = whole.sites[0]
    begun = found_tenant(
        msgspec.structs.replace(whole, sites=(county,), units=tuple(u for u in whole.units if u.site == county.site))
    )
    extended = extend_tenant(
        begun.directory, sites=(county, *whole.sites[:0:-1]), units=whole.units, profile=whole.profile,
        accounts=begun.accounts, hubs={county.site: county.hub_url},
    )  # fmt: skip
    assert set(extended.site_files) == {"town", "village"}
    assert {user.site: user.parent for user in extended.accounts[HUB].users} == {
        "county": None,
        "town": "county",
        "village": "town",
    }


def test_with_a_server_at_each_parent_a_site_in_the_middle_has_two_keys() -> None:
    whole = spec()
    sites = tuple(
        msgspec.structs.replace(site, hub_url="nats://town:4222") if site.site == "town" else site
        for site in whole.sites
    )
    founded = found_tenant(msgspec.structs.replace(whole, sites=sites))
    at_county, at_town = founded.accounts[HUB], founded.accounts["nats://town:4222"]
    assert [user.site for user in at_county.users] == ["county", "town"]
    assert [(user.site, user.parent, user.children) for user in at_town.users] == [
        ("town", None, ("village",)),
        ("village", "town", ()),
    ]
    for account in (at_county, at_town):
        assert nats_configuration([account])


def _site(name: str, /, **changed: str | None) -> Callable[[TenantSpec], TenantSpec]:
    def change(whole: TenantSpec) -> TenantSpec:
        sites = tuple(msgspec.structs.replace(each, **changed) if each.site == name else each for each in whole.sites)
        return msgspec.structs.replace(whole, sites=sites)

    return change


def _unit(of: str, /, **changed: str | bool | None) -> Callable[[TenantSpec], TenantSpec]:
    def change(whole: TenantSpec) -> TenantSpec:
        units = tuple(msgspec.structs.replace(each, **changed) if each.code == of else each for each in whole.units)
        return msgspec.structs.replace(whole, units=units)

    return change


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        (_site("village", site="town"), "tenant.site_twice", "sites"),
        (_unit(VILLAGE, code=COUNTY), "tenant.unit_twice", "units"),
        (_site("village", parent=None), "tenant.one_top_site", "sites"),
        (_site("village", tier="province"), "tenant.tier_unknown", "sites.village.tier"),
        (_site("village", parent="nowhere"), "tenant.parent_unknown", "sites.village.parent"),
        (_site("town", hub_url=""), "tenant.hub_missing", "sites.town.hub_url"),
        (_site("town", parent="village"), "tenant.sites_in_a_circle", "sites.town.parent"),
        (_unit(VILLAGE, site="nowhere"), "tenant.site_unknown", f"units.{VILLAGE}.site"),
        (_unit(VILLAGE, parent="000"), "tenant.parent_unknown", f"units.{VILLAGE}.parent"),
        (_unit(VILLAGE, parent=COUNTY), "tenant.unit_above_elsewhere", f"units.{VILLAGE}.parent"),
        *(
            (_unit(VILLAGE, code=code), "tenant.unit_code_impossible", f"units.{code}.code")
            for code in ("33010x", "33010", "3301091", "330109101201001", "３３０１０９", "330109-", "330109 1", "")
        ),
        (_unit(VILLAGE, code="民政 局", is_window=False), "tenant.unit_code_impossible", "units.民政 局.code"),
    ],
)
def test_what_does_not_fit_together_is_refused_with_its_place(
    change: Callable[[TenantSpec], TenantSpec], code: str, field: str
) -> None:
    with pytest.raises(BadTenant) as refused:
        found_tenant(change(spec()))
    assert (refused.value.code, refused.value.field) == (code, field)


def test_a_code_that_is_there_stays_and_a_new_one_is_looked_at() -> None:
    whole = spec()
    begun = found_tenant(whole)
    old = msgspec.structs.replace(begun.directory.units[0], code="旧窗口", parent=COUNTY)
    directory = msgspec.structs.replace(begun.directory, units=(*begun.directory.units, old))
    hubs = {each.site: each.hub_url for each in whole.sites}

    def extended(*codes: str) -> int:
        new = [msgspec.structs.replace(old, code=code) for code in codes]
        return len(
            extend_tenant(
                directory, sites=whole.sites, units=(*directory.units, *new), profile=whole.profile,
                accounts=begun.accounts, hubs=hubs,
            ).directory.units
        )  # fmt: skip

    fit = ("330109001", "330109001-2", "330109001201", "330109-新区")
    assert extended(*fit) == len(directory.units) + len(fit)
    with pytest.raises(BadTenant) as refused:
        extended("新窗口")
    assert (refused.value.code, refused.value.field) == ("tenant.unit_code_impossible", "units.新窗口.code")
