"""The configuration text of a parent's nats-server: an account per tenant, a user per site with the least permissions.

Owns who may publish, subscribe and ask what. Must not spell a subject or a stream (schema.subjects does), nor start or
reload a server. Pure, but for making a key. The text is JSON, which nats-server reads as its own format.
"""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Final, cast

import msgspec
import nkeys

from bancheng.schema.subjects import Direction, control_subject, inbox_prefix, log_subject, stream_name

if TYPE_CHECKING:
    from collections.abc import Iterable

_MEBIBYTE = 1 << 20
_GIBIBYTE = 1 << 30
_STREAMS_OF_A_LINK = 2
_CONSUMERS_OF_A_LINK = 16  # a consumer left by a dead connection expires by itself; this bounds a runaway client
_HANDSHAKE_SECONDS = 5  # the server's own two are short for a village behind a slow line
MEMBERS_PORT: Final = 6222
_MOST_COPIES = 3
_ANSWERS = {"max": 1, "expires": "1m"}


class BadNatsAccounts(ValueError):
    """Tenants, sites and keys that contradict each other; names the fact and where."""


class SiteUser(msgspec.Struct, frozen=True, kw_only=True):
    """One site as a user of this server.

    `parent` is set when this server holds the site's own mailbox; `children` are the sites whose mailboxes this site
    keeps here.
    """

    site: str
    public_nkey: str
    parent: str | None = None
    children: tuple[str, ...] = ()


class TenantAccount(msgspec.Struct, frozen=True, kw_only=True):
    """All sites of one tenant that connect to this server."""

    tenant: str
    users: tuple[SiteUser, ...]


class NatsLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What the streams may take. `server_bytes` cannot be changed by a reload, so it is generous from the first day."""

    stream_bytes: int = 32 * _MEBIBYTE
    account_memory_bytes: int = 16 * _MEBIBYTE
    server_bytes: int = 256 * _GIBIBYTE
    server_memory_bytes: int = 4 * _GIBIBYTE


class NatsListener(msgspec.Struct, frozen=True, kw_only=True):
    """Where the server listens and keeps its streams.

    The local launcher overrules host and port by its flags and wants no `store_directory`, since it gives its own.
    `sync_always` flushes every message to the disk before it is acknowledged. `certificate` and `key` are files as the
    server sees them: with them it speaks TLS and nothing else. `watch_port`: where it answers how it is, to anybody
    who reaches `watch_host`, so never on an address that leaves the host; 0 for nowhere.
    """

    host: str = "127.0.0.1"
    port: int = 4222
    store_directory: str | None = None
    sync_always: bool = False
    certificate: str = ""
    key: str = ""
    watch_port: int = 0
    watch_host: str = "127.0.0.1"


class NatsCluster(msgspec.Struct, frozen=True, kw_only=True):
    """Several nats-servers as one. Each has the same configuration, and a name of its own by its flag `--name`.

    `members` are the hosts by which they reach each other, with a port where it is not `port`; a member that finds
    itself among them passes over that. `certificate`, `key` and `authority` are files as the servers see them: with
    them they speak TLS, and take in nobody whose certificate is not from that authority.
    """

    members: tuple[str, ...]
    name: str = "bancheng"
    host: str = "0.0.0.0"  # noqa: S104  which addresses lead to it, the network's own rules say
    port: int = MEMBERS_PORT
    certificate: str = ""
    key: str = ""
    authority: str = ""

    @property
    def copies(self) -> int:
        """On how many members a stream may lie, for the room that is kept for it."""
        return min(len(self.members), _MOST_COPIES)


def generate_nkey() -> tuple[str, str]:
    """A new user key: (seed, public key). The seed is a secret of the site; only the public key is configured."""
    # The library is untyped: bytes and bytearray in, bytes out.
    seed = bytes(nkeys.encode_seed(secrets.token_bytes(32), nkeys.PREFIX_BYTE_USER))  # pyright: ignore[reportUnknownMemberType]
    pair = nkeys.from_seed(bytearray(seed))  # pyright: ignore[reportUnknownMemberType]
    return seed.decode(), bytes(cast("bytes", pair.public_key)).decode()


def nats_configuration(
    accounts: Iterable[TenantAccount],
    *,
    listener: NatsListener | None = None,
    limits: NatsLimits | None = None,
    cluster: NatsCluster | None = None,
) -> str:
    """The text for nats-server. Adding a tenant or a site and reloading drops nobody.

    Raises `BadNatsAccounts`, or `NotAToken` (schema.subjects) for a tenant or site that cannot stand in a subject.
    """
    listener = listener or NatsListener()
    limits = limits or NatsLimits()
    tenants = sorted(accounts, key=lambda account: account.tenant)
    _check(tenants, limits)
    jetstream: dict[str, object] = {
        "max_memory_store": limits.server_memory_bytes,
        "max_file_store": limits.server_bytes,
    }
    if listener.store_directory is not None:
        jetstream["store_dir"] = listener.store_directory
    if listener.sync_always:
        jetstream["sync_interval"] = "always"
    configuration: dict[str, object] = {
        "host": listener.host,
        "port": listener.port,
        **_listening(listener),
        "jetstream": jetstream,
        **({} if cluster is None else {"cluster": _clustered(cluster)}),
        "accounts": {
            account_name(account.tenant): _account(account, limits, 1 if cluster is None else cluster.copies)
            for account in tenants
        },
    }
    return json.dumps(configuration, indent=2) + "\n"


def _listening(listener: NatsListener) -> dict[str, object]:
    said: dict[str, object] = {}
    if listener.certificate:
        said["tls"] = {"cert_file": listener.certificate, "key_file": listener.key, "timeout": _HANDSHAKE_SECONDS}
    if listener.watch_port:
        said["http"] = f"{listener.watch_host}:{listener.watch_port}"
    return said


def _clustered(cluster: NatsCluster) -> dict[str, object]:
    said: dict[str, object] = {
        "name": cluster.name,
        "listen": f"{cluster.host}:{cluster.port}",
        "routes": [f"nats-route://{_with_port(member, cluster.port)}" for member in cluster.members],
        # Sites keep to the addresses that they were given: those of the members may mean nothing outside.
        "no_advertise": True,
    }
    if cluster.certificate:
        said["tls"] = {
            "cert_file": cluster.certificate,
            "key_file": cluster.key,
            "ca_file": cluster.authority,
            "verify": True,
            "timeout": _HANDSHAKE_SECONDS,
        }
    return said


def _with_port(member: str, port: int) -> str:
    return member if ":" in member else f"{member}:{port}"


def account_name(tenant: str) -> str:
    """The account of a tenant; tenants are lower case, so it never meets the server's own `SYS` and `$G`."""
    return f"T_{tenant}"


