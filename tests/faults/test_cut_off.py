"""What cuts, deaths and restarts do to a running system, by name: real processes, and a relay that will not die."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from bancheng.runtime.local_process import wait_until
from bancheng.schema.messages import Receipt, Signed
from tests.faults.attacks import LOCKS_ELSEWHERE, SecondRelay, pause, resume
from tests.faults.clerks import ClerkAtWork, Ledger, base_url_key
from tests.faults.settling import wait_until_settled
from tests.faults.strange_frames import queue_from_a_newer_release
from tests.faults.work import Action, Clerk
from tests.support.api import Client
from tests.support.business import Business
from tests.support.oracle import judge
from tests.support.standing import Standing
from tests.support.system import System
from tests.support.tenants import COUNTY, TOWN, VILLAGE, XIAOSHAN

MARGIN = timedelta(minutes=31)
REST_SECONDS = 60.0
END_SECONDS = 10.0
"""A service that is told to end may take so long, however busy it is."""


def due_at(case: Any, clock: str = "holder") -> datetime:
    return datetime.fromisoformat(next(each["due_at"] for each in case["clocks"] if each["name"] == clock))


def advance(system: System, instant: datetime) -> None:
    """Never backward: an earlier test may have gone further."""
    system.clock.advance_to(max(instant, system.clock.now()))


def judged(
    system: System, *case_ids: UUID, deferred: Collection[UUID] = (), business: Business | None = None
) -> Standing:
    """Everything at rest and as it must be."""
    left = wait_until_settled(system, until=time.monotonic() + REST_SECONDS, deferred=deferred)
    assert not left, "\n".join(left)
    standing = system.standing()
    directories = {tenant: founded.directory for tenant, founded in system.founded.items()}
    judge(standing, directories, registered={XIAOSHAN: case_ids}, business=business, deferred=deferred)
    return standing


def filed(client: Client, case_id: UUID) -> Counter[str]:
    """The types of the late entries on record, each counted once for each time it was filed."""
    main = client.history(case_id)["main"]
    return Counter(entry["details"]["late_type"] for entry in main if entry["type"] == "LateEntryFiled")


def climbs(client: Client, case_id: UUID) -> list[str]:
    return [entry["type"] for entry in client.history(case_id)["main"] if entry["type"] in {"Escalated", "TakenOver"}]


@pytest.mark.clause("U-03")
def test_a_village_that_is_cut_off_for_the_whole_run_loses_no_case(system: System) -> None:
    village, town = system.client(XIAOSHAN, "village-clerk"), system.client(XIAOSHAN, "town-clerk")
    county = system.client(XIAOSHAN, "county-clerk")
    noted, sent_up, solved = [village.register(title=f"断网之前登记之{n}").case_id for n in range(3)]
    for case_id in (noted, sent_up, solved):
        town.wait_for_case(case_id, holder_unit=VILLAGE)

    # The village is cut off and works on: it cannot know that nobody hears it
    system.cut(XIAOSHAN, "village")
    village.give(noted, "add-note", {"text": "断网时联系了当事人。"})
    village.give(sent_up, "escalate", {"reason": "村里办不了"})
    village.give(solved, "accept")
    village.give(solved, "propose-result", {"outcome": "solved", "answer": "已恢复发放。"})
    village.give(solved, "give-answer", {"text": "已恢复发放。"})
    alone = village.register(title="断网时登记").case_id

    # Its cases climb all the same, to the town and on to the county
    advance(system, due_at(village.case(noted)) + MARGIN)
    for case_id in (noted, sent_up, solved):
        at_town = town.wait_for_case(case_id, holder_unit=TOWN, in_transit_to=None)
        assert climbs(town, case_id) == ["TakenOver"]
    advance(system, due_at(at_town))
    for case_id in (noted, sent_up, solved):
        county.wait_for_case(case_id, holder_unit=COUNTY, in_transit_to=None)
    village.wait_for_case(alone, in_transit_to=TOWN)

    # What it wrote meanwhile arrives late, and each entry is filed once
    system.heal(XIAOSHAN, "village")
    town.wait_for_case(alone, in_transit_to=None)
    for case_id in (noted, sent_up, solved):
        village.wait_for_case(case_id, holder_unit=COUNTY, in_transit_to=None)
    judged(system, noted, sent_up, solved, alone)
    assert filed(county, noted)["NoteAdded"] == 1
    assert filed(county, sent_up)["Escalated"] == 1
    assert {kind: filed(county, solved)[kind] for kind in ("Accepted", "ResultProposed", "AnswerGiven")} == {
        "Accepted": 1,
        "ResultProposed": 1,
        "AnswerGiven": 1,
    }


def test_a_case_on_its_way_to_a_dead_town_stays_the_villages_until_it_is_received(system: System) -> None:
    village, town = system.client(XIAOSHAN, "village-clerk"), system.client(XIAOSHAN, "town-clerk")
    case_id = village.register(title="送往停机的镇").case_id
    judged(system, case_id)
    system.services["town"].kill()
    village.give(case_id, "escalate", {"reason": "村里办不了"})
    on_its_way = village.case(case_id)
    assert (on_its_way["holder_unit"]["code"], on_its_way["in_transit_to"]["code"]) == (VILLAGE, TOWN)

    def alarmed() -> bool:
        return [each["kind"] for each in village.case(case_id)["alerts"]] == ["transit_late"]

    advance(system, due_at(on_its_way, "transit") + MARGIN)
    assert wait_until(alarmed, timeout_seconds=60)
    assert village.case(case_id)["holder_unit"]["code"] == VILLAGE

    system.start("town")
    town.wait_for_case(case_id, holder_unit=TOWN, in_transit_to=None)
    judged(system, case_id)
    assert village.case(case_id)["alerts"] == []
    assert climbs(village, case_id) == ["Escalated"]


def test_frames_that_wait_for_a_dead_receiver_outlive_the_loss_of_the_whole_nats_store(system: System) -> None:
    village, town = system.client(XIAOSHAN, "village-clerk"), system.client(XIAOSHAN, "town-clerk")
    system.services["town"].kill()
    waiting = [village.register(title=f"待收之{n}").case_id for n in range(5)]

    def published() -> bool:
        link = next(each for each in village.get("/links") if each["peer"] == "town")
        return link["waiting"] >= len(waiting)

    assert wait_until(published, timeout_seconds=60)
    system.kill_nats(wipe=True)
    waiting += [village.register(title=f"无处可送之{n}").case_id for n in range(5)]
    system.nats.start()
    system.start("town")
    for case_id in waiting:
        town.wait_for_case(case_id, holder_unit=VILLAGE)
    judged(system, *waiting)


@pytest.mark.timeout(240)
def test_a_relay_that_was_thought_dead_is_fenced_when_it_goes_on(system: System) -> None:
    """The second one takes its locks elsewhere: both believe to be the only one, and only the stream's fence tells."""
    asyncio.run(system.postgres.create_database(LOCKS_ELSEWHERE, owner="town_owner"))
    lock_url = system.postgres.url(LOCKS_ELSEWHERE, user="town_service", password="town-service")
    village, county = system.client(XIAOSHAN, "village-clerk"), system.client(XIAOSHAN, "county-clerk")
    town = system.services["town"]
    before = town.log().count("stream.fenced")
    stopped = pause(town)
    second = SecondRelay(town, lock_url=lock_url)
    try:
        through_second = village.register(title="经第二个中继").case_id
        county.wait_for_case(through_second, timeout_seconds=90, holder_unit=VILLAGE)
        resume(stopped)
        cases = [through_second]

        def fenced() -> bool:
            cases.extend(village.register(title="两个中继同时").case_id for _ in range(6))
            county.wait_for_case(cases[-1], holder_unit=VILLAGE)
            return town.log().count("stream.fenced") + second.log().count("stream.fenced") > before

        assert wait_until(fenced, timeout_seconds=90)
        judged(system, *cases)
    finally:
        resume(stopped)
        second.kill()


