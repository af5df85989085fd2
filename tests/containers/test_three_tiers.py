"""What an operator relies on: each tier stands alone, is restarted, doubled, cut off and joined, in this order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.containers.tier import FAILED, HUB_NAME, Tier
from tests.support.oracle import judge
from tests.support.plans import Place, plan_text
from tests.support.tenants import PANAN, TOWN, XIAOSHAN

if TYPE_CHECKING:
    from tests.containers.deployment import Deployment

EAST = "330109101203"
PANAN_PLAN = plan_text(
    PANAN, Place(site="hall", tier="county", hub_url=f"tls://{HUB_NAME}:4222", code=PANAN, name="县中心")
)


@pytest.mark.clause("U-01", part="from its own compose file, alone with its own database, in its own network")
def test_each_tier_stands_alone_and_finds_nothing_wrong(deployment: Deployment) -> None:
    for tier in deployment.tiers.values():
        said = tier.command("check")
        assert FAILED not in said
        assert "数据库：连得上，已升级，账户绕不过任何隔离" in said
        service = tier.inspect("service")
        assert service["Config"]["User"] == "10001:10001"
        assert service["HostConfig"]["ReadonlyRootfs"]
        assert service["HostConfig"]["CapDrop"] == ["ALL"]
    networks = {name for tier in deployment.tiers.values() for name in tier.networks("database")}
    assert len(networks) == len(deployment.tiers), "no two tiers share a network with a database"


@pytest.mark.clause("U-01", part="a case climbs over the three, each in containers of its own")
def test_a_case_climbs_from_the_village_to_the_county(deployment: Deployment) -> None:
    clerk = deployment.tiers["village"].client(XIAOSHAN, "village-clerk")
    deployment.climbs(clerk, clerk.register(title="从村里一直上去").case_id)


@pytest.mark.parametrize("part", ["database", "service", "nats"])
def test_each_part_is_restarted_and_nothing_is_lost(deployment: Deployment, part: str) -> None:
    village = deployment.tiers["village"].client(XIAOSHAN, "village-clerk")
    before = village.register(title=f"重启之前 {part}")
    for tier in deployment.tiers.values():
        if tier.runs(part):
            tier.compose("restart", "-t", "20", part)
    for tier in deployment.tiers.values():
        tier.wait_ready()
    clerk = deployment.tiers["village"].client(XIAOSHAN, "village-clerk")
    after = clerk.register(title=f"重启之后 {part}")
    county = deployment.tiers["county"].client(XIAOSHAN, "county-clerk")
    for registered in (before, after):
        county.wait_for_case(registered.case_id)


def test_two_replicas_of_the_town_share_the_work_and_one_may_die(deployment: Deployment) -> None:
    town = deployment.tiers["town"]
    town.compose("up", "-d", "--scale", "service=2", "service")
    town.wait_ready()
    village = deployment.tiers["village"].client(XIAOSHAN, "village-clerk")
    first = village.register(title="两个副本都看得到").case_id
    for replica in (1, 2):
        town.client(XIAOSHAN, "town-clerk", replica=replica).wait_for_case(first)
    town.compose("up", "-d", "--scale", "service=1", "service")
    second = village.register(title="少了一个副本").case_id
    town.client(XIAOSHAN, "town-clerk").wait_for_case(second)


def test_a_village_that_is_cut_off_works_on_and_catches_up(deployment: Deployment) -> None:
    village = deployment.tiers["village"]
    village.cut_off()
    clerk = village.client(XIAOSHAN, "village-clerk")
    alone = [clerk.register(title=f"断网期间第 {n} 件").case_id for n in range(5)]
    assert village.says("nats.", "到上级的消息服务")
    village.heal()
    county = deployment.tiers["county"].client(XIAOSHAN, "county-clerk")
    for case_id in alone:
        county.wait_for_case(case_id)
    assert village.says("到上级的消息服务：信箱 UP_village 有")


@pytest.mark.clause("U-05", part="a tenant and a site join while cases climb; nobody is restarted")
def test_a_tenant_and_a_site_join_while_cases_climb_and_disturb_nobody(deployment: Deployment) -> None:
    clerk = deployment.tiers["village"].client(XIAOSHAN, "village-clerk")
    begun = {name: begun_at(tier) for name, tier in deployment.tiers.items()}
    registered = [clerk.register(title=f"加入期间第 {n} 件").case_id for n in range(3)]

    county = deployment.tiers["county"]
    county.operator("bancheng", "tenant", "add", "/dev/stdin", given=PANAN_PLAN)
    file = deployment.add_site("east", "village", "town", EAST, TOWN)
    registered += [clerk.register(title="刚好在加入时").case_id]
    deployment.sites[PANAN, "hall"] = "county"
    east = deployment.tier("east", "village")
    assert FAILED not in east.install(file)
    east.employ(XIAOSHAN, "east-clerk", EAST, "clerk")
    county.employ(PANAN, "hall-clerk", "330727", "clerk")

    hall = county.client(PANAN, "hall-clerk")
    assert hall.register(title="新租户的第一件").number
    new = east.client(XIAOSHAN, "east-clerk")
    deployment.climbs(new, new.register(title="新站点的第一件", unit=EAST).case_id)
    at_county = county.client(XIAOSHAN, "county-clerk")
    for case_id in registered:
        at_county.wait_for_case(case_id)
    assert {name: begun_at(tier) for name, tier in deployment.tiers.items() if name in begun} == begun

    panan = county.operator("cat", f"operator/{PANAN}/hall/{PANAN}.toml")
    (deployment.directory / "hall.toml").write_text(panan, encoding="utf-8")
    directories = {
        XIAOSHAN: deployment.directory_of(file),
        PANAN: deployment.directory_of(deployment.directory / "hall.toml"),
    }
    judge(deployment.quiesce(), directories, registered={XIAOSHAN: registered})


def begun_at(tier: Tier) -> dict[str, str]:
    """When each container of a tier was last started."""
    return {each: tier.inspect(each)["State"]["StartedAt"] for each in tier.runs("database", "service", "nats")}
