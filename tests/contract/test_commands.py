"""What an operator types: every command of a service, against the running system and against broken surroundings."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from bancheng.runtime.site_files import read_site_file
from bancheng.store.database import Database
from tests.support.api import Client, Refused
from tests.support.plans import Place, plan_text
from tests.support.processes import COMMAND_SECONDS, ServiceProcess
from tests.support.system import SERVICE_NAMES, System
from tests.support.tenants import TOWN, VILLAGE, XIAOSHAN


def changed(service: ServiceProcess, directory: Path, **settings: str) -> ServiceProcess:
    """The same service with other settings."""
    return ServiceProcess(service.name, directory=directory, settings={**service.settings, **settings})


@pytest.mark.parametrize("name", SERVICE_NAMES)
def test_check_finds_a_running_system_fit(system: System, name: str) -> None:
    checked = system.services[name].command("check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "不行" not in checked.stdout
    assert "数据库：连得上，已升级" in checked.stdout
    told = system.services[name].command("check", "--json", "--lang", "en")
    assert {"reachable, migrated, and the role can bypass nothing", "real time"} & {
        each["said"] for each in json.loads(told.stdout)
    }


@pytest.mark.parametrize(
    ("settings", "said", "todo"),
    [
        ({"database_url": "postgresql://nobody@127.0.0.1:1/none"}, "database.unavailable", "启动 PostgreSQL"),
        ({"sites_dir": "nowhere"}, "site_file.no_folder", "BANCHENG_SITES_DIR"),
        ({"clock_file": "nowhere.json"}, "clock.unreadable", "BANCHENG_CLOCK_FILE"),
    ],
)
def test_check_says_what_is_wrong_and_what_to_do(
    system: System, tmp_path: Path, settings: dict[str, str], said: str, todo: str
) -> None:
    checked = changed(system.services["town"], tmp_path, **settings).command("check")
    assert checked.returncode == 1
    assert said in checked.stdout
    assert todo in checked.stdout
    assert "Traceback" not in checked.stderr


def test_check_finds_a_role_that_could_bypass_the_separation_of_tenants(system: System, tmp_path: Path) -> None:
    owner = system.services["town"].settings["owner_url"]
    checked = changed(system.services["town"], tmp_path, database_url=owner).command("check")
    assert checked.returncode == 1
    assert "database.role_too_powerful" in checked.stdout


def test_a_missing_setting_is_named_in_both_languages(system: System, tmp_path: Path) -> None:
    refused = changed(system.services["town"], tmp_path, sites_dir="").command("serve")
    assert refused.returncode == 1
    assert "settings.missing" in refused.stderr
    assert "BANCHENG_SITES_DIR" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_port_in_use_is_said_plainly(system: System, tmp_path: Path) -> None:
    town = system.services["town"]
    second = changed(town, tmp_path)
    second.port = town.port
    refused = second.command("serve")
    assert refused.returncode == 1
    assert "service.port_taken" in refused.stderr
    assert str(town.port) in refused.stderr


def test_migrating_again_changes_nothing(system: System) -> None:
    done = system.services["village"].command("db", "upgrade")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_new_member_of_staff_can_sign_in_with_the_password_that_was_made_up(system: System) -> None:
    village = system.services["village"]
    arguments = ("--tenant", XIAOSHAN, "--login", "newcomer", "--name", "测试丙", "--unit", VILLAGE)
    added = village.command("staff", "add", *arguments, "--role", "clerk", given="\n")
    assert added.returncode == 0, added.stderr
    password = added.stdout.split("password ")[1].strip()
    with Client(base_url=village.url, tenant=XIAOSHAN) as client:
        client.sign_in("newcomer", password)
        assert client.get("/me")["unit"]["code"] == VILLAGE
    listed = village.command("staff", "list", "--tenant", XIAOSHAN)
    assert "newcomer\t330109101201\tclerk\tactive\t测试丙" in listed.stdout


def test_whose_account_was_stopped_is_out_at_once(system: System) -> None:
    village = system.services["village"]
    whom = ("--tenant", XIAOSHAN, "--login", "leaver")
    arguments = (*whom, "--name", "测试己", "--unit", VILLAGE, "--role", "clerk")
    assert village.command("staff", "add", *arguments, given="a-password\n").returncode == 0
    with Client(base_url=village.url, tenant=XIAOSHAN) as client:
        client.sign_in("leaver", "a-password")
        assert village.command("staff", "stop", *whom).returncode == 0
        with pytest.raises(Refused) as refused:
            client.get("/me")
        assert refused.value.status == 401
        with pytest.raises(Refused):
            client.sign_in("leaver", "a-password")
    assert asyncio.run(_audited(system, "leaver")) == [
        ("operator", "staff_added", "leaver: clerk"),
        ("operator", "staff_stopped", "leaver: clerk"),
    ]
    unknown = village.command("staff", "stop", "--tenant", XIAOSHAN, "--login", "nobody")
    assert (unknown.returncode, "staff.unknown_login" in unknown.stderr) == (1, True)


async def _audited(system: System, login: str) -> list[tuple[str, str, str]]:
    """What the village's audit says of an account: by whom, what was done, and with which roles."""
    database = Database(system.owner_urls["village"], pool_size=1)
    try:
        async with database.transaction(XIAOSHAN) as tx:
            rows = await tx.fetch(
                "SELECT staff_id, action, detail FROM audit WHERE tenant = $1 AND detail LIKE $2 ORDER BY id",
                XIAOSHAN, f"{login}: %",
            )  # fmt: skip
    finally:
        await database.close()
    return [(str(staff_id).partition(":")[0], action, detail) for staff_id, action, detail in rows]


