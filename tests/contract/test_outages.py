"""Processes end, are killed and come back, lines are cut, servers lose what they had: nothing is lost or doubled."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from bancheng.runtime.local_process import wait_until
from tests.support.api import Client, Refused
from tests.support.oracle import judge
from tests.support.processes import ServiceProcess
from tests.support.system import System, running_system
from tests.support.tenants import COUNTY, PASSWORD, TOWN, VILLAGE, XIAOSHAN


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system of this module's own: its parts are killed."""
    with running_system(tmp_path_factory.mktemp("outages")) as system:
        yield system


@pytest.fixture
def system(running: System) -> Iterator[System]:
    """Whole again after each test: one that fails half-way leaves the next ones theirs."""
    yield running
    running.mend()


def due_at(case: Any, clock: str) -> datetime:
    return datetime.fromisoformat(next(each["due_at"] for each in case["clocks"] if each["name"] == clock))


def judged(system: System, *case_ids: UUID) -> None:
    directories = {tenant: founded.directory for tenant, founded in system.founded.items()}
    judge(system.quiesce(), directories, registered={XIAOSHAN: case_ids})


def test_a_service_told_to_end_finishes_what_it_accepted_and_exits_with_0(system: System) -> None:
    clerk = system.client(XIAOSHAN, "village-clerk")
    answered: list[UUID] = []
    begun = threading.Event()

    def register_until_refused() -> None:
        while True:
            try:
                answered.append(clerk.register(title="关机时登记").case_id)
            except (httpx.HTTPError, Refused):
                return
            if len(answered) > 20:
                begun.set()

    thread = threading.Thread(target=register_until_refused)
    thread.start()
    assert begun.wait(30)
    assert system.services["village"].stop() == 0
    thread.join(30)
    assert "Traceback" not in system.services["village"].log()
    system.start("village")
    judged(system, *answered)


def test_a_killed_service_comes_back_with_all_that_was_answered(system: System) -> None:
    clerk = system.client(XIAOSHAN, "village-clerk")
    answered = [clerk.register(title="断电前登记").case_id for _ in range(5)]
    for name in ("village", "town", "county"):
        system.services[name].kill()
    system.start()
    judged(system, *answered)


def test_services_live_through_the_death_of_postgresql_and_say_so(system: System) -> None:
    clerk = system.client(XIAOSHAN, "village-clerk")
    before = clerk.register(title="数据库停机前").case_id
    process_ids = {name: service.process_id for name, service in system.services.items()}
    system.postgres.kill()
    village = system.services["village"]
    assert wait_until(lambda: not village.is_ready(), timeout_seconds=60)
    assert httpx.get(f"{village.url}/healthz", timeout=10).status_code == 200
    with pytest.raises(Refused) as refused:
        clerk.register(title="数据库停机时")
    assert refused.value.code in {"database.unavailable", "api.busy", "database.commit_unknown"}
    system.postgres.start()
    for service in system.services.values():
        service.wait_ready()
    after = clerk.register(title="数据库恢复后").case_id
    assert {name: service.process_id for name, service in system.services.items()} == process_ids
    judged(system, before, after)


def test_a_service_may_start_before_its_database(system: System) -> None:
    village = system.services["village"]
    village.stop()
    system.postgres.kill()
    village.start()
    assert wait_until(lambda: "database.unavailable" in village.readiness(), timeout_seconds=60)
    assert httpx.get(f"{village.url}/healthz", timeout=10).status_code == 200
    with pytest.raises(Refused) as refused:
        system.client(XIAOSHAN, "village-clerk")
    assert refused.value.status == 503
    system.postgres.start()
    for service in system.services.values():
        service.wait_ready()
    judged(system, system.client(XIAOSHAN, "village-clerk").register(title="后起的数据库").case_id)


