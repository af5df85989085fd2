"""The county's nats-server becomes three, by the commands of docs/ops/scaling.md; the first one then goes.

The last module of the folder: the deployment that all share has a cluster afterwards.
"""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

import pytest

from bancheng.runtime.local_process import wait_until
from tests.containers.tier import HUB_NAME, PATIENCE_SECONDS, ROOT, Tier
from tests.support.tenants import XIAOSHAN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.containers.deployment import Deployment

PAGE = ROOT / "docs" / "ops" / "scaling.md"
HUB = f"tls://{HUB_NAME}:4222"
OTHERS = ("b", "c")


def override() -> str:
    """What the page says to write beside the first host's compose file."""
    (found,) = re.findall(r"^ {8}services:\n(?: {10}.*\n)+", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return textwrap.dedent(found)


def behind(tiers: Iterable[Tier]) -> list[str]:
    """What `check` says of mailboxes that do not lie whole on three servers."""
    said = [line for tier in tiers for line in tier.command("check").splitlines() if " 帧" in line]
    assert said
    return [line for line in said if not line.endswith("帧，在 3 台上")]


@pytest.mark.clause("U-05", part="three nats-servers by the operators' page; the first is lost and the links go on")
def test_the_first_of_three_servers_is_lost_and_cases_still_climb(deployment: Deployment) -> None:
    county = deployment.tiers["county"]
    hosts = {"a.example": deployment.hub_address} | {f"{name}.example": "" for name in OTHERS}
    for name in OTHERS:
        hosts[f"{name}.example"] = deployment.another_address(name)
    county.operator("bancheng", "certificate", "issue", HUB_NAME, "localhost", *hosts)
    county.operator("bancheng", "hub", "members", HUB, *hosts)
    file = deployment.hub_file(HUB)
    # Every host can resolve the members, and the hub's name leads to all three.
    named = [*hosts.items(), *((HUB_NAME, address) for address in hosts.values())]
    county.override(override())
    three = [deployment.tiers[name] for name in ("county", "town", "village")]
    for tier in three:
        tier.hosts = named
        tier.write_beside()
    county.compose("up", "-d", "nats")
    for name in OTHERS:
        deployment.tier(name, "county", listen=hosts[f"{name}.example"], hosts=named, is_member=True).install(
            file, name
        )

    # The village's mailboxes are made by its town.
    for tier in three:
        if tier.kind != "village":
            tier.set_values(STREAM_REPLICAS="3")
        tier.compose("up", "-d", "service")
        tier.wait_ready()
    assert wait_until(lambda: not behind(three), timeout_seconds=PATIENCE_SECONDS), behind(three)

    county.compose("stop", "nats")
    village = deployment.tiers["village"].client(XIAOSHAN, "village-clerk")
    deployment.climbs(village, village.register(title="第一台消息服务没有了").case_id)
    assert deployment.tiers["b"].runs("database", "service", "nats") == ["nats"]
