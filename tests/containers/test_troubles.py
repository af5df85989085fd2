"""What goes wrong at an operator's, made to happen, and what the pages of docs/ops say to do about it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import httpx

from bancheng.runtime.local_process import wait_until
from tests.containers.tier import HUB_NAME, PATIENCE_SECONDS
from tests.support.api import Client, Refused
from tests.support.tenants import TOWN, VILLAGE, XIAOSHAN

if TYPE_CHECKING:
    from tests.containers.deployment import Deployment

SMALL = "330109101204"
SMALL_DISK_MEGABYTES = 256
FILL = "dd if=/dev/zero of=/var/lib/postgresql/ballast bs=64k 2>/dev/null; true"
FREE = "rm -f /var/lib/postgresql/ballast"


def clerks(deployment: Deployment) -> tuple[Client, Client]:
    """At the village and at the county."""
    tiers = deployment.tiers
    return tiers["village"].client(XIAOSHAN, "village-clerk"), tiers["county"].client(XIAOSHAN, "county-clerk")


def is_answered(client: Client) -> bool:
    """Whether a new connection is made: its certificate is looked at."""
    try:
        return bool(client.get("/cases"))
    except httpx.ConnectError:
        return False


def test_a_nats_server_lost_with_all_its_streams_is_made_anew(deployment: Deployment) -> None:
    """docs/ops/lost-nats.md"""
    village, county = clerks(deployment)
    hub = deployment.tiers["county"]
    hub.compose("rm", "--stop", "--force", "nats", "migrate")
    hub.remove_volume("streams")
    during = village.register(title="消息服务没有了的时候").case_id
    assert deployment.tiers["village"].says("nats.unreachable", "启动消息服务")
    hub.compose("up", "-d", "migrate", "nats")
    county.wait_for_case(during)


def test_an_ended_certificate_stops_no_window_and_is_named(deployment: Deployment) -> None:
    """docs/ops/certificate.md"""
    village, county = clerks(deployment)
    hub = deployment.tiers["county"]
    issue = ("bancheng", "certificate", "issue", HUB_NAME, "localhost", "127.0.0.1")
    hub.operator(*issue, "--days", "0")
    hub.compose("restart", "nats")
    during = village.register(title="证书过期的时候").case_id
    assert deployment.tiers["village"].says("nats.certificate", "certificate has expired")
    hub.operator(*issue)
    hub.compose("restart", "nats")
    assert wait_until(lambda: is_answered(county), timeout_seconds=PATIENCE_SECONDS), (
        "the pages use the new one without a restart"
    )
    county.wait_for_case(during)
    assert deployment.tiers["village"].says("到上级的消息服务：信箱 DN_village 有")


def test_a_full_disk_refuses_with_a_code_and_loses_nothing_that_was_answered(deployment: Deployment) -> None:
    """docs/ops/full-disk.md"""
    file = deployment.add_site("small", "village", "town", SMALL, TOWN)
    tier = deployment.tier("small", "village", database_megabytes=SMALL_DISK_MEGABYTES)
    tier.install(file)
    tier.employ(XIAOSHAN, "small-clerk", SMALL, "clerk")
    clerk = tier.client(XIAOSHAN, "small-clerk")
    answered = [clerk.register(title="磁盘满之前", unit=SMALL).case_id]
    tier.compose("exec", "-T", "database", "sh", "-c", FILL)
    refused: list[Refused] = []

    def is_refused() -> bool:
        try:
            answered.append(
                clerk.register(title="磁盘快满的时候", description="很长的说明。" * 300, unit=SMALL).case_id
            )
        except Refused as error:
            refused.append(error)
        return bool(refused)

    assert wait_until(is_refused, timeout_seconds=PATIENCE_SECONDS)
    assert (refused[0].status, refused[0].code.partition(".")[0]) == (503, "database"), refused[0]
    tier.compose("exec", "-T", "database", "sh", "-c", FREE)
    tier.wait_ready()
    answered.append(clerk.register(title="磁盘腾出来之后", unit=SMALL).case_id)
    county = deployment.tiers["county"].client(XIAOSHAN, "county-clerk")
    for case_id in answered:
        assert clerk.case(case_id)
        county.wait_for_case(case_id)


def test_a_village_silent_for_a_month_is_helped_from_above_and_comes_back(deployment: Deployment) -> None:
    """docs/ops/silent-village.md"""
    village, county = clerks(deployment)
    left = village.register(title="村里没人管的一件").case_id
    county.wait_for_case(left)
    tier = deployment.tiers["village"]
    tier.compose("stop", "service")
    deployment.clock.advance_to(deployment.clock.now() + timedelta(days=31))
    town = deployment.tiers["town"].client(XIAOSHAN, "town-clerk")
    assert wait_until(lambda: town.case(left)["holder_unit"]["code"] != VILLAGE, timeout_seconds=PATIENCE_SECONDS)
    tier.compose("up", "-d", "service")
    tier.wait_ready()
    back = tier.client(XIAOSHAN, "village-clerk")
    assert wait_until(lambda: back.case(left)["holder_unit"]["code"] != VILLAGE, timeout_seconds=PATIENCE_SECONDS)
    again = back.register(title="恢复以后的一件").case_id
    town.wait_for_case(again)
    assert back.case(again)["holder_unit"]["code"] in {VILLAGE, TOWN}
    deployment.quiesce()
