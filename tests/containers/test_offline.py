"""The bundle for closed networks: built here, carried to where no network is, installed, and looked over by `check`."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.containers.tier import FAILED, CommandFailed, run
from tests.support.plans import Place, plan_text

BUILD_SECONDS = 1200.0
"""The first time packages of a whole Debian are fetched."""
PREFIX = os.environ.get("OFFLINE_PREFIX", "bancheng")
BASE = os.environ.get("OFFLINE_BASE", f"{PREFIX}-base")
NOBODY = "65534:65534"
PLAN = plan_text(
    "330109",
    Place(site="county", tier="county", hub_url="tls://localhost:4222", code="330109", name="区中心"),
    Place(site="village", tier="village", parent="county", code="330109101201", name="东村站", code_parent="330109"),
)
INSTALL = """
tar -C /tmp -xf /carried/bancheng-*.tar
/tmp/bancheng-*/install-from-wheels /tmp/installed
export PATH=/tmp/installed/bin:/tmp/installed/postgresql/bin:$PATH HOME=/tmp
cd /tmp
initdb -D data -U bancheng --auth=trust --encoding=UTF8 --locale-provider=builtin --builtin-locale=C.UTF-8 >/dev/null
pg_ctl -D data -w -l postgres.log -o '-c unix_socket_directories=/tmp' start >/dev/null
createdb -h /tmp -U bancheng bancheng
export BANCHENG_OWNER_URL=postgresql://bancheng@127.0.0.1/bancheng BANCHENG_SITES_DIR=/tmp/sites
export BANCHENG_DATABASE_URL=postgresql://bancheng_service:invented@127.0.0.1/bancheng
mkdir -p operator sites
bancheng-county db upgrade --make-role
bancheng certificate issue localhost --folder operator
bancheng tenant add /carried/plan.toml --folder operator
bancheng-county join <operator/operator/330109/county/330109.toml
sed -i 's#/var/lib/nats#/tmp/streams#' operator/nats/nats.conf
nats-server --config operator/nats/nats.conf >nats.log 2>&1 &
bancheng-county serve >serve.log 2>&1 &
tries=0
until bancheng-county check >checked 2>&1 && [ "$(grep -c '有 0 帧' checked)" = 2 ]; do
  tries=$((tries + 1))
  [ "$tries" -lt 120 ] || { cat checked nats.log serve.log >&2; exit 1; }
  sleep 1
done
cat checked
"""


@pytest.fixture(scope="module")
def carried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the bundle and a plan, as on a disk that was carried over."""
    work = tmp_path_factory.mktemp("offline")
    work.chmod(0o755)
    settings = {"PREFIX": PREFIX, "BASE": BASE, "WORK": str(work), "PYTHON": sys.executable}
    run("deploy/offline/bundle", environment=settings, timeout_seconds=BUILD_SECONDS)
    (work / "plan.toml").write_text(PLAN, encoding="utf-8")
    (work / "plan.toml").chmod(0o644)
    yield work
    shutil.rmtree(work)


def without_network(carried: Path, script: str) -> str:
    """In the base image, as an account that owns nothing. Raises CommandFailed."""
    where = ("--rm", "--network", "none", "--user", NOBODY, "--volume", f"{carried}:/carried:ro")
    return run("docker", "run", *where, BASE, "sh", "-eu", "-c", script, timeout_seconds=BUILD_SECONDS)


@pytest.mark.timeout(BUILD_SECONDS + 600)
@pytest.mark.clause("U-01", part="installed on a host without network or registry, with its own database")
def test_the_bundle_installs_without_any_network_and_check_finds_nothing_wrong(carried: Path) -> None:
    said = without_network(carried, INSTALL)
    assert FAILED not in said
    assert "数据库：连得上，已升级，账户绕不过任何隔离" in said
    assert "330109/county：名录 1" in said


def test_what_the_bundle_loads_is_all_that_a_tier_needs(carried: Path, tmp_path: Path) -> None:
    bundle = next(carried.glob("bancheng-*.tar"))
    run("tar", "-C", str(tmp_path), "-xf", str(bundle))
    opened = tmp_path / bundle.stem
    said = run(str(opened / "load"))
    for kind in ("village", "town", "county"):
        example = (opened / "deploy" / kind / "env.example").read_text(encoding="utf-8")
        named = [line.partition("=")[2] for line in example.splitlines() if line.partition("=")[0].endswith("_IMAGE")]
        assert f"{PREFIX}-{kind}" in named
        assert all(f"Loaded image: {name}:latest" in said for name in named)
    shutil.rmtree(opened)


@pytest.mark.parametrize("command", ["load", "install-from-wheels /tmp/installed"])
def test_a_bundle_with_changed_bytes_is_refused_by_the_name_of_the_file(carried: Path, command: str) -> None:
    spoil = """
    tar -C /tmp -xf /carried/bancheng-*.tar
    cd /tmp/bancheng-*
    wheel=$(ls wheels/asyncpg-*)
    printf changed | dd of="$wheel" bs=1 seek=9999 conv=notrunc status=none
    """
    with pytest.raises(CommandFailed, match=r"wheels/asyncpg-\S+: FAILED") as refused:
        without_network(carried, f"{spoil} ./{command}")
    assert "this bundle is damaged" in str(refused.value)


def test_the_bundle_names_every_package_of_its_base_with_its_checksum(carried: Path) -> None:
    listed = without_network(carried, "tar -xOf /carried/bancheng-*.tar --wildcards '*/packages.txt'")
    installed = run("docker", "run", "--rm", BASE, "dpkg-query", "-W").splitlines()
    assert len(listed.splitlines()) == len(installed) > 50
    assert all(len(line.split()[0]) == 64 and line.endswith(".deb") for line in listed.splitlines())


def test_the_image_of_postgresql_makes_its_cluster_once_and_keeps_it(carried: Path) -> None:
    assert carried
    volume = run("docker", "volume", "create").strip()
    given = ("-e", "POSTGRES_USER=owner", "-e", "POSTGRES_PASSWORD=invented", "-e", "POSTGRES_DB=town")
    mounted = ("--network", "none", "--volume", f"{volume}:/var/lib/postgresql", *given)
    ready = "until pg_isready -q -h 127.0.0.1; do sleep 0.2; done"
    ask = "PGPASSWORD=invented psql -h 127.0.0.1 -U owner town -Atc"
    containers: list[str] = []
    said = ""
    try:
        for statement in ("CREATE TABLE kept AS SELECT 42 AS answer", "SELECT answer FROM kept"):
            container = run("docker", "run", "-d", *mounted, f"{PREFIX}-postgres").strip()
            containers.append(container)
            said = run("docker", "exec", container, "timeout", "60", "sh", "-c", f"{ready}; {ask} '{statement}'")
            assert run("docker", "exec", container, "id", "-u").strip() == "999"
            run("docker", "stop", "-t", "30", container)
            assert run("docker", "inspect", "-f", "{{.State.ExitCode}}", container).strip() == "0"
        assert said.strip() == "42"
    finally:
        run("docker", "rm", "-f", *containers)
        run("docker", "volume", "rm", "-f", volume)
