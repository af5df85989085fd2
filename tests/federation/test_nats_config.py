"""The text of the nats-server configuration, and the accounts it refuses to write."""

from __future__ import annotations

import pytest

from bancheng.runtime.nats_config import (
    BadNatsAccounts,
    NatsLimits,
    NatsListener,
    SiteUser,
    TenantAccount,
    generate_nkey,
    nats_configuration,
)
from bancheng.schema.subjects import NotAToken
from tests.federation.nats_household import TENANT


def test_sync_is_written_when_asked_for() -> None:
    assert '"sync_interval": "always"' in nats_configuration([], listener=NatsListener(sync_always=True))
    assert "sync_interval" not in nats_configuration([])


def test_accounts_that_contradict_each_other_are_refused() -> None:
    key, other = generate_nkey()[1], generate_nkey()[1]
    child = SiteUser(site="shanhe", public_nkey=key, parent="xinjie")
    with pytest.raises(BadNatsAccounts, match="does not keep its mailbox"):
        nats_configuration([TenantAccount(tenant=TENANT, users=(child,))])
    with pytest.raises(BadNatsAccounts, match="key given twice"):
        nats_configuration(
            [TenantAccount(tenant=tenant, users=(SiteUser(site="a", public_nkey=key),)) for tenant in ("x", "y")]
        )
    with pytest.raises(BadNatsAccounts, match="tenant given twice"):
        nats_configuration([TenantAccount(tenant="x", users=()), TenantAccount(tenant="x", users=())])
    users = tuple(
        SiteUser(site=site, public_nkey=public, children=("c",)) for site, public in (("a", key), ("b", other))
    )
    with pytest.raises(BadNatsAccounts, match="child in tenant x given twice"):
        nats_configuration([TenantAccount(tenant="x", users=users)])
    with pytest.raises(BadNatsAccounts, match="not that of a user"):
        nats_configuration([TenantAccount(tenant="x", users=(SiteUser(site="a", public_nkey="seed"),))])
    with pytest.raises(BadNatsAccounts, match="the server may keep"):
        nats_configuration([TenantAccount(tenant="x", users=())], limits=NatsLimits(server_bytes=1))


@pytest.mark.parametrize("site", ["*", ">", "a.b", "", "Shanhe", 'x"'])
def test_a_site_that_would_open_other_subjects_is_refused(site: str) -> None:
    user = SiteUser(site=site, public_nkey=generate_nkey()[1])
    with pytest.raises(NotAToken):
        nats_configuration([TenantAccount(tenant=TENANT, users=(user,))])
