"""A hub of three nats-servers: what the operator's folder writes, and the manifests that run it, are of one mind."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
import yaml

from bancheng.runtime.certificates import issue
from bancheng.runtime.nats_config import MEMBERS_PORT
from bancheng.runtime.operator_folder import OperatorFolder
from bancheng.runtime.tenant_plan import PlanRefused

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
HUB: Final = "tls://county.example:4222"


@pytest.fixture
def folder(tmp_path: Path) -> OperatorFolder:
    """With the tenant of the example's plan."""
    issue(tmp_path / "operator", tmp_path / "tls", ["county.example"], now=datetime.now(UTC))
    folder = OperatorFolder(path=tmp_path)
    assert list(folder.add_tenant(DEPLOY / "county" / "plan.example.toml"))
    return folder


def _configured(folder: OperatorFolder) -> dict[str, Any]:
    return msgspec.json.decode((folder.path / "nats" / "nats.conf").read_bytes())


def _room(configuration: dict[str, Any]) -> int:
    (account,) = configuration["accounts"].values()
    return account["jetstream"]["max_store"]


def test_a_server_becomes_a_cluster_and_has_room_for_every_copy(folder: OperatorFolder) -> None:
    alone = _configured(folder)
    assert "cluster" not in alone
    assert list(folder.set_members(HUB, ("a.example", "b.example", "c.example")))
    cluster = _configured(folder)["cluster"]
    assert cluster["routes"] == [f"nats-route://{host}.example:{MEMBERS_PORT}" for host in "abc"]
    assert cluster["tls"]["verify"] is True
    assert Path(cluster["tls"]["ca_file"]).read_bytes() == (folder.path / "operator" / "ca.crt").read_bytes()
    assert _room(_configured(folder)) == 3 * _room(alone)


@pytest.mark.parametrize(
    ("server", "members", "code"),
    [
        (HUB, ("a", "b"), "plan.members_count"),
        (HUB, ("a", "b", "b"), "plan.members_count"),
        ("tls://other.example:4222", ("a", "b", "c"), "plan.server_unknown"),
    ],
)
def test_members_that_make_no_cluster_are_refused(
    folder: OperatorFolder, server: str, members: tuple[str, ...], code: str
) -> None:
    before = (folder.path / "nats" / "nats.conf").read_bytes()
    with pytest.raises(PlanRefused) as refused:
        list(folder.set_members(server, members))
    assert refused.value.code == code
    assert (folder.path / "nats" / "nats.conf").read_bytes() == before


def test_the_manifests_run_what_is_configured_for_them(folder: OperatorFolder) -> None:
    manifests = DEPLOY / "kubernetes" / "nats"
    (stateful,) = yaml.safe_load_all((manifests / "statefulset.yaml").read_text())
    services = {each["metadata"]["name"]: each for each in yaml.safe_load_all((manifests / "service.yaml").read_text())}
    among_themselves = stateful["spec"]["serviceName"]
    hosts = [f"nats-{number}.{among_themselves}" for number in range(stateful["spec"]["replicas"])]
    page = (DEPLOY.parent / "docs" / "ops" / "scaling.md").read_text()
    assert f"bancheng hub members {HUB} {' '.join(hosts)}" in " ".join(page.replace("\\\n", " ").split())
    assert list(folder.set_members(HUB, hosts))
    configuration = _configured(folder)
    cluster = configuration["cluster"]
    assert cluster["routes"] == [f"nats-route://{host}:{MEMBERS_PORT}" for host in hosts]

    (container,) = stateful["spec"]["template"]["spec"]["containers"]
    ports = {each["name"]: each["containerPort"] for each in container["ports"]}
    assert ports == {"links": configuration["port"], "members": int(cluster["listen"].partition(":")[2])}
    headless = services[among_themselves]["spec"]
    assert headless["clusterIP"] == "None"
    assert [(each["port"], each["targetPort"]) for each in headless["ports"]] == [(MEMBERS_PORT, "members")]
    # Where the server looks, were the folder where the containers have it.
    wanted = [cluster["tls"][name] for name in ("cert_file", "key_file", "ca_file")]
    places = [path.replace(str(folder.path.absolute()), "/var/lib/bancheng") for path in wanted]
    mounted = {each["mountPath"] for each in container["volumeMounts"]}
    assert {str(Path(place).parent) for place in places} | {configuration["jetstream"]["store_dir"]} <= mounted
    assert container["args"][-2:] == ["--name", "$(POD)"]
