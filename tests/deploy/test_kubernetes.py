"""The manifests against Kubernetes' own schema, and against each other, the pages and the generated configuration."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, cast

import kubernetes_validate
import pytest
import yaml

ROOT: Final = Path(__file__).parents[2]
MANIFESTS: Final = ROOT / "deploy" / "kubernetes"
TIERS: Final = ("county", "town", "village")
VERSIONS: Final = ("1.28", "1.31", "1.34")
"""Releases of Kubernetes whose schema takes every manifest: the oldest that is promised, and newer ones."""
PAGE: Final = ROOT / "docs" / "ops" / "scaling.md"

Manifest = dict[str, Any]


def _loaded(path: Path) -> list[Manifest]:
    return [each for each in yaml.safe_load_all(path.read_text()) if each]


def _kustomization(folder: Path) -> Manifest:
    (found,) = _loaded(folder / "kustomization.yaml")
    return found


def _gathered(folder: Path) -> Iterator[Manifest]:
    """Every manifest that a folder's kustomization leads to."""
    for name in _kustomization(folder)["resources"]:
        path = (folder / name).resolve()
        yield from _gathered(path) if path.is_dir() else _loaded(path)


def _containers(manifests: list[Manifest]) -> Iterator[Manifest]:
    for manifest in manifests:
        if manifest["kind"] in {"Deployment", "StatefulSet"}:
            spec = manifest["spec"]["template"]["spec"]
            yield from [*spec.get("initContainers", []), *spec["containers"]]


def _entries(value: object) -> Iterator[tuple[str, Any]]:
    """Every key with what is under it, at any depth."""
    if isinstance(value, dict):
        for name, each in cast("dict[str, Any]", value).items():
            yield name, each
            yield from _entries(each)
    elif isinstance(value, list):
        for each in cast("list[Any]", value):
            yield from _entries(each)


def _under(manifests: list[Manifest], *keys: str) -> list[Any]:
    return [each for name, each in _entries(manifests) if name in keys]


def _secrets(manifests: list[Manifest]) -> set[str]:
    asked = {each["name"] for each in _under(manifests, "secretRef", "secretKeyRef")}
    return asked | set(_under(manifests, "secretName"))


@pytest.mark.parametrize("tier", TIERS)
def test_every_manifest_is_of_the_schema(tier: str) -> None:
    manifests = list(_gathered(MANIFESTS / tier))
    assert {each["kind"] for each in manifests} >= {"Namespace", "Deployment", "Service", "NetworkPolicy"}
    for manifest in manifests:
        for version in VERSIONS:
            kubernetes_validate.validate(manifest, version, strict=True)


def test_the_schema_would_refuse_a_mistake() -> None:
    (manifest,) = (each for each in _gathered(MANIFESTS / "village") if each["kind"] == "Deployment")
    manifest["spec"]["template"]["spec"]["containers"][0]["readonly"] = True
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(manifest, VERSIONS[0], strict=True)


def test_every_file_belongs_to_a_kustomization() -> None:
    named = {
        (folder / name).resolve()
        for folder in MANIFESTS.iterdir()
        for name in ("kustomization.yaml", *_kustomization(folder)["resources"])
    }
    assert {path.resolve() for path in MANIFESTS.rglob("*.yaml")} == {path for path in named if path.is_file()}
    assert {path for path in named if not path.exists()} == set()


@pytest.mark.parametrize("tier", TIERS)
def test_a_tier_names_its_image_its_namespace_and_its_settings(tier: str) -> None:
    kustomization = _kustomization(MANIFESTS / tier)
    manifests = list(_gathered(MANIFESTS / tier))
    assert [each["metadata"]["name"] for each in manifests if each["kind"] == "Namespace"] == [
        kustomization["namespace"]
    ]
    patched = {image["name"]: image["newName"] for image in kustomization["images"]}
    assert patched == {"bancheng": f"bancheng-{tier}"}
    assert {container["image"] for container in _containers(manifests)} <= {"bancheng", "nats:2.15"}
    made = {each["name"] for each in kustomization["configMapGenerator"]}
    assert {each["name"] for each in _under(manifests, "configMapRef")} == made


def test_nothing_runs_as_root_or_writes_to_its_image() -> None:
    containers = list(_containers(list(_gathered(MANIFESTS / "county"))))
    assert len(containers) == 3
    for container in containers:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert "limits" in container["resources"]


def test_the_page_says_how_every_secret_is_made() -> None:
    manifests = [each for tier in TIERS for each in _gathered(MANIFESTS / tier)]
    page = PAGE.read_text()
    assert set(re.findall(r"create secret (?:generic|tls) (\S+)", page)) == _secrets(manifests)
    for key in {each["key"] for each in _under(manifests, "secretKeyRef")}:
        assert f"--from-literal={key}=" in page


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl, which builds kustomizations, is not installed")
@pytest.mark.parametrize("tier", TIERS)
def test_it_is_built_by_the_real_tool(tier: str) -> None:
    arguments = ["kubectl", "kustomize", str(MANIFESTS / tier)]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    built = [each for each in yaml.safe_load_all(done.stdout) if each]
    gathered = list(_gathered(MANIFESTS / tier))
    assert {_identity(each) for each in built} == {_identity(each) for each in gathered} | {
        ("ConfigMap", "bancheng-settings")
    }
    for manifest in built:
        kubernetes_validate.validate(manifest, VERSIONS[-1], strict=True)
        if manifest["kind"] != "Namespace":
            assert manifest["metadata"]["namespace"] == f"bancheng-{tier}"
    images = {container["image"] for container in _containers(built)}
    assert images - {"nats:2.15"} == {f"bancheng-{tier}:latest"}


def _identity(manifest: Manifest) -> tuple[str, str]:
    return manifest["kind"], manifest["metadata"]["name"]