def test_a_busy_service_that_is_told_to_end_loses_nothing_and_ends_soon(system: System) -> None:
    ledger = Ledger()
    clerks: list[ClerkAtWork] = []
    for login in ("town-clerk", "village-clerk"):
        actions = tuple(Action(mark=f"restart-{login}-{n}", command="register", pause=0.0) for n in range(1_000))
        clerk = Clerk(tenant=XIAOSHAN, login=login, actions=actions)
        clerks.append(ClerkAtWork(clerk, seed=0, base_url=system.services[base_url_key(clerk)].url, ledger=ledger))
    town = system.services["town"]
    process_id = town.process_id
    assert process_id is not None
    try:
        for clerk in clerks:
            clerk.start()
        assert wait_until(lambda: len(ledger.deeds) > 60, timeout_seconds=30)
        os.kill(process_id, signal.SIGTERM)
        assert wait_until(lambda: town.process_id is None, timeout_seconds=END_SECONDS)
        assert town.stop() == 0
        system.start("town")
        for clerk in clerks:
            clerk.finish()
        for clerk in clerks:
            clerk.join(30)
    finally:
        for clerk in clerks:
            clerk.close()
    assert ledger.defects == []
    judged(system, business=Business(deeds=ledger.deeds, is_all=False))


def test_a_frame_of_a_newer_release_waits_and_holds_up_nothing_but_its_own_case(system: System) -> None:
    """Last of this module: what was deferred stays so until somebody upgrades."""
    village, town = system.client(XIAOSHAN, "village-clerk"), system.client(XIAOSHAN, "town-clerk")
    strange, other = [village.register(title=title).case_id for title in ("新版本写的案件", "旁边的案件")]
    judged(system, strange, other)
    queue_from_a_newer_release(system, strange)
    village.give(other, "add-note", {"text": "照常办理。"})
    after = village.register(title="其后的案件").case_id
    town.wait_for_case(other, version=village.case(other)["version"])
    town.wait_for_case(after, holder_unit=VILLAGE)

    standing = judged(system, strange, other, after, deferred=[strange])
    waiting = [row for row in standing.sites[XIAOSHAN, "town"].inbox if row.state == "deferred"]
    assert [(row.case_id, row.reason) for row in waiting] == [
        (strange, "event.schema_unknown"),
        (strange, "history.base_unknown"),
    ]
    # The village is told, under the town's signature, what could not be applied and why
    receipt = standing.sites[XIAOSHAN, "village"].links["town"].receipt
    assert receipt is not None
    said = msgspec.json.decode(msgspec.json.decode(receipt, type=Signed).body, type=Receipt)
    assert [(each.number, each.state, each.reason) for each in said.exceptions] == [
        (row.number, "deferred", row.reason) for row in waiting
    ]
