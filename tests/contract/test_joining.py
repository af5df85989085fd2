"""What changes while everything runs: a site joins, a calendar arrives, rules get a new edition; nobody is dropped."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import msgspec
import pytest

from bancheng.kernel.dues import shift_workdays
from bancheng.runtime.local_process import wait_until
from bancheng.runtime.nats_config import nats_configuration
from bancheng.runtime.operator_folder import OperatorFolder
from bancheng.runtime.provisioning import SiteSpec
from bancheng.runtime.site_files import bootstrap_documents, read_site_file
from bancheng.schema.documents import Directory, Document
from bancheng.store.schema_changes import upgrade
from bancheng_village.app import DEFINITION
from tests.support.api import Client, Refused
from tests.support.databases import prepared_database
from tests.support.oracle import judge
from tests.support.processes import ServiceProcess
from tests.support.system import System, running_system
from tests.support.tenants import COUNTY, PANAN, TOWN, XIAOSHAN, calendar

EAST = "330109101203"
_RULES = "shared/bancheng/profiles/330109/profile.toml"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system of this module's own: its directory changes."""
    with running_system(tmp_path_factory.mktemp("joining")) as running:
        yield running


def due_at(case: Any, clock: str) -> datetime:
    return datetime.fromisoformat(next(each["due_at"] for each in case["clocks"] if each["name"] == clock))


def test_a_calendar_that_arrives_moves_the_dates_of_open_cases_at_every_site(system: System, tmp_path: Path) -> None:
    village = system.client(XIAOSHAN, "village-clerk")
    registered = village.register(title="等待新日历")
    before = due_at(village.case(registered.case_id), "holder")
    days = tmp_path / "days.toml"
    days.write_text(
        '[[year]]\nyear = 2026\nofficial = true\ndays_off = [{ day = 2026-03-04, name = "本地假日" }]\n'
        "make_up_workdays = []\n",
        encoding="utf-8",
    )
    published = system.services["county"].command("publish", "calendar", str(days), "--tenant", XIAOSHAN)
    assert published.returncode == 0, published.stderr
    moved = before + timedelta(days=1)
    assert wait_until(lambda: due_at(village.case(registered.case_id), "holder") == moved, timeout_seconds=60)
    last = village.history(registered.case_id)["main"][-1]
    assert last["type"] == "DuesRecomputed"
    assert "holder" in {each["clock"] for each in last["details"]["changes"]}


def test_a_profile_that_arrives_binds_new_cases_and_leaves_the_old_as_they_are(system: System, tmp_path: Path) -> None:
    village = system.client(XIAOSHAN, "village-clerk")
    old = village.register(title="旧规则的案件")
    shipped = Path(DEFINITION.migrations).parents[3] / _RULES
    text = shipped.read_text(encoding="utf-8").replace("edition = 1", "edition = 2", 1)
    today = system.clock.now().astimezone(ZoneInfo("Asia/Shanghai")).date()
    text = re.sub(r"(?m)^effective_on = .*$", f"effective_on = {today}", text)
    (tmp_path / "profile.toml").write_text(text, encoding="utf-8")
    arguments = ("publish", "profile", str(tmp_path / "profile.toml"), "--tenant", XIAOSHAN)
    assert system.services["county"].command(*arguments).returncode == 0

    def newest() -> int:
        return village.case(village.register(title="新规则的案件").case_id)["profile_edition"]

    assert wait_until(lambda: newest() == 2, timeout_seconds=60)
    assert village.case(old.case_id)["profile_edition"] == 1
    again = system.services["county"].command(*arguments)
    assert (again.returncode, "publish.edition_not_newer" in again.stderr) == (1, True)


def limits(case: Any) -> dict[str, str]:
    """The day of each clock that runs."""
    return {each["name"]: each["due_day"] for each in case["clocks"] if each["state"] == "running"}


