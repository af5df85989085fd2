"""What cannot be handled when its deadline passes is met again, and holds up no other case."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bancheng.federation.sweep import PUT_OFF, Swept, sweep
from bancheng.store.casebook import next_act_at
from tests.partition.test_waiting import without_rules
from tests.support.tiers import START, TENANT, VILLAGE, SiteAt, Tiers

LONG_AFTER = START + timedelta(days=30)


async def swept(at: SiteAt) -> list[Swept]:
    """Until nothing is due."""
    done: list[Swept] = []
    while not done or done[-1].found:
        done.append(await sweep(at.database, at.hosted))
    return done[:-1]


@pytest.mark.clause("U-03", part="a replica that does not know the rules yet takes no deadline away")
async def test_a_deadline_met_where_the_rules_have_not_arrived_is_met_again_where_they_have(tiers: Tiers) -> None:
    case_id = await tiers.register(VILLAGE)
    village = tiers.sites[VILLAGE]
    complete = village.hosted
    tiers.now = LONG_AFTER
    village.hosted = without_rules(complete)
    assert await swept(village) == [Swept(found=1, changed=0, stuck=1)]
    async with village.database.transaction(TENANT) as tx:
        assert await next_act_at(tx) == LONG_AFTER + PUT_OFF

    village.hosted = complete
    tiers.now += PUT_OFF
    assert await swept(village) == [Swept(found=1, changed=1, stuck=0)]
    assert "Escalated" in await tiers.story(VILLAGE, case_id)


@pytest.mark.clause("U-03", part="a case that cannot be handled makes no other late")
async def test_a_case_whose_state_is_broken_makes_no_other_late(tiers: Tiers) -> None:
    broken, whole = await tiers.register(VILLAGE), await tiers.register(VILLAGE)
    village = tiers.sites[VILLAGE]
    async with village.database.transaction(TENANT) as tx:
        await tx.execute("UPDATE cases SET state = $3 WHERE tenant = $1 AND case_id = $2", TENANT, broken, b"\x80")
    tiers.now = LONG_AFTER
    assert await swept(village) == [Swept(found=2, changed=1, stuck=1)]
    assert "Escalated" in await tiers.story(VILLAGE, whole)


@pytest.mark.clause("U-03", part="a case that cannot be written makes no other late")
async def test_a_case_that_cannot_be_written_makes_no_other_late(tiers: Tiers) -> None:
    """Where its next entry goes, one stands already: as after a restored table."""
    blocked, free = await tiers.register(VILLAGE), await tiers.register(VILLAGE)
    village = tiers.sites[VILLAGE]
    copy = """
    INSERT INTO case_event SELECT * FROM jsonb_populate_record(NULL::case_event, (
        SELECT to_jsonb(e) || '{"seq": 2}' FROM case_event e WHERE tenant = $1 AND case_id = $2 AND seq = 1))"""
    async with village.database.transaction(TENANT) as tx:
        await tx.execute(copy, TENANT, blocked)
    tiers.now = LONG_AFTER
    assert await swept(village) == [Swept(found=2, changed=1, stuck=1)]
    assert "Escalated" in await tiers.story(VILLAGE, free)
