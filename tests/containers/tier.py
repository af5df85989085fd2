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
COMMAND_SECONDS = 300
PATIENCE_SECONDS = 180.0
"""With which everything is waited for: how fast a loaded machine is, is not what these tests judge."""
HUB_NAME = "county.example"
OVERRIDE = "compose.override.yaml"
FAILED = "不行"
"""How `check` marks what is wrong."""


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

    `hosts`: names with their addresses, for every container. `database_megabytes`: the size of a disk in memory for the
    database, which is gone when that stops; 0 for a volume. `is_member`: it runs one more nats-server and nothing else.
    """

    kind: str
    project: str
    folder: Path
    listen: str
    port: str
    clock_folder: Path
    hosts: Sequence[tuple[str, str]] = ()
    database_megabytes: int = 0
    is_member: bool = False
    _clients: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def install(self, *given: Path | str) -> str:
        """By the operators' script, any number of times; `given` is what it takes. Returns what `check` said."""
        if not self.folder.exists():
            shutil.copytree(ROOT / "deploy", self.folder, ignore=shutil.ignore_patterns(".env*", "*.override.yaml"))
            (self._home / ".env").write_text((self._home / "env.example").read_text(encoding="utf-8"))
            self.set_values(LISTEN=self.listen, PORT=self.port)
        self.write_beside()
        what = "member" if self.is_member else self.kind
        script = (str(self.folder / "install"), what, *(str(each) for each in given))
        return run(*script, environment={"COMPOSE": " ".join(self._compose)})

    def set_values(self, **values: str) -> None:
        """Lines of `.env`."""
        path = self._home / ".env"
        kept = [each for each in path.read_text(encoding="utf-8").splitlines() if each.partition("=")[0] not in values]
        path.write_text("\n".join([*kept, *(f"{name}={value}" for name, value in values.items())]) + "\n")

    def override(self, text: str) -> None:
        """What an operator writes beside the compose file."""
        (self._home / OVERRIDE).write_text(text, encoding="utf-8")

    def write_beside(self) -> None:
        """A domain clock that the test moves, and the names by which hubs are found: in a file of its own."""
        named = {"extra_hosts": [f"{name}:{address}" for name, address in self.hosts]} if self.hosts else {}
        each: dict[str, Any] = named | {
            "environment": {"BANCHENG_CLOCK_FILE": "/clock/anchor.json"},
            "volumes": [f"{self.clock_folder}:/clock:ro"],
        }
        beside: dict[str, Any] = {"services": {"service": each, "operator": each}}
        if named and self.kind != "village":
            beside["services"]["nats"] = named
        if self.database_megabytes:
            options = {"type": "tmpfs", "device": "tmpfs", "o": f"size={self.database_megabytes}m"}
            beside["volumes"] = {"database": {"driver_opts": options}}
        self._beside.write_text(json.dumps(beside), encoding="utf-8")

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
        return wait_until(lambda: self._is_said(words), timeout_seconds=PATIENCE_SECONDS)

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
            Client(
                base_url=f"https://{address}:8443",
                tenant=tenant,
                verify=self._authority,
                patience_seconds=PATIENCE_SECONDS,
            )
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
        """Every replica."""

        def is_ready() -> bool:
            try:
                replicas = self.containers("service")
                return bool([run("docker", "exec", each, "bancheng-health") for each in replicas])
            except CommandFailed:
                return False

        assert wait_until(is_ready, timeout_seconds=PATIENCE_SECONDS), self.compose("logs", "--tail=40", "service")

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
    def _beside(self) -> Path:
        return self.folder / "beside.yaml"

    @property
    def _compose(self) -> list[str]:
        names = ["compose.yaml"]
        if self.is_member or (self._home / OVERRIDE).exists():
            names.append(OVERRIDE)
        files = [word for each in (*(self._home / name for name in names), self._beside) for word in ("-f", str(each))]
        return [*compose_command(), "-p", self.project, "--project-directory", str(self._home), *files]