def test_a_notice_is_looked_at_at_the_county_and_moves_dates_at_the_village(system: System) -> None:
    village, county = system.client(XIAOSHAN, "village-clerk"), system.client(XIAOSHAN, "county-clerk")
    administrator = system.client(XIAOSHAN, "county-administrator")
    known = village.register(title="县里知道的案件")
    county.wait_for_case(known.case_id)
    system.cut(XIAOSHAN, "village")
    unknown = village.register(title="县里还不知道的案件")
    before = {each: village.case(each.case_id) for each in (known, unknown)}

    # What the top is shown beforehand is what it knows
    last_day = limits(before[known])["holder"]
    notice = {"format": "csv", "text": f"{last_day},{last_day},休,本地假日"}
    foreseen = administrator.post("/calendars/preview", {**notice, "limit": 200})
    moves = {each["number"]: {of["clock"]: of for of in each["limits"]} for each in foreseen["cases"]}
    assert unknown.number not in moves
    assert moves[known.number]["holder"]["old_due_day"] == last_day
    edition = {"edition": foreseen["edition"]}
    assert administrator.post("/calendars", {**notice, **edition}, expect=201)["edition"] == foreseen["edition"]
    with pytest.raises(Refused) as refused:
        administrator.post("/calendars", {**notice, **edition}, expect=201)
    assert refused.value.code == "publish.edition_moved"

    # And when the line is back, the village counts anew what the top foresaw, and what it could not know
    system.heal(XIAOSHAN, "village")
    for each in (known, unknown):
        assert wait_until(
            lambda case_id=each.case_id: village.history(case_id)["main"][-1]["type"] == "DuesRecomputed",
            timeout_seconds=60,
        )
        recounted = village.history(each.case_id)["main"][-1]["details"]["changes"]
        holder = next(change for change in recounted if change["clock"] == "holder")
        assert datetime.fromisoformat(holder["old_due_at"]) == due_at(before[each], "holder")
        assert limits(village.case(each.case_id))["holder"] == moves[known.number]["holder"]["new_due_day"]
        county.wait_for_case(each.case_id, version=village.case(each.case_id)["version"], timeout_seconds=60)


def test_an_edition_published_at_the_county_takes_effect_at_the_village_on_its_day(system: System) -> None:
    village, administrator = (system.client(XIAOSHAN, each) for each in ("village-clerk", "county-administrator"))
    body = {"text": _edition_of(system, 1_000_000, workdays=8)}
    present = administrator.post("/profiles/preview", body)["present_edition"]
    body = {"text": _edition_of(system, present + 1, workdays=8)}
    assert administrator.post("/profiles/check", body) == []
    looked_at = administrator.post("/profiles/preview", body)
    assert (looked_at["can_publish"], looked_at["stranded"]) == (True, [])
    assert administrator.post("/profiles/publish", body, expect=201)["edition"] == present + 1

    old = village.register(title="生效前登记")
    assert village.case(old.case_id)["profile_edition"] == present
    system.clock.advance_to(_tomorrow(system))

    def newest() -> Any:
        return village.case(village.register(title="生效后登记").case_id)

    assert wait_until(lambda: newest()["profile_edition"] == present + 1, timeout_seconds=60)
    new = newest()
    workdays = {each["name"]: each["limit_workdays"] for each in new["clocks"]}
    assert workdays["person"] == 8
    # Side by side: what happens to the old one is still judged by its own edition
    village.give(old.case_id, "accept")
    village.give(old.case_id, "classify", {"kind": "coordination", "case_type": "complex"})
    village.give(old.case_id, "classify", {"kind": "coordination", "case_type": "ordinary"})
    kept = village.case(old.case_id)
    assert kept["profile_edition"] == present
    assert {each["name"]: each["limit_workdays"] for each in kept["clocks"]}["person"] == 10


def _tomorrow(system: System) -> datetime:
    """The opening of the next working day."""
    today = calendar().local_day(system.clock.now())
    return calendar().start_of_business(shift_workdays(calendar(), today, 1))


def _edition_of(system: System, edition: int, *, workdays: int) -> str:
    """The shipped rules as another edition, in effect tomorrow, with another limit for ordinary matters."""
    text = Path(DEFINITION.migrations).parents[3].joinpath(_RULES).read_text(encoding="utf-8")
    text = text.replace("edition = 1", f"edition = {edition}", 1)
    text = re.sub(r"(?m)^effective_on = .*$", f"effective_on = {calendar().local_day(_tomorrow(system))}", text)
    changed = re.sub(r'(key = "ordinary"[^\[]*?answer_workdays = )10', rf"\g<1>{workdays}", text, count=1)
    assert changed != text
    return changed


def test_only_the_top_tier_publishes(system: System, tmp_path: Path) -> None:
    (tmp_path / "days.toml").write_text("year = []\n", encoding="utf-8")
    refused = system.services["town"].command("publish", "calendar", str(tmp_path / "days.toml"), "--tenant", XIAOSHAN)
    assert refused.returncode == 1
    assert "document.not_the_publisher" in refused.stderr


