"""A nats-server that speaks TLS, with a certificate of the operator's own authority."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bancheng.federation.client import NatsAccess, NatsClient
from bancheng.federation.errors import Misconfigured
from bancheng.runtime.certificates import AUTHORITY_FILE, CertificateUnreadable, expires_at, issue, names_in
from bancheng.runtime.local_nats import NatsServer
from bancheng.runtime.nats_config import NatsListener, SiteUser, TenantAccount, generate_nkey, nats_configuration
from tests.federation.linked_sites import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime.now(UTC)
SEED, PUBLIC = generate_nkey()


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[NatsServer]:
    """The address of its certificate is that of the loopback; its one user keeps no mailbox yet."""
    certificate = issue(tmp_path / "tls", tmp_path / "tls", ["127.0.0.1", "hub.example"], now=NOW)
    listener = NatsListener(certificate=str(certificate), key=str(tmp_path / "tls" / "server.key"))
    account = TenantAccount(tenant="330109", users=(SiteUser(site="county", public_nkey=PUBLIC),))
    with NatsServer(directory=tmp_path, configuration=nats_configuration([account], listener=listener)) as server:
        yield server


def access(hub: NatsServer, authority: Path, scheme: str = "tls") -> NatsAccess:
    url = f"{scheme}://{hub.url.partition('://')[2]}"
    return NatsAccess(url=url, nkey_seed=SEED, ca=(authority / AUTHORITY_FILE).read_text())


async def stays_out(client: NatsClient, code: str) -> None:
    """For that reason, once it has tried: a busy machine takes seconds for a handshake."""

    async def reason() -> str:
        return "" if client.trouble is None else client.trouble.code

    await eventually(reason, lambda seen: seen == code, "it says why")
    assert not client.connected


async def test_a_site_enters_when_the_authority_of_its_file_signed_the_certificate(
    hub: NatsServer, tmp_path: Path
) -> None:
    client = NatsClient(access(hub, tmp_path / "tls"), name="county", inbox="_INBOX_county")
    client.start()
    try:
        assert await client.wait_connected(10)
    finally:
        await client.stop()


async def test_a_site_does_not_enter_a_server_that_another_authority_vouches_for(
    hub: NatsServer, tmp_path: Path
) -> None:
    issue(tmp_path / "other", tmp_path / "other", ["127.0.0.1"], now=NOW)
    client = NatsClient(access(hub, tmp_path / "other"), name="county", inbox="_INBOX_county")
    client.start()
    try:
        await stays_out(client, "nats.certificate")
    finally:
        await client.stop()


async def test_a_site_enters_by_itself_once_the_certificate_was_put_right(tmp_path: Path) -> None:
    """As docs/ops/certificate.md promises: nobody restarts a service for it, however long it was wrong."""
    tls, account = (
        tmp_path / "tls",
        TenantAccount(tenant="330109", users=(SiteUser(site="county", public_nkey=PUBLIC),)),
    )
    listener = NatsListener(certificate=str(tls / "server.crt"), key=str(tls / "server.key"))
    configuration = nats_configuration([account], listener=listener)
    issue(tls, tls, ["other.example"], now=NOW)
    with NatsServer(directory=tmp_path, configuration=configuration) as server:
        client = NatsClient(access(server, tls), name="county", inbox="_INBOX_county", enter_seconds=1.5)
        client.start()
        try:
            await stays_out(client, "nats.certificate")
            issue(tls, tls, ["127.0.0.1"], now=NOW)
            server.reload(configuration)
            assert await client.wait_connected(30)
        finally:
            await client.stop()


async def test_a_parent_that_waits_for_its_first_child_may_say_nothing(hub: NatsServer, tmp_path: Path) -> None:
    """An empty list of what may be published would allow everything."""
    client = NatsClient(access(hub, tmp_path / "tls"), name="county", inbox="_INBOX_county")
    client.start()
    try:
        assert await client.wait_connected(10)
        with pytest.raises(Misconfigured):
            await client.request("$JS.API.STREAM.NAMES", b"")
    finally:
        await client.stop()


def test_a_certificate_says_for_whom_and_until_when_it_is(tmp_path: Path) -> None:
    path = issue(tmp_path, tmp_path, ["county.example", "127.0.0.1"], now=NOW, days=30)
    assert names_in(path) == ("county.example", "127.0.0.1")
    assert expires_at(path) - NOW <= timedelta(days=30)
    authority = (tmp_path / AUTHORITY_FILE).read_bytes()
    issue(tmp_path, tmp_path, ["county.example"], now=NOW)
    assert (tmp_path / AUTHORITY_FILE).read_bytes() == authority, "who trusts it need not be told again"
    assert [each.stat().st_mode & 0o077 for each in tmp_path.glob("*.key")] == [0, 0]
    (tmp_path / "spoilt.crt").write_text("no certificate")
    with pytest.raises(CertificateUnreadable, match="spoilt"):
        expires_at(tmp_path / "spoilt.crt")


@pytest.mark.parametrize(
    ("url", "code"), [("tls://nowhere.invalid:4222", "nats.name_unknown"), ("tls://127.0.0.1:1", "nats.unreachable")]
)
async def test_why_there_is_no_connection_is_told(url: str, code: str) -> None:
    client = NatsClient(NatsAccess(url=url, nkey_seed=SEED), name="county", inbox="_INBOX_county")
    client.start()
    try:
        await stays_out(client, code)
    finally:
        await client.stop()


def test_without_tls_in_the_address_no_context_is_made() -> None:
    assert NatsAccess(url="nats://hub:4222").tls() is None
    assert isinstance(NatsAccess(url="tls://hub:4222").tls(), ssl.SSLContext)
