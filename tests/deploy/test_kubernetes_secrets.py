"""The secrets that the page tells to make, from files that come about, against what the manifests read of them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
import yaml

from bancheng.runtime.certificates import issue
from bancheng.runtime.operator_folder import OperatorFolder

ROOT: Final = Path(__file__).parents[2]
MANIFESTS: Final = ROOT / "deploy" / "kubernetes"
PAGE: Final = ROOT / "docs" / "ops" / "scaling.md"
OF_TLS: Final = {"cert": "tls.crt", "key": "tls.key"}
"""Options of `create secret tls`, and the keys that it makes of them."""
HUB: Final = "tls://county.example:4222"
FOLDER: Final = "/var/lib/bancheng"

Secrets = Mapping[str, Mapping[str, str]]
"""By name, what each key is made of: a file of the operator's folder, or a text."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What `certificate issue`, `tenant add` and `hub members` write, for the example's plan."""
    issue(tmp_path / "operator", tmp_path / "tls", ["county.example"], now=datetime.now(UTC))
    operator = OperatorFolder(path=tmp_path)
    assert list(operator.add_tenant(ROOT / "deploy" / "county" / "plan.example.toml"))
    assert list(operator.set_members(HUB, [f"nats-{number}.nats-members" for number in range(3)]))
    return tmp_path


def _made(folder: Path) -> Secrets:
    """As kubectl would make them, typed in that folder."""
    made: dict[str, dict[str, str]] = {}
    page = PAGE.read_text(encoding="utf-8").replace("\\\n", " ")
    for line in re.findall(r"^ {4}kubectl .*create secret .*$", page, re.MULTILINE):
        words = shlex.split(line.partition("|")[0])
        kind, name = words[words.index("secret") + 1 :][:2]
        keys = dict(pair for word in words for pair in _keys(kind, word, folder))
        assert made.setdefault(name, keys) == keys, f"{name} is made in two ways"
    return made


def _keys(kind: str, word: str, folder: Path) -> Iterator[tuple[str, str]]:
    option, _, value = word.removeprefix("--").partition("=")
    if kind == "tls" and option in OF_TLS:
        yield OF_TLS[option], value
    elif option == "from-literal":
        key, _, text = value.partition("=")
        yield key, text
    elif option == "from-file" and value.endswith("/"):
        for file in sorted((folder / value).iterdir()):
            yield file.name, f"{value}{file.name}"
    elif option == "from-file":
        key, _, path = value.rpartition("=")
        yield key or Path(path).name, path


def _loaded(name: str) -> dict[str, Any]:
    (manifest,) = yaml.safe_load_all((MANIFESTS / name).read_text(encoding="utf-8"))
    return manifest["spec"]["template"]["spec"]


def _there(spec: dict[str, Any], made: Secrets) -> set[str]:
    """The files that its last container finds."""
    secrets = {each["name"]: each["secret"]["secretName"] for each in spec["volumes"] if "secret" in each}
    mounts = {each["name"]: each["mountPath"] for each in spec["containers"][-1]["volumeMounts"]}
    return {f"{mounts[volume]}/{key}" for volume, secret in secrets.items() for key in made[secret]}


def test_every_file_that_the_page_names_comes_about(folder: Path) -> None:
    made = _made(folder)
    named = {value for name in ("bancheng-tls", "bancheng-nats", "bancheng-nats-tls") for value in made[name].values()}
    assert {each for each in named if not (folder / each).is_file()} == set()
    assert set(made["bancheng-sites"]) == {"330109.toml"}


def test_the_service_finds_what_it_is_told_of(folder: Path) -> None:
    made, spec = _made(folder), _loaded("service/deployment.yaml")
    (service,) = spec["containers"]
    said = {each["name"]: each["value"] for each in service["env"] if "value" in each}
    image = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    assert f"BANCHENG_SITES_DIR={FOLDER}/sites" in image
    wanted = {said["BANCHENG_TLS_CERTIFICATE"], said["BANCHENG_TLS_KEY"], f"{FOLDER}/sites/330109.toml"}
    assert wanted == _there(spec, made)
    asked = [each for part in (*spec["initContainers"], service) for each in part["env"] if "valueFrom" in each]
    keys = {each["valueFrom"]["secretKeyRef"]["key"] for each in asked}
    assert keys == set(made["bancheng-database"])


def test_the_papers_secret_holds_settings(folder: Path) -> None:
    compose = yaml.safe_load((ROOT / "deploy" / "county" / "compose.yaml").read_text(encoding="utf-8"))
    known = set(compose["services"]["service"]["environment"])
    assert set(_made(folder)["bancheng-papers"]) <= known


def test_the_nats_server_finds_what_its_configuration_names(folder: Path) -> None:
    """The page has the commands typed where the folder has the containers' own name."""
    assert f'"$PWD:{FOLDER}"' in PAGE.read_text(encoding="utf-8")
    spec = _loaded("nats/statefulset.yaml")
    (server,) = spec["containers"]
    configuration = msgspec.json.decode((folder / "nats" / "nats.conf").read_bytes(), type=dict[str, Any])
    parts = (configuration["tls"], configuration["cluster"]["tls"])
    named = {str(value) for part in parts for name, value in part.items() if name.endswith("_file")}
    wanted = {path.replace(str(folder.absolute()), FOLDER) for path in named}
    at = server["args"][server["args"].index("--config") + 1]
    assert _there(spec, _made(folder)) == wanted | {at}