@pytest.mark.clause("U-05", part="a station joins while everything runs")
def test_a_village_joins_while_everything_runs_and_its_cases_climb(system: System, tmp_path: Path) -> None:
    folder = _operators_folder(system, tmp_path)
    process_ids = {name: service.process_id for name, service in system.services.items()}
    place = ("--site", "east", "--tier", "village", "--parent", "town")
    unit = ("--unit", EAST, "--unit-name", "东村站", "--unit-parent", TOWN)
    arguments = ("--tenant", XIAOSHAN, *place, *unit, "--folder", str(folder.path))
    wrong = ["33010x" if each == EAST else each for each in arguments]
    mistyped = system.services["county"].command("site", "add", *wrong)
    assert (mistyped.returncode, "[tenant.unit_code_impossible] units.33010x.code" in mistyped.stderr) == (1, True)
    printed = system.services["county"].command("site", "add", *arguments)
    assert printed.returncode == 0, printed.stderr
    again = system.services["county"].command("site", "add", *arguments)
    assert (again.returncode, "tenant.site_twice" in again.stderr) == (1, True)
    system.nats.reload(
        nats_configuration([each for tenant in (XIAOSHAN, PANAN) for each in folder.accounts(tenant).values()])
    )

    east = asyncio.run(_station(system, tmp_path, printed.stdout))
    east.start()
    try:
        east.wait_ready()
        with Client(base_url=east.url, tenant=XIAOSHAN) as clerk:
            clerk.sign_in("east-clerk", "a-test-password")
            registered = clerk.register(title="新站点的案件", unit=EAST)
            system.clock.advance_to(due_at(clerk.case(registered.case_id), "holder"))
            at_town = system.client(XIAOSHAN, "town-clerk").wait_for_case(registered.case_id, holder_unit=TOWN)
            system.clock.advance_to(due_at(at_town, "holder"))
            county = system.client(XIAOSHAN, "county-clerk")
            county.wait_for_case(registered.case_id, holder_unit=COUNTY, in_transit_to=None)
            clerk.wait_for_case(registered.case_id, holder_unit=COUNTY, in_transit_to=None)
            assert (
                clerk.history(registered.case_id)["main"][-1]["hash"]
                == county.history(registered.case_id)["main"][-1]["hash"]
            )
        assert {name: service.process_id for name, service in system.services.items()} == process_ids
        metrics = httpx.get(f"{system.services['town'].url}/metrics", timeout=10).text
        assert 'peer="east"' in metrics
    finally:
        assert east.stop() == 0
    judge(system.quiesce(), {PANAN: system.founded[PANAN].directory, XIAOSHAN: _new_directory(tmp_path)})


def _operators_folder(system: System, directory: Path) -> OperatorFolder:
    """As it would be had the tenants been added there."""
    folder = OperatorFolder(path=directory / "operator")
    for tenant, founded in system.founded.items():
        hub = next(iter(founded.accounts))
        sites = [
            SiteSpec(site=each.site, tier=each.tier, parent=each.parent, hub_url=hub if each.site != "village" else "")
            for each in founded.directory.sites
        ]
        assert list(folder.keep(tenant, {}, founded.accounts, sites))
    return folder


def _new_directory(directory: Path) -> Directory:
    """As the new site's own file has it."""
    frames = bootstrap_documents(read_site_file(directory / "sites" / f"{XIAOSHAN}.toml"))
    documents = [msgspec.json.decode(each.frame.payload or b"", type=Document) for each in frames]
    return next(msgspec.json.decode(each.body, type=Directory) for each in documents if each.kind == "directory")


async def _station(system: System, directory: Path, site_file: str) -> ServiceProcess:
    """A second village service, on a database of its own, that joins with the file that was printed for it."""
    made = await prepared_database(system.postgres)
    await upgrade(made.owner_url, DEFINITION.version_locations, service_role=made.service_role)
    settings = {
        **system.services["village"].settings,
        "database_url": made.service_url,
        "owner_url": made.owner_url,
        "sites_dir": str(directory / "sites"),
    }
    east = ServiceProcess("village", directory=directory, settings=settings)
    joined = east.command("join", given=site_file)
    assert joined.returncode == 0, joined.stderr
    another = site_file.replace('site = "east"', 'site = "west"', 1)
    refused = east.command("join", given=another)
    assert (refused.returncode, "site_file.of_another_site" in refused.stderr) == (1, True)
    spoilt = east.command("join", given=site_file[:400])
    assert (spoilt.returncode, "[site_file." in spoilt.stderr) == (1, True)
    arguments = ("--tenant", XIAOSHAN, "--login", "east-clerk", "--name", "测试戊", "--unit", EAST, "--role", "clerk")
    added = east.command("staff", "add", *arguments, given="a-test-password\n")
    assert added.returncode == 0, added.stderr
    return east
