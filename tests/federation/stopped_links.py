"""What a test does with a link that has stopped, and how it sees what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bancheng.federation.resolution import ask_resolution
from bancheng.store.alerts import open_alerts
from bancheng.store.link_resolution import LinkResolution, LinkStop, resolutions_of, stops_of
from bancheng.store.links import stop_link
from tests.federation.linked_sites import eventually
from tests.support.tiers import TOWN, VILLAGE

if TYPE_CHECKING:
    from uuid import UUID

    from bancheng.store.links import LinkRow
    from tests.federation.linked_sites import LinkedSites

PEER_OF = {TOWN: VILLAGE, VILLAGE: TOWN}


async def resolve(linked: LinkedSites, site: str = TOWN, *, reason: str = "已与村里核对") -> LinkResolution:
    at = linked.sites[site]
    async with at.database.transaction(linked.tenant) as tx:
        return await ask_resolution(tx, at.hosted, PEER_OF[site], reason=reason, asked_by="operator:test")


async def stop(linked: LinkedSites, site: str, code: str = "link.chain") -> None:
    async with linked.sites[site].database.transaction(linked.tenant) as tx:
        assert await stop_link(tx, PEER_OF[site], code)


async def link_of(linked: LinkedSites, site: str) -> LinkRow:
    return await linked.link(site, PEER_OF[site])


async def is_now(linked: LinkedSites, site: str, state: str, epoch: int) -> LinkRow:
    return await eventually(
        lambda: link_of(linked, site),
        lambda row: (row.state, row.out_epoch, row.in_epoch) == (state, epoch, epoch),
        f"{site} is {state} in epoch {epoch}",
    )


async def resolutions(linked: LinkedSites, site: str) -> list[LinkResolution]:
    async with linked.sites[site].database.transaction(linked.tenant) as tx:
        return await resolutions_of(tx, PEER_OF[site])


async def stops(linked: LinkedSites, site: str) -> list[LinkStop]:
    async with linked.sites[site].database.transaction(linked.tenant) as tx:
        return await stops_of(tx, PEER_OF[site])


async def alerts(linked: LinkedSites, site: str) -> list[str]:
    async with linked.sites[site].database.transaction(linked.tenant) as tx:
        return [each.kind for each in await open_alerts(tx)]


async def audited(linked: LinkedSites, site: str) -> list[tuple[str, str]]:
    rows = await linked.fetch(
        site, "SELECT staff_id, detail FROM audit WHERE tenant = $1 AND action = 'link.resolve' ORDER BY id"
    )
    return [(row[0], row[1]) for row in rows]


async def whole(linked: LinkedSites) -> None:
    """Both directions: what was queued is what is stored, once, in order, with equal heads."""
    await linked.arrived(VILLAGE, TOWN)
    await linked.arrived(TOWN, VILLAGE)


async def one_case(linked: LinkedSites) -> UUID:
    """It stands at both ends; then the village stops, so that a test may write in its name."""
    await linked.start()
    (case_id,) = await linked.register()
    await linked.arrived()
    await linked.stop(VILLAGE)
    return case_id
