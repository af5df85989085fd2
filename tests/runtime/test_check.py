"""`check` against real servers that are not as they should be, and files that are not."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bancheng.federation.client import NatsAccess, NatsClient
from bancheng.federation.jetstream import create_stream
from bancheng.federation.site import wall_now
from bancheng.federation.wire import StreamConfig
from bancheng.runtime import check_database, check_host, check_nats
from bancheng.runtime.certificates import SERVER_KEY_FILE, issue
from bancheng.runtime.checks import check
from bancheng.runtime.database_admin import DatabaseAdmin
from bancheng.runtime.findings import Finding, Level, Told, is_fit, skew
from bancheng.runtime.local_nats import NatsServer
from bancheng.runtime.local_process import pick_port
from bancheng.runtime.nats_config import NatsLimits, NatsListener, generate_nkey, nats_configuration
from bancheng.runtime.provisioning import Founded, found_tenant
from bancheng.runtime.settings import Settings
from bancheng.runtime.site_files import Server, write_site_file
from bancheng.schema.subjects import inbox_prefix, log_subject, stream_name
from bancheng.store.database import Database
from bancheng.store.links import ensure_link, set_heard
from bancheng_county.app import DEFINITION
from tests.support.databases import migrated_database
from tests.support.tenants import XIAOSHAN, xiaoshan

NOW = datetime.now(UTC)
MEBIBYTE = 1 << 20
SMALL = MEBIBYTE // 3


@dataclass(frozen=True, kw_only=True)
class Hub:
    """A nats-server whose page can be read, for one tenant."""

    server: NatsServer
    founded: Founded
    watch_url: str


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """It has room for four mailboxes of a mebibyte, and flushes now and then only."""
    port, watch_port = pick_port(), pick_port()
    founded = found_tenant(
        xiaoshan(hub_url=f"nats://127.0.0.1:{port}", uplinks={"town": f"nats://127.0.0.1:{port}", "village": ""})
    )
    configuration = nats_configuration(
        founded.accounts.values(),
        listener=NatsListener(watch_port=watch_port),
        limits=NatsLimits(stream_bytes=MEBIBYTE, server_bytes=4 * MEBIBYTE),
    )
    with NatsServer(directory=tmp_path, port=port, configuration=configuration) as server:
        yield Hub(server=server, founded=founded, watch_url=f"http://127.0.0.1:{watch_port}")


@asynccontextmanager
async def connected(hub: Hub, site: str) -> AsyncGenerator[NatsClient]:
    access = hub.founded.site_files[site].hub
    assert isinstance(access, Server)
    client = NatsClient(NatsAccess(url=hub.server.url, nkey_seed=access.nkey_seed), name=site, inbox=inbox_prefix(site))
    client.start()
    try:
        assert await client.wait_connected(10)
        yield client
    finally:
        await client.stop()


async def fill(hub: Hub) -> None:
    """All four mailboxes, of which one is small and nearly full."""
    for parent, child in (("county", "town"), ("town", "village")):
        async with connected(hub, parent) as client:
            for direction in ("up", "dn"):
                is_small = (child, direction) == ("town", "dn")
                subject = log_subject(XIAOSHAN, child, direction)
                config = StreamConfig(
                    name=stream_name(child, direction), subjects=(subject,), first_seq=1, metadata={},
                    max_bytes=SMALL if is_small else MEBIBYTE, max_msg_size=SMALL,
                )  # fmt: skip
                await create_stream(client, config)
                if is_small:
                    await client.request(subject, bytes(SMALL * 9 // 10))


def said(findings: list[Finding], subject: str, words: str) -> Told:
    return next(told for told in in_english(findings) if told.subject == subject and words in told.said)


def in_english(findings: Iterable[Finding]) -> list[Told]:
    return [each.told("en") for each in findings]


async def test_check_tells_clocks_room_and_flushing_of_the_servers(
    hub: Hub, postgres: DatabaseAdmin, tmp_path: Path
) -> None:
    made = await migrated_database(postgres, *DEFINITION.version_locations)
    write_site_file(tmp_path / "sites", hub.founded.site_files["county"])
    await fill(hub)
    database = Database(made.service_url)
    async with database.transaction(XIAOSHAN) as tx:
        await ensure_link(tx, "town", "child")
        await set_heard(tx, "town", wall_now() - timedelta(minutes=20))
        await ensure_link(tx, "above", "parent")
        await ensure_link(tx, "town-2", "child")
    await database.close()
    settings = Settings(
        database_url=made.service_url,
        sites_dir=tmp_path / "sites",
        nats_watch_url=hub.watch_url,
        disk_free_bytes=1 << 60,
    )
    nats = f"{XIAOSHAN}/county hub"

    behind = await check(settings, DEFINITION, wall=lambda: wall_now() - timedelta(seconds=10))
    assert is_fit(behind)
    for subject in ("database", nats):
        found = said(behind, subject, "ahead of this host's")
        assert found.level == "warning"
        assert "time server" in found.todo
    assert said(behind, "disk", "MiB free").level == "warning"
    assert said(behind, "disk of the papers", "missing").level == "ok"
    assert said(behind, nats, "DN_town has 1 frames, 90 % of its room").level == "warning"
    assert said(behind, nats, "UP_town has 0 frames").level == "ok"
    flushing = said(behind, "nats-server", "does not flush")
    assert (flushing.level, "always" in flushing.todo) == ("warning", True)
    silent = said(behind, f"{XIAOSHAN}/county link town", "was not heard for 20 minutes")
    assert (silent.level, "docs/ops/lost-link.md" in silent.todo) == ("warning", True)
    assert said(behind, f"{XIAOSHAN}/county link above", "was never heard").level == "warning"
    assert not [each for each in in_english(behind) if each.subject.endswith("link town-2")]
    room = said(behind, "nats-server", "of its store")
    assert (room.level, "max_file_store" in room.todo) == ("warning", True)

    far = await check(settings, DEFINITION, wall=lambda: wall_now() + timedelta(seconds=60))
    assert {each.subject for each in in_english(far) if each.level == "failed"} == {"database", nats}
    assert said(far, nats, " s behind").level == "failed"


async def test_check_says_that_a_page_of_the_server_does_not_answer() -> None:
    (found,) = in_english(await check_nats.watched("http://127.0.0.1:1"))
    assert (found.level, "does not answer" in found.said) == ("warning", True)
    assert "BANCHENG_NATS_WATCH_URL" in found.todo
    assert await check_nats.watched("") == []


@pytest.mark.parametrize(
    ("days", "level", "words"),
    [(400, "ok", "good for 399 days"), (20, "warning", "good for 19 days"), (-1, "failed", "it ended on")],
)
def test_check_says_how_long_the_certificate_is_good(tmp_path: Path, days: int, level: Level, words: str) -> None:
    certificate = issue(tmp_path, tmp_path, ["127.0.0.1"], now=NOW, days=max(days, 1))
    settings = Settings(
        database_url="", sites_dir=tmp_path, tls_certificate=certificate, tls_key=tmp_path / SERVER_KEY_FILE
    )
    now = NOW if days > 0 else NOW + timedelta(days=2)
    (found,) = in_english(check_host.certificate(settings, now + timedelta(minutes=1)))
    assert (found.level, words in found.said) == (level, True), found
    assert bool(found.todo) is (level != "ok")


def test_check_finds_a_certificate_that_is_none_or_has_another_key(tmp_path: Path) -> None:
    certificate = issue(tmp_path / "one", tmp_path / "one", ["127.0.0.1"], now=NOW)
    issue(tmp_path / "two", tmp_path / "two", ["127.0.0.1"], now=NOW)
    other_key = tmp_path / "two" / SERVER_KEY_FILE
    for file, key, words in (
        (certificate, other_key, "not this certificate's"),
        (certificate, tmp_path / "gone", "cannot be read"),
        (other_key, other_key, "certificate file"),
    ):
        settings = Settings(database_url="", sites_dir=tmp_path, tls_certificate=file, tls_key=key)
        (found,) = in_english(check_host.certificate(settings, NOW))
        assert (found.level, words in found.said) == ("failed", True), found
        assert found.todo


def test_check_finds_a_disk_with_little_room_wherever_papers_are(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    settings = Settings(
        database_url="", sites_dir=tmp_path, papers_place=str(tmp_path / "kept"), disk_free_bytes=1 << 60
    )
    assert [each.level for each in check_host.disks(settings)] == ["warning", "warning"]
    settings = Settings(database_url="", sites_dir=tmp_path, papers_place="s3://bucket/papers", disk_free_bytes=1)
    assert [(each.subject, each.level) for each in check_host.disks(settings)] == [("disk", "ok")]


@pytest.mark.parametrize(
    ("number", "level", "words"),
    [(180001, "ok", "PostgreSQL 18.1"), (170004, "warning", "PostgreSQL 17.4"), (140020, "failed", "PostgreSQL 14.20")],
)
def test_check_judges_the_release_of_the_database(number: int, level: Level, words: str) -> None:
    found = check_database.release(number).told("en")
    assert (found.level, found.said) == (level, words)


def test_a_slow_answer_is_no_wrong_clock() -> None:
    ahead, uncertain = timedelta(seconds=3), timedelta(seconds=2)
    assert skew("database", ahead, uncertain).level == "ok"
    assert skew("database", ahead, timedelta()).level == "warning"
    assert skew("database", -ahead, timedelta()).told("en").said.endswith("behind this host's")


async def test_check_names_a_wrong_key_and_a_missing_mailbox(hub: Hub, tmp_path: Path) -> None:
    file = hub.founded.site_files["county"]
    assert file.hub is not None
    found = in_english(await check_nats.server("hub", file, file.hub, ["UP_town"], wall_now))
    assert [(each.level, each.said) for each in found] == [("warning", "no stream UP_town yet")]
    forbidden = in_english(await check_nats.server("hub", file, file.hub, ["UP_elsewhere"], wall_now))
    assert [(each.level, "nats.forbidden" in each.said) for each in forbidden] == [("failed", True)], forbidden
    stranger = Server(url=hub.server.url, nkey_seed=generate_nkey()[0])
    (refused,) = in_english(await check_nats.server("hub", file, stranger, [], wall_now))
    assert (refused.level, "nats.authorization" in refused.said) == ("failed", True)
    assert "site add" in refused.todo