def test_two_replicas_of_a_service_share_the_work_and_double_nothing(system: System) -> None:
    town = system.services["town"]
    replica = ServiceProcess("town", directory=system.directory / "town-sites", settings=town.settings)
    replica.start()
    try:
        replica.wait_ready()
        village = system.client(XIAOSHAN, "village-clerk")
        cases = [village.register(title="两个副本").case_id for _ in range(20)]
        system.clock.advance_to(due_at(village.case(cases[-1]), "holder"))
        with Client(base_url=replica.url, tenant=XIAOSHAN) as clerk:
            clerk.sign_in("town-clerk", PASSWORD)
            for case_id in cases:
                clerk.wait_for_case(case_id, holder_unit=TOWN, timeout_seconds=60)
            town.kill()
            system.clock.advance_to(due_at(clerk.case(cases[-1]), "holder"))
            for case_id in cases:
                clerk.wait_for_case(case_id, holder_unit=COUNTY, timeout_seconds=60)
        judged(system, *cases)
    finally:
        system.start("town")
        assert replica.stop() == 0


def test_nats_may_lose_all_that_it_had(system: System) -> None:
    clerk = system.client(XIAOSHAN, "village-clerk")
    answered: list[UUID] = []
    for _ in range(2):
        answered.append(clerk.register(title="消息服务清空前").case_id)
        system.kill_nats(wipe=True)
        answered.append(clerk.register(title="消息服务停机时").case_id)
        system.nats.start()
        judged(system, *answered)


@pytest.mark.clause("U-03", part="also when the village is cut off")
def test_a_case_of_a_village_that_is_cut_off_climbs_and_what_it_wrote_is_filed_once(system: System) -> None:
    village = system.client(XIAOSHAN, "village-clerk")
    town = system.client(XIAOSHAN, "town-clerk")
    registered = village.register(title="断网村的案件")
    town.wait_for_case(registered.case_id, holder_unit=VILLAGE)
    system.cut(XIAOSHAN, "village")
    village.give(registered.case_id, "add-note", {"text": "断网时的办理记录。", "note_kind": "progress"})

    # Both sites let it climb: the village by its own clock, the town since it hears nothing
    system.clock.advance_to(due_at(village.case(registered.case_id), "holder") + timedelta(minutes=31))
    village.wait_for_case(registered.case_id, in_transit_to=TOWN)
    taken = town.wait_for_case(registered.case_id, holder_unit=TOWN)
    assert taken["in_transit_to"] is None

    system.heal(XIAOSHAN, "village")
    village.wait_for_case(registered.case_id, holder_unit=TOWN, timeout_seconds=60)
    judged(system, registered.case_id)
    filed = [entry for entry in town.history(registered.case_id)["main"] if entry["type"] == "LateEntryFiled"]
    assert [entry["details"]["late_type"] for entry in filed].count("NoteAdded") == 1
    assert [entry["details"]["late_type"] for entry in filed].count("Escalated") == 1


def test_workers_may_run_apart_from_the_pages(system: System) -> None:
    """`serve` with BANCHENG_WORKERS=0 changes nothing by itself; `work` beside it does, and both end with 0."""
    town = system.services["town"]
    town.stop()
    directory = system.directory / "town-sites"
    pages = ServiceProcess("town", directory=directory, settings={**town.settings, "workers": "0"})
    worker = ServiceProcess("town", directory=system.directory, settings=town.settings, verb="work")
    pages.start()
    try:
        pages.wait_ready()
        village, county = system.client(XIAOSHAN, "village-clerk"), system.client(XIAOSHAN, "county-clerk")
        registered = village.register(title="页面与后台分开")
        system.clock.advance_to(due_at(village.case(registered.case_id), "holder"))
        village.wait_for_case(registered.case_id, in_transit_to=TOWN)
        worker.start()
        with Client(base_url=pages.url, tenant=XIAOSHAN) as town_clerk:
            town_clerk.sign_in("town-clerk", PASSWORD)
            at_town = town_clerk.wait_for_case(registered.case_id, holder_unit=TOWN, timeout_seconds=60)
        system.clock.advance_to(due_at(at_town, "holder"))
        county.wait_for_case(registered.case_id, holder_unit=COUNTY)
        judged(system, registered.case_id)
        assert (worker.stop(), pages.stop()) == (0, 0)
    finally:
        worker.kill()
        pages.kill()
        system.start("town")
