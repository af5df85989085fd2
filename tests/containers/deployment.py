"""Three tiers installed as separate projects on separate networks, with nothing but the documented ports between them.

Owns the order of an installation: the county from a plan, then each site with the one file that was printed for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec

from bancheng.runtime.local_process import wait_until
from bancheng.runtime.site_files import bootstrap_documents, read_site_file
from bancheng.schema.documents import Directory, Document
from tests.containers.tier import HUB_NAME, PATIENCE_SECONDS, Tier, run
from tests.support.api import Client
from tests.support.clock import SharedClock
from tests.support.plans import Place, plan_text
from tests.support.standing import Standing, read_standing
from tests.support.tenants import COUNTY, TOWN, VILLAGE, XIAOSHAN, calendar

BEGIN_AT = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
"""Monday, 9:30 in the morning there."""
OFFLINE_BASE = "bancheng-base"
"""What deploy/offline/build makes of Debian's packages; it is the base as well where no registry was reached."""
OFFLINE_SECONDS, BUILD_SECONDS = 1200.0, 600.0
KINDS = ("county", "town", "village")
PLAN = plan_text(
    XIAOSHAN, Place(site="county", tier="county", hub_url=f"tls://{HUB_NAME}:4222", code=XIAOSHAN, name="区中心")
)


def built_images(work: Path) -> None:
    """One for each tier, from the base image that BASE_IMAGE names; without a registry's from what `work` fetched."""
    base = os.environ.get("BASE_IMAGE", "python:3.11-slim-bookworm")
    made_here = _image_id(OFFLINE_BASE)
    if made_here and made_here == _image_id(base):
        settings = {"WORK": str(work), "PYTHON": sys.executable}
        run("deploy/offline/build", environment=settings, timeout_seconds=OFFLINE_SECONDS)
        return
    for kind in KINDS:
        arguments = ("--build-arg", f"TIER={kind}", "--build-arg", f"BASE={base}", "-t", f"bancheng-{kind}")
        run("docker", "build", "-q", "-f", "deploy/Dockerfile", *arguments, ".", timeout_seconds=BUILD_SECONDS)


def _image_id(name: str) -> str:
    """Empty where there is none."""
    return run("docker", "image", "ls", "--no-trunc", "--quiet", name).strip()


