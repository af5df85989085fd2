"""One tier of a deployment: its compose project, what it is asked, and how it is cut off and restarted.

Owns calls of the engine. Everything is done as an operator would, by `deploy/install` and compose.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import ssl
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from bancheng.runtime.local_process import wait_until
from tests.support.api import Client
from tests.support.tenants import PASSWORD

ROOT = Path(__file__).resolve().parents[2]
COMMAND_SECONDS = 180
HUB_NAME = "county.example"


class CommandFailed(AssertionError):
    """A command of the engine or of ours ended otherwise than expected; with all that it said."""


def run(
    *arguments: str, given: str = "", folder: Path = ROOT, environment: Mapping[str, str] | None = None,
    timeout_seconds: float = COMMAND_SECONDS,
) -> str:  # fmt: skip
    """Its standard output. Raises CommandFailed."""
    ended = subprocess.run(
        arguments, input=given, capture_output=True, text=True, timeout=timeout_seconds, check=False, cwd=folder,
        env={**os.environ, **(environment or {})},
    )  # fmt: skip
    if ended.returncode != 0:
        raise CommandFailed(f"{' '.join(arguments)}\n{ended.stdout[-4000:]}\n{ended.stderr[-4000:]}")
    return ended.stdout


def compose_command() -> list[str]:
    """Compose v2 where it is there, else docker-compose 1.29: the files are for both."""
    version = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False, timeout=30)
    return ["docker", "compose"] if version.returncode == 0 else ["docker-compose"]


@dataclass(kw_only=True)
class Tier:
    """`kind`: county, town or village. `listen`: the address of this machine on which its ports are.

    `database_megabytes`: the size of a disk in memory for the database, which is gone when that stops; 0 for a volume.
    """

    kind: str
    project: str
    folder: Path
    listen: str
    port: str
    clock_folder: Path
    hub_address: str
    database_megabytes: int = 0
    _clients: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def install(self, file: Path) -> str:
        """By the operators' script; `file` is a plan at the county, else a site file. Returns what `check` said."""
        shutil.copytree(ROOT / "deploy", self.folder)
        values = {"LISTEN": self.listen, "PORT": self.port}
        lines = (self._home / "env.example").read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if line.partition("=")[0] not in values]
        (self._home / ".env").write_text("\n".join([*kept, *(f"{n}={v}" for n, v in values.items())]) + "\n")
        self._override.write_text(self._beside(), encoding="utf-8")
        return run(str(self.folder / "install"), self.kind, str(file), environment={"COMPOSE": " ".join(self._compose)})

    def compose(self, *arguments: str, given: str = "") -> str:
        """Raises CommandFailed."""
        return run(*self._compose, *arguments, given=given, folder=self._home)

    def operator(self, *arguments: str, given: str = "") -> str:
        """A command in a container of its own, as the operator's pages say."""
        return self.compose("run", "--rm", "-T", "--no-deps", "operator", *arguments, given=given)

    def command(self, *arguments: str, given: str = "") -> str:
        """A command of the tier's service, in its container."""
        return self.compose("exec", "-T", "service", "bancheng-tier", *arguments, given=given)

    def says(self, *words: str) -> bool:
        """Whether `check` comes to say all of them, whatever else it finds."""
        return wait_until(lambda: self._is_said(words), timeout_seconds=60)

    def _is_said(self, words: Sequence[str]) -> bool:
        try:
            said = self.command("check")
        except CommandFailed as failed:
            said = str(failed)
        return all(word in said for word in words)

    def employ(self, tenant: str, login: str, unit: str, *roles: str) -> None:
        """A member of staff with the password of all tests."""
        named = [each for role in roles for each in ("--role", role)]
        whom = ("--tenant", tenant, "--login", login, "--name", "测试员", "--unit", unit)
        self.command("staff", "add", *whom, *named, given=f"{PASSWORD}\n")

    def client(self, tenant: str, login: str, *, replica: int = 1) -> Client:
        """Signed in at one replica, over HTTPS, its certificate checked against the tier's own authority."""
        address = self.address("service", "outside", replica) or self.address("service", "inside", replica)
        client = self._clients.enter_context(
            Client(base_url=f"https://{address}:8443", tenant=tenant, verify=self._authority)
        )
        client.sign_in(login, PASSWORD)
        return client

    def networks(self, service: str) -> set[str]:
        """Those that a container is in, by the engine's names."""
        return set(self.inspect(service)["NetworkSettings"]["Networks"])

    def address(self, service: str, network: str, replica: int = 1) -> str:
        """In one of the project's networks; empty while it is not in it."""
        networks = self.inspect(service, replica)["NetworkSettings"]["Networks"]
        return str(networks.get(f"{self.project}_{network}", {}).get("IPAddress", ""))

    def inspect(self, service: str, replica: int = 1) -> Any:
        """What the engine says of a container."""
        return json.loads(run("docker", "inspect", self.containers(service)[replica - 1]))[0]

    def containers(self, service: str) -> list[str]:
        """Ids, oldest first."""
        ids = self.compose("ps", "-q", service).split()
        begun = {each: json.loads(run("docker", "inspect", each))[0]["Created"] for each in ids}
        return sorted(ids, key=begun.__getitem__)

    def runs(self, *services: str) -> list[str]:
        """Those of them that have a container here."""
        known = set(self.compose("ps", "--services").split())
        return [each for each in services if each in known and self.compose("ps", "-q", each).split()]

    def wait_ready(self) -> None:
        def is_ready() -> bool:
            try:
                self.compose("exec", "-T", "service", "bancheng-health")
            except CommandFailed:
                return False
            return True

        assert wait_until(is_ready, timeout_seconds=90), self.compose("logs", "--tail=40", "service")

    def remove_volume(self, name: str) -> None:
        """With all that was in it."""
        run("docker", "volume", "rm", f"{self.project}_{name}")

    def cut_off(self) -> None:
        """Nothing of the service leaves this host any more; its database is beside it."""
        run("docker", "network", "disconnect", f"{self.project}_outside", self.containers("service")[0])

    def heal(self) -> None:
        run("docker", "network", "connect", f"{self.project}_outside", self.containers("service")[0])

    def database_url(self) -> str:
        """As the service's role, which sees a tenant at a time."""
        env = dict(line.split("=", 1) for line in (self._home / ".env").read_text().splitlines() if "=" in line)
        return f"postgresql://bancheng_service:{env['SERVICE_PASSWORD']}@{self.address('database', 'inside')}/bancheng"

    def remove(self) -> None:
        """Containers, networks and volumes."""
        self._clients.close()
        self.compose("down", "--volumes", "--timeout", "5", "--remove-orphans")

    @cached_property
    def _authority(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cadata=self.operator("cat", "operator/ca.crt"))
        context.check_hostname = False  # the container is reached by its address; who signed is what is checked
        return context

    @property
    def _home(self) -> Path:
        return self.folder / self.kind

    @property
    def _override(self) -> Path:
        return self.folder / "beside.yaml"

    @property
    def _compose(self) -> list[str]:
        files = ("-f", str(self._home / "compose.yaml"), "-f", str(self._override))
        return [*compose_command(), "-p", self.project, "--project-directory", str(self._home), *files]

    def _beside(self) -> str:
        """A domain clock that the test moves, and the name by which sites find the hub."""
        each: dict[str, Any] = {
            "environment": {"BANCHENG_CLOCK_FILE": "/clock/anchor.json"},
            "volumes": [f"{self.clock_folder}:/clock:ro"],
        }
        if self.kind != "county":
            each["extra_hosts"] = [f"{HUB_NAME}:{self.hub_address}"]
        beside: dict[str, Any] = {"services": {"service": each, "operator": each}}
        if self.database_megabytes:
            options = {"type": "tmpfs", "device": "tmpfs", "o": f"size={self.database_megabytes}m"}
            beside["volumes"] = {"database": {"driver_opts": options}}
        return json.dumps(beside)
