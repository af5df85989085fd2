"""What an operator types when a link has stopped: against running services, one of them killed on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from bancheng.federation.client import NatsAccess, NatsClient
from bancheng.federation.jetstream import Outgoing, publish_batch, stream_state
from bancheng.runtime.local_process import wait_until
from bancheng.schema.subjects import inbox_prefix, log_subject, stream_name
from bancheng.store.database import Database
from bancheng.store.links import get_link
from tests.support.oracle import judge
from tests.support.system import System, running_system
from tests.support.tenants import XIAOSHAN

SECONDS = 40.0


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system of this module's own: one of its links is stopped."""
    with running_system(tmp_path_factory.mktemp("links"), proxied=False) as running:
        yield running


async def _write_rubbish(system: System) -> None:
    """In the village's name, with its key for the server, where its relay would go on."""
    uplink = system.founded[XIAOSHAN].site_files["village"].uplink
    assert uplink is not None
    access = NatsAccess(url=uplink.url, nkey_seed=uplink.nkey_seed)
    client = NatsClient(access, name="rubbish", inbox=inbox_prefix("village"))
    client.start()
    assert await client.wait_connected(10)
    last = (await stream_state(client, stream_name("village", "up"))).last_number
    subject = log_subject(XIAOSHAN, "village", "up")
    await publish_batch(client, subject, [Outgoing(data=b"rubbish", headers={})], expected_last=last)
    await client.stop()


def _said(system: System, service: str, *arguments: str) -> str:
    done = system.services[service].command("link", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _refused(system: System, service: str, *arguments: str) -> str:
    done = system.services[service].command("link", *arguments)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_link_that_was_stopped_is_looked_at_and_resolved_from_the_command_line(system: System) -> None:
    village = system.client(XIAOSHAN, "village-clerk")
    before = village.register(title="停之前的案件")
    system.quiesce()
    assert "link.not_stopped" in _refused(system, "town", "resolve", XIAOSHAN, "village", "--reason", "x")

    assert system.services["village"].stop() == 0
    asyncio.run(_write_rubbish(system))
    assert wait_until(lambda: _state(system) == "stopped", timeout_seconds=SECONDS)
    shown = _said(system, "town", "show", XIAOSHAN, "village")
    assert "link.headers" in shown
    assert "known" in shown
    checked = system.services["town"].command("check")
    assert "link show 330109 village" in checked.stdout
    assert "docs/ops/link-stopped.md" in checked.stdout

    assert "link.reason_invalid" in _refused(system, "town", "resolve", XIAOSHAN, "village", "--reason", " ")
    asked = ("resolve", XIAOSHAN, "village", "--reason", "村里的电脑中过病毒，已重装")
    said = _said(system, "town", *asked, "--wait", "0.1")
    assert "not open yet" in said
    system.services["town"].kill()
    system.start("village")
    again = system.client(XIAOSHAN, "village-clerk").register(title="停的时候登记的案件")
    system.start("town")
    assert wait_until(lambda: _state(system) == "open", timeout_seconds=SECONDS)

    town = system.client(XIAOSHAN, "town-clerk")
    for case in (before, again):
        assert town.wait_for_case(case.case_id)
    shown = _said(system, "town", "show", XIAOSHAN, "village")
    assert "村里的电脑中过病毒" in shown
    assert "epoch 2" in _said(system, "village", "list", XIAOSHAN)
    assert "0 frames wait no longer, 0 still wait" in _said(system, "town", "retry", XIAOSHAN)
    judge(system.quiesce(), {tenant: founded.directory for tenant, founded in system.founded.items()})


def _state(system: System) -> str:
    """Of the town's link with the village, as its database has it."""

    async def read() -> str:
        database = Database(system.owner_urls["town"], pool_size=1)
        try:
            async with database.transaction(XIAOSHAN) as tx:
                row = await get_link(tx, "village")
        finally:
            await database.close()
        assert row is not None
        return row.state

    return asyncio.run(read())


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("retry", XIAOSHAN, "nowhere"), "link.unknown"), (("list", "000000"), "staff.unknown_tenant")],
)
def test_what_does_not_exist_is_refused_with_a_code(system: System, arguments: tuple[str, ...], code: str) -> None:
    assert code in _refused(system, "town", *arguments)
