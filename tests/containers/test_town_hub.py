"""A town with a nats-server of its own, by the pages of the county and the town: its villages hang below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.containers.tier import FAILED
from tests.support.tenants import COUNTY, XIAOSHAN

if TYPE_CHECKING:
    from tests.containers.deployment import Deployment

STREET, HAMLET = "330109102", "330109102201"
NAME = "street.example"
HUB = f"tls://{NAME}:4222"


@pytest.mark.clause("U-01", part="a town's own nats-server: a village knows the town's host alone")
def test_a_case_climbs_from_a_village_through_the_towns_own_nats_server(deployment: Deployment) -> None:
    address = deployment.another_address("street")
    file = deployment.add_site("street", "town", "county", STREET, COUNTY, hub=HUB)
    street = deployment.tier("street", "town", listen=address)
    assert FAILED not in street.install(file, deployment.hub_file(HUB))
    street.employ(XIAOSHAN, "street-clerk", STREET, "clerk")

    below = deployment.add_site("hamlet", "village", "street", HAMLET, STREET)
    running = street.inspect("nats")["State"]["StartedAt"]
    assert FAILED not in street.install(file, deployment.hub_file(HUB))
    assert street.inspect("nats")["State"]["StartedAt"] == running, "it takes in the new site without a restart"
    hamlet = deployment.tier("hamlet", "village", hosts=[(NAME, address)])
    assert FAILED not in hamlet.install(below)
    hamlet.employ(XIAOSHAN, "hamlet-clerk", HAMLET, "clerk")

    clerk = hamlet.client(XIAOSHAN, "hamlet-clerk")
    deployment.climbs(
        clerk, clerk.register(title="经乡镇自设的消息服务", unit=HAMLET).case_id, town="street", unit=STREET
    )
    for tier in (street, hamlet):
        said = tier.command("check")
        assert FAILED not in said
        assert "DN_hamlet 有" in said