@dataclass(kw_only=True)
class Deployment:
    """`tiers` by project: county, town, village, and whatever joins later."""

    directory: Path
    clock: SharedClock
    hub_address: str
    tiers: dict[str, Tier] = field(default_factory=dict[str, Tier])
    sites: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    networks: list[str] = field(default_factory=list[str])
    run_id: str = field(default_factory=lambda: uuid4().hex[:6])

    def tier(
        self, name: str, kind: str, *, listen: str = "127.0.0.1", hosts: Sequence[tuple[str, str]] = (),
        database_megabytes: int = 0, is_member: bool = False,
    ) -> Tier:  # fmt: skip
        """Made, not yet installed. The engine picks its ports, but a hub's. Without `hosts` it finds the county's."""
        if not hosts and kind != "county":
            hosts = [(HUB_NAME, self.hub_address)]
        made = Tier(
            kind=kind, project=f"bancheng-{self.run_id}-{name}", folder=self.directory / name, port="0", listen=listen,
            clock_folder=self.clock.path.parent, hosts=hosts,
            database_megabytes=database_megabytes, is_member=is_member,
        )  # fmt: skip
        self.tiers[name] = made
        return made

    def install_county(self) -> str:
        plan = self.directory / "plan.toml"
        plan.write_text(PLAN, encoding="utf-8")
        self.sites[XIAOSHAN, "county"] = "county"
        return self.tier("county", "county", listen=self.hub_address).install(plan)

    def another_address(self, name: str) -> str:
        """One more of this machine's, which containers reach as they would another host."""
        network = f"bancheng-{self.run_id}-{name}"
        self.networks.append(network)
        run("docker", "network", "create", network)
        return run("docker", "network", "inspect", network, "--format", "{{(index .IPAM.Config 0).Gateway}}").strip()

    def hub_file(self, server: str) -> Path:
        """What the county prints for a nats-server on another host."""
        file = self.directory / "hub.tar"
        printed = self.tiers["county"].operator("bancheng", "hub", "file", server)
        file.write_text(printed, encoding="ascii", newline="")
        return file

    def climbs(self, clerk: Client, case_id: UUID, *, town: str = "town", unit: str = TOWN) -> None:
        """From the village by its own clocks to the town and the county, which each have it whole."""
        self.clock.advance_to(_due_at(clerk.case(case_id)))
        above = self.tiers[town].client(XIAOSHAN, f"{town}-clerk")
        self.clock.advance_to(_due_at(above.wait_for_case(case_id, holder_unit=unit, in_transit_to=None)))
        county = self.tiers["county"].client(XIAOSHAN, "county-clerk")
        county.wait_for_case(case_id, holder_unit=COUNTY, in_transit_to=None)
        clerk.wait_for_case(case_id, holder_unit=COUNTY, in_transit_to=None)

    def add_site(self, name: str, kind: str, parent: str, unit: str, unit_parent: str, *, hub: str = "") -> Path:
        """The file that the county prints for it; the hub has been told."""
        arguments = ["--tenant", XIAOSHAN, "--site", name, "--tier", kind, "--parent", parent, "--unit", unit]
        arguments += ["--unit-name", f"{name}窗口", "--unit-parent", unit_parent, "--hub", hub]
        printed = self.tiers["county"].operator("bancheng-tier", "site", "add", *arguments)
        self.tiers["county"].compose("kill", "-s", "HUP", "nats")
        file = self.directory / f"{name}.toml"
        file.write_text(printed, encoding="utf-8")
        self.sites[XIAOSHAN, name] = name
        return file

    def directory_of(self, file: Path) -> Directory:
        """The newest that a site file brings."""
        site = read_site_file(file, any_name=True)
        found = [msgspec.json.decode(each.frame.payload or b"", type=Document) for each in bootstrap_documents(site)]
        return next(msgspec.json.decode(each.body, type=Directory) for each in found if each.kind == "directory")

    def standing(self) -> Standing:
        """Everything that the databases hold."""
        urls = {name: tier.database_url() for name, tier in self.tiers.items() if not tier.is_member}
        return asyncio.run(read_standing(urls, self.sites))

    def quiesce(self) -> Standing:
        """Waits until nothing is on its way. Raises AssertionError saying what is left."""
        standing = self.standing()

        def is_quiet() -> bool:
            nonlocal standing
            standing = self.standing()
            return not standing.unrest(self.clock.now())

        assert wait_until(is_quiet, timeout_seconds=PATIENCE_SECONDS), "\n".join(standing.unrest(self.clock.now()))
        return standing


@contextlib.contextmanager
def running_deployment(directory: Path) -> Generator[Deployment]:
    """Removed whatever happens."""
    clock_folder = directory / "clock"
    clock_folder.mkdir()
    for folder in (directory, clock_folder):
        folder.chmod(0o755)
    clock = SharedClock(clock_folder / "anchor.json", at=BEGIN_AT, calendar=calendar())
    gateway = run("docker", "network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}").strip()
    deployment = Deployment(directory=directory, clock=clock, hub_address=gateway or "172.17.0.1")
    try:
        deployment.install_county()
        hub = f"tls://{HUB_NAME}:4222"
        town = deployment.add_site("town", "town", "county", TOWN, COUNTY, hub=hub)
        deployment.tier("town", "town").install(town)
        village = deployment.add_site("village", "village", "town", VILLAGE, TOWN)
        deployment.tier("village", "village").install(village)
        deployment.tiers["county"].employ(XIAOSHAN, "county-clerk", COUNTY, "clerk", "coordinator")
        deployment.tiers["town"].employ(XIAOSHAN, "town-clerk", TOWN, "clerk")
        deployment.tiers["village"].employ(XIAOSHAN, "village-clerk", VILLAGE, "clerk")
        yield deployment
    finally:
        for tier in deployment.tiers.values():
            tier.remove()
        for network in deployment.networks:
            run("docker", "network", "rm", network)


def _due_at(case: Any) -> datetime:
    return datetime.fromisoformat(next(each["due_at"] for each in case["clocks"] if each["name"] == "holder"))
