"""One case, followed through the three services by its trace; and nobody named in traces, logs or figures."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from bancheng.runtime.database_admin import DatabaseAdmin
from bancheng.runtime.http_server import application_of
from bancheng.runtime.logging import JsonLines
from bancheng.runtime.provisioning import found_tenant
from bancheng.runtime.service import Service
from bancheng.runtime.settings import Settings
from bancheng.runtime.site_files import write_site_file
from bancheng.runtime.tracing import FACTS, open_traces, trace_of
from bancheng_county.app import DEFINITION as COUNTY_SERVICE
from tests.federation.conftest import county_address, line, own_nats, site_addresses
from tests.federation.linked_sites import LinkedSites
from tests.support.collector import Collector, SpanSeen, running_collector
from tests.support.databases import migrated_database
from tests.support.tenants import XIAOSHAN, xiaoshan
from tests.support.tiers import COUNTY as COUNTY_SITE
from tests.support.tiers import TOWN as TOWN_SITE
from tests.support.tiers import VILLAGE as VILLAGE_SITE

PERSON = {"name": "钱大江", "phone": "000-7654321", "identity_number": "", "address": "甲村九号"}
TITLE, DESCRIPTION, REASON = "路灯又不亮了", "村口第三盏，晚上看不见路", "村里没有电工"
WORDS = (*(value for value in PERSON.values() if value), TITLE, DESCRIPTION, REASON, "测试经办", "路灯")
NOWHERE = "nats://127.0.0.1:1"
__all__ = ["county_address", "line", "own_nats", "site_addresses"]


def says_nobody(*said: str) -> None:
    for each in said:
        assert each
        for word in WORDS:
            assert word not in each


def of_case(collector: Collector, tenant: str, case_id: UUID) -> list[SpanSeen]:
    assert {name for each in collector.spans for name in each.facts} <= set(FACTS)
    return [each for each in collector.spans if each.trace == f"{trace_of(tenant, case_id):032x}"]


def written(caplog: pytest.LogCaptureFixture) -> str:
    """What all loggers wrote, as a service writes it."""
    return "\n".join(JsonLines().format(record) for record in caplog.records)


def test_a_request_and_its_command_are_in_the_trace_of_the_case_and_name_nobody() -> None:
    case_id, other = UUID(int=1), UUID(int=2)
    with running_collector() as collector:
        traces = open_traces(collector.url, "village", "1")
        with traces.request() as facts:
            with traces.step("command register", XIAOSHAN, case_id):
                done = [(case_id, {"entries": 1, "title": TITLE}), (other, {"entries": 2})]
                traces.record("append", XIAOSHAN, done, began_ns=time.time_ns())
            facts |= {"name": "POST /api/v1/cases", "http.response.status_code": 201, "person": PERSON["name"]}
        with pytest.raises(ValueError, match=TITLE), traces.step("command close", XIAOSHAN, case_id):
            raise ValueError(TITLE)
        traces.close()
        says_nobody(b"".join(collector.bodies).decode("utf-8", "replace"))
        spans = {each.span: each for each in of_case(collector, XIAOSHAN, case_id)}
        nested(spans, "append", "command register", "POST /api/v1/cases")
        assert [each.facts["bancheng.code"] for each in spans.values() if each.name == "command close"] == [
            "ValueError"
        ]
        (lone,) = of_case(collector, XIAOSHAN, other)
        assert (lone.name, lone.parent, lone.facts["bancheng.entries"]) == ("append", "", 2)


def test_of_the_cases_that_are_sampled_every_tier_keeps_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.5")
    cases = [UUID(int=number) for number in range(40)]
    kept: list[set[str]] = []
    for service in ("village", "town", "county"):
        with running_collector() as collector:
            traces = open_traces(collector.url, service, "1")
            for case_id in cases:
                with traces.step("command note", XIAOSHAN, case_id):
                    pass
            traces.close()
            kept.append({each.trace for each in collector.spans})
    assert kept[0] == kept[1] == kept[2]
    assert 0 < len(kept[0]) < len(cases)


@pytest.mark.clause("U-01", part="one case is followed through the frames of village, town and county")
async def test_one_case_is_one_trace_through_village_town_and_county(
    line: LinkedSites, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with running_collector() as collector:
        tracers = {site: open_traces(collector.url, site, "1") for site in line.sites}
        for site, tracer in tracers.items():
            line.sites[site].database.tracer = tracer
        await line.start()
        first, second = await line.register(2, notes=2)
        await line.arrived()
        await line.arrived(TOWN_SITE, COUNTY_SITE)
        await line.stop()
        for tracer in tracers.values():
            await asyncio.to_thread(tracer.close)
        says_nobody(b"".join(collector.bodies).decode("utf-8", "replace"), written(caplog))
        shown_through_the_frames(of_case(collector, line.tenant, first))
        shown_through_the_frames(of_case(collector, line.tenant, second))


def shown_through_the_frames(spans: list[SpanSeen]) -> None:
    """Of a batch that bears several cases, each in its own trace."""
    seen = {(each.service, each.name) for each in spans}
    village, town, county = (f"bancheng-{site}" for site in (VILLAGE_SITE, TOWN_SITE, COUNTY_SITE))
    assert seen >= {
        (village, "append"), (village, "relay"), (town, "intake"), (town, "append"), (town, "relay"),
        (county, "intake"), (county, "append"),
    }  # fmt: skip
    sent = {_frame(each) for each in spans if each.name == "relay"}
    taken = [each for each in spans if each.name == "intake"]
    assert {_frame(each) for each in taken} <= sent
    assert {each.facts["bancheng.state"] for each in taken} == {"applied"}


def _frame(span: SpanSeen) -> tuple[str | int, ...]:
    return tuple(span.facts[f"bancheng.{name}"] for name in ("link", "number", "kind"))


def nested(by_id: dict[str, SpanSeen], *names: str) -> None:
    """Somewhere the first is below the second, and so on; the last is below nothing."""
    for each in by_id.values():
        chain, walk = [each.name], each
        while walk.parent:
            walk = by_id[walk.parent]
            chain.append(walk.name)
        if tuple(chain) == names:
            return
    raise AssertionError(f"nowhere: {names}")


async def test_a_collector_that_is_down_holds_nobody_up(postgres: DatabaseAdmin, tmp_path: Path) -> None:
    """The service works and stops; the spans are lost, and no word of them is left behind."""
    made = await migrated_database(postgres, *COUNTY_SERVICE.version_locations)
    founded = found_tenant(xiaoshan(hub_url="nats://127.0.0.1:1", uplinks={"town": "", "village": ""}))
    write_site_file(tmp_path, founded.site_files["county"])
    settings = Settings(database_url=made.service_url, sites_dir=tmp_path, traces_url="http://127.0.0.1:1/v1/traces")
    service = Service(settings, COUNTY_SERVICE, works=False)
    await service.start()
    await service.tenants[XIAOSHAN].renew()
    try:
        transport = httpx.ASGITransport(app=application_of(service))  # pyright: ignore[reportArgumentType]
        async with httpx.AsyncClient(transport=transport, base_url="http://window.test") as client:
            assert (await client.get("/sign-in")).status_code == 200
    finally:
        await service.stop()


def test_nothing_of_it_is_imported_while_no_collector_is_named() -> None:
    looking = "import sys, bancheng.runtime.http_server; print([name for name in sys.modules if 'opentel' in name])"
    said = subprocess.run(
        [sys.executable, "-c", looking],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert said.stdout.strip() == "[]"


def test_the_trace_of_a_case_is_the_same_everywhere_and_of_no_other_case() -> None:
    case_id = UUID(int=7)
    assert f"{trace_of(XIAOSHAN, case_id):032x}" == "639050bed152e711b6a1c2efb5675da0"
    assert trace_of("330727", case_id) != trace_of(XIAOSHAN, case_id) != trace_of(XIAOSHAN, UUID(int=8))