def test_a_new_password_ends_what_was_opened_with_the_old_one(system: System) -> None:
    village = system.services["village"]
    arguments = ("--tenant", XIAOSHAN, "--login", "changer", "--name", "测试戊", "--unit", VILLAGE, "--role", "clerk")
    assert village.command("staff", "add", *arguments, given="old-password\n").returncode == 0
    with Client(base_url=village.url, tenant=XIAOSHAN) as client:
        client.sign_in("changer", "old-password")
        assert village.command("staff", "add", *arguments, given="new-password\n").returncode == 0
        with pytest.raises(Refused) as refused:
            client.get("/me")
        assert refused.value.status == 401
        client.sign_in("changer", "new-password")
        assert client.get("/me")["unit"]["code"] == VILLAGE


@pytest.mark.parametrize(
    ("unit", "role", "given", "code"),
    [
        (TOWN, "clerk", "long-enough\n", "staff.unit_not_here"),
        (VILLAGE, "king", "long-enough\n", "staff.unknown_role"),
        (VILLAGE, "clerk", "short\n", "staff.password_too_short"),
    ],
)
def test_staff_that_do_not_fit_are_refused_with_a_code(
    system: System, unit: str, role: str, given: str, code: str
) -> None:
    arguments = ("--tenant", XIAOSHAN, "--login", "nobody", "--name", "测试丁", "--unit", unit, "--role", role)
    refused = system.services["village"].command("staff", "add", *arguments, given=given)
    assert refused.returncode == 1
    assert code in refused.stderr


def bancheng(*arguments: str, directory: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bancheng.runtime.command", *arguments],
        capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False, cwd=directory,
    )  # fmt: skip


PLAN = plan_text(
    "330109",
    Place(site="county", tier="county", hub_url="nats://county.example:4222", code="330109", name="区中心"),
    Place(site="town", tier="town", parent="county", code="330109101", name="甲镇中心", code_parent="330109"),
)


def test_a_tenant_is_founded_from_a_plan(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(PLAN, encoding="utf-8")
    founded = bancheng("tenant", "add", "plan.toml", "--folder", "out", directory=tmp_path)
    assert founded.returncode == 0, founded.stderr
    assert read_site_file(tmp_path / "out" / "sites" / "330109.toml").site == "county"
    town = read_site_file(tmp_path / "out" / "operator" / "330109" / "town" / "330109.toml")
    assert town.uplink is not None
    assert town.uplink.url == "nats://county.example:4222"
    configured = json.loads((tmp_path / "out" / "nats" / "nats.conf").read_text())
    assert list(configured["accounts"]) == ["T_330109"]
    again = bancheng("tenant", "add", "plan.toml", "--folder", "out", directory=tmp_path)
    assert again.returncode == 1
    assert "plan.tenant_here_already" in again.stderr


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('tier = "town"\nparent', 'tier = "parish"\nparent', "tenant.tier_unknown"),
        ('site = "town"\ntier', "site = 3\ntier", "plan.invalid"),
        ('code = "330109101"', 'code = "33010x"', "[tenant.unit_code_impossible] units.33010x.code"),
        ('tenant = "330109"', 'tenant = "000600"', "plan.profile_wanted"),
        ('tenant = "330109"', 'tenant = "330109"\nprofile = "rules.toml"', "plan.profile_missing"),
        ('tenant = "330109"', 'tenant = "330109', "plan.unreadable"),
    ],
)
def test_a_plan_with_a_mistake_is_refused_and_nothing_is_written(tmp_path: Path, old: str, new: str, code: str) -> None:
    assert old in PLAN
    (tmp_path / "plan.toml").write_text(PLAN.replace(old, new), encoding="utf-8")
    refused = bancheng("tenant", "add", "plan.toml", "--folder", "out", directory=tmp_path)
    assert refused.returncode == 1
    assert code in refused.stderr
    assert not (tmp_path / "out").exists()


def test_new_keys_are_made(tmp_path: Path) -> None:
    made = bancheng("keys", "new", directory=tmp_path)
    assert made.returncode == 0
    assert len(json.loads(made.stdout)["signing_seed"]) == 64


def test_status_of_a_running_service_is_one_screen(system: System) -> None:
    said = system.services["town"].command("status", "--json")
    assert said.returncode == 0, said.stdout + said.stderr
    now = json.loads(said.stdout)
    assert (now["service"], now["database"], now["needs"]) == ("town", "", [])
    (here,) = [each for each in now["tenants"] if each["tenant"] == XIAOSHAN]
    assert {link["peer"]: link["state"] for link in here["links"]} == {"county": "open", "village": "open"}