def _account(account: TenantAccount, limits: NatsLimits, copies: int) -> dict[str, object]:
    links = _links(account)
    return {
        "jetstream": {
            "max_memory": limits.account_memory_bytes,
            # The server counts each copy of a stream.
            "max_store": _account_bytes(account, limits) * copies,
            "max_streams": links * _STREAMS_OF_A_LINK,
            "max_consumers": links * _CONSUMERS_OF_A_LINK,
            "max_bytes_required": True,
            "store_max_stream_bytes": limits.stream_bytes,
        },
        "users": [_user(account.tenant, user) for user in account.users],
    }


def _user(tenant: str, user: SiteUser) -> dict[str, object]:
    publish: list[str] = []
    subscribe = [f"{inbox_prefix(user.site)}.>"]
    if user.parent is not None:
        publish += _may_publish_as_child(tenant, user.site)
        subscribe.append(_control(tenant, user.site, "dn"))
    for child in user.children:
        publish += _may_publish_as_parent(tenant, child)
        subscribe.append(_control(tenant, child, "up"))
    return {
        "nkey": user.public_nkey,
        # Answers go to the inbox of whoever asked, once and soon; nobody may publish to an inbox otherwise.
        "permissions": {
            # An empty list would allow everything: a parent that waits for its first child may say nothing yet.
            "publish": {"allow": publish} if publish else {"deny": [">"]},
            "subscribe": {"allow": subscribe},
            "allow_responses": _ANSWERS,
        },
    }


def _may_publish_as_child(tenant: str, site: str) -> list[str]:
    upward, downward = stream_name(site, "up"), stream_name(site, "dn")
    return [
        log_subject(tenant, site, "up"),
        _control(tenant, site, "up"),
        f"$JS.API.STREAM.INFO.{upward}",
        f"$JS.API.STREAM.INFO.{downward}",
        *_reading(downward),
    ]


def _may_publish_as_parent(tenant: str, child: str) -> list[str]:
    upward, downward = stream_name(child, "up"), stream_name(child, "dn")
    keeping = [
        f"$JS.API.STREAM.{verb}.{stream}"
        for stream in (upward, downward)
        for verb in ("CREATE", "UPDATE", "INFO", "PURGE", "DELETE", "MSG.GET")
    ]
    return [log_subject(tenant, child, "dn"), _control(tenant, child, "dn"), *keeping, *_reading(upward)]


def _reading(stream: str) -> list[str]:
    consumer = [f"$JS.API.CONSUMER.{verb}.{stream}.>" for verb in ("CREATE", "INFO", "DELETE", "MSG.NEXT")]
    return [*consumer, f"$JS.ACK.{stream}.>"]


def _control(tenant: str, child: str, direction: Direction) -> str:
    return control_subject(tenant, child, direction, "hello").rpartition(".")[0] + ".>"


def _links(account: TenantAccount) -> int:
    return max(1, sum(len(user.children) for user in account.users))


def _account_bytes(account: TenantAccount, limits: NatsLimits) -> int:
    return _links(account) * _STREAMS_OF_A_LINK * limits.stream_bytes


def _check(accounts: list[TenantAccount], limits: NatsLimits) -> None:
    _unique("tenant", [account.tenant for account in accounts])
    _unique("key", [user.public_nkey for account in accounts for user in account.users])
    for account in accounts:
        _check_account(account)
    asked = sum(_account_bytes(account, limits) for account in accounts)
    if asked > limits.server_bytes:
        raise BadNatsAccounts(f"the links' streams need {asked} bytes, the server may keep {limits.server_bytes}")


def _check_account(account: TenantAccount) -> None:
    where = f"in tenant {account.tenant}"
    _unique(f"site {where}", [user.site for user in account.users])
    _unique(f"child {where}", [child for user in account.users for child in user.children])
    children = {user.site: user.children for user in account.users}
    for user in account.users:
        if not user.public_nkey.startswith("U"):
            raise BadNatsAccounts(f"{user.site} {where}: its public key is not that of a user (U...)")
        if user.parent is not None and user.site not in children.get(user.parent, ()):
            raise BadNatsAccounts(f"{user.site} {where}: its parent {user.parent} does not keep its mailbox here")


def _unique(what: str, names: list[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise BadNatsAccounts(f"{what} given twice: {', '.join(repeated)}")
