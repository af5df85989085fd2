"""The folder of a top tier's operator: who its tenants' sites are on each nats-server, and what each was given.

    operator/   nobody else's: ca.crt and ca.key; <tenant>/sites.json, <tenant>/accounts.json, and what each site was
                given, <tenant>/<site>/<tenant>.toml
    sites/      <tenant>.toml of the top site: the sites_dir of the service of this host
    tls/        server.crt and server.key: from `bancheng certificate issue`, or the operator's own
    nats/       nats.conf of this host's server; <host>-<port>.conf for the operator of each other one; where a server
                is a cluster, every member of it has the same file

Owns these names, and that the configurations follow the accounts. Must not know the database or a running server.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

import msgspec

from bancheng.runtime.certificates import AUTHORITY_FILE, SERVER_FILE, SERVER_KEY_FILE
from bancheng.runtime.nats_config import NatsCluster, NatsListener, TenantAccount, nats_configuration
from bancheng.runtime.provisioning import SiteSpec, found_tenant
from bancheng.runtime.site_files import Server, SiteFile, write_site_file
from bancheng.runtime.tenant_plan import PlanRefused, read_plan, spec_of
from bancheng.runtime.whole_files import READ_BY_ALL, write_whole

Accounts = Mapping[str, TenantAccount]
"""A tenant's users of each nats-server, by its address as the sites above reach it."""

OPERATORS: Final = "operator"
OWN_CONFIGURATION: Final = "nats.conf"
_ACCOUNTS_FILE: Final = "accounts.json"
_SITES_FILE: Final = "sites.json"
_MEMBERS_FILE: Final = "members.json"
CLUSTER_SIZES: Final = (3, 5)
"""Half of an even number is no majority, so an even member more keeps nothing more alive."""
_STREAMS: Final = "/var/lib/nats"
_WATCH_PORT: Final = 8222
_DEFAULT_PORT: Final = 4222


@dataclasses.dataclass(frozen=True, kw_only=True)
class OperatorFolder:
    """`path` may be missing yet."""

    path: Path

    def add_tenant(self, plan_path: Path) -> Iterator[str]:
        """Founds the tenant and writes all of it; says what is to be done next. Raises PlanRefused, BadTenant."""
        plan = read_plan(plan_path)
        if self._of(plan.tenant).exists():
            raise PlanRefused("plan.tenant_here_already", field="tenant", detail=plan.tenant)
        founded = found_tenant(spec_of(plan, plan_path.parent, datetime.now(UTC)))
        top = next(each.site for each in plan.sites if each.parent is None)
        yield from self.keep(plan.tenant, founded.site_files, founded.accounts, plan.sites)
        write_site_file(self.path / "sites", self._with_authority(founded.site_files[top]))
        yield f"{self.path / 'sites'}: the file of {top}, whose running service takes it in by itself"

    def set_members(self, server: str, members: Sequence[str]) -> Iterator[str]:
        """From now on the nats-server at that address is a cluster of these hosts. Raises PlanRefused."""
        if len(set(members)) not in CLUSTER_SIZES or len(set(members)) < len(members):
            raise PlanRefused("plan.members_count", field="members", detail=", ".join(members))
        if server not in self._servers():
            raise self._unknown_server()
        clusters = {**self._clusters(), server: tuple(members)}
        write_whole(self._operators / _MEMBERS_FILE, msgspec.json.format(msgspec.json.encode(clusters), indent=2))
        authority = self._operators / AUTHORITY_FILE
        if authority.exists():
            # Beside the certificate, where the servers look: by it they know each other.
            write_whole(self.path / "tls" / AUTHORITY_FILE, authority.read_bytes(), mode=READ_BY_ALL)
        yield from self.configure()

    def keep(
        self, tenant: str, files: Mapping[str, SiteFile], accounts: Accounts, sites: Sequence[SiteSpec]
    ) -> Iterator[str]:
        """The files of new sites, who the sites are now, and the servers' configurations; says what it wrote."""
        for site, file in files.items():
            write_site_file(self._of(tenant) / site, self._with_authority(file))
            yield f"{self.site_file(tenant, site)}: all that {site} needs to join; it holds secrets"
        write_whole(self._of(tenant) / _ACCOUNTS_FILE, msgspec.json.format(msgspec.json.encode(accounts), indent=2))
        write_whole(self._of(tenant) / _SITES_FILE, msgspec.json.format(msgspec.json.encode(sites), indent=2))
        yield from self.configure()

    def site_file(self, tenant: str, site: str) -> Path:
        """What a site was given."""
        return self._of(tenant) / site / f"{tenant}.toml"

    def configuration_of(self, server: str) -> Path:
        """That of the nats-server at an address, which is on other hosts too. Raises PlanRefused."""
        if server not in self._servers():
            raise self._unknown_server()
        return self._configuration(server)

    def members_of(self, server: str) -> tuple[str, ...]:
        """The hosts of a cluster, without their ports; none for a single server."""
        return tuple(member.partition(":")[0] for member in self._clusters().get(server, ()))

    def sites(self, tenant: str) -> tuple[SiteSpec, ...]:
        """Those that were planned so far. Raises PlanRefused for a tenant that was not added here."""
        return _sites.decode(self._read(tenant, _SITES_FILE))

    def accounts(self, tenant: str) -> dict[str, TenantAccount]:
        """Raises PlanRefused for a tenant that was not added here."""
        return _accounts.decode(self._read(tenant, _ACCOUNTS_FILE))

    def _of(self, tenant: str) -> Path:
        return self._operators / tenant

    @property
    def _operators(self) -> Path:
        return self.path / OPERATORS

    def _read(self, tenant: str, name: str) -> bytes:
        try:
            return (self._of(tenant) / name).read_bytes()
        except OSError as error:
            raise PlanRefused("plan.tenant_not_here", field="tenant", detail=tenant) from error

    def _with_authority(self, file: SiteFile) -> SiteFile:
        """The file, naming the authority of this folder for the servers that speak TLS, if there is one."""
        authority = self._operators / AUTHORITY_FILE
        if not authority.exists():
            return file
        text = authority.read_text(encoding="ascii")

        def named(server: Server | None) -> Server | None:
            if server is None or not server.url.startswith(("tls://", "wss://")):
                return server
            return msgspec.structs.replace(server, ca=text)

        return msgspec.structs.replace(file, hub=named(file.hub), uplink=named(file.uplink))

    def configure(self) -> Iterator[str]:
        """Writes what every server reads, from the accounts of all tenants; says what it wrote."""
        for server, accounts in self._servers().items():
            path = self._configuration(server)
            text = nats_configuration(accounts, listener=self._listener(server), cluster=self._cluster(server))
            # It holds public keys only, and the nats-server runs under an account of its own.
            write_whole(path, text.encode(), mode=READ_BY_ALL)
            whose = "the nats-server of this host" if path.name == OWN_CONFIGURATION else f"the operator of {server}"
            yield f"{path}: for {whose}; reload it with SIGHUP, which drops nobody"

    def _configuration(self, server: str) -> Path:
        own = {each.hub_url for tenant in self._tenants() for each in self.sites(tenant) if each.parent is None}
        return self.path / "nats" / (OWN_CONFIGURATION if server in own else _file_name(server))

    def _unknown_server(self) -> PlanRefused:
        detail = ", ".join(sorted(self._servers())) or "-"
        return PlanRefused("plan.server_unknown", field="server", detail=detail)

    def _tenants(self) -> list[str]:
        return sorted(each.parent.name for each in self._operators.glob(f"*/{_ACCOUNTS_FILE}"))

    def _servers(self) -> dict[str, list[TenantAccount]]:
        """Every nats-server by its address, with the accounts of all tenants on it."""
        servers: dict[str, list[TenantAccount]] = {}
        for tenant in self._tenants():
            for server, account in self.accounts(tenant).items():
                servers.setdefault(server, []).append(account)
        return servers

    def _clusters(self) -> dict[str, tuple[str, ...]]:
        file = self._operators / _MEMBERS_FILE
        return _members.decode(file.read_bytes()) if file.exists() else {}

    def _cluster(self, server: str) -> NatsCluster | None:
        members = self._clusters().get(server)
        if members is None:
            return None
        if not _is_tls(server):
            return NatsCluster(members=members)
        tls = self.path.absolute() / "tls"
        return NatsCluster(
            members=members,
            certificate=str(tls / SERVER_FILE),
            key=str(tls / SERVER_KEY_FILE),
            authority=str(tls / AUTHORITY_FILE),
        )

    def _listener(self, server: str) -> NatsListener:
        """As the server's container sees it, which has the same folders at the same places."""
        is_tls = _is_tls(server)
        tls = self.path.absolute() / "tls"
        return NatsListener(
            host="0.0.0.0",  # noqa: S104  which address of the host leads to the container, its compose file says
            port=_first(server).port or _DEFAULT_PORT,
            store_directory=_STREAMS,
            sync_always=True,
            certificate=str(tls / SERVER_FILE) if is_tls else "",
            key=str(tls / SERVER_KEY_FILE) if is_tls else "",
            watch_port=_WATCH_PORT,
            # For the service beside it, on the containers' own network: no compose file publishes this port.
            watch_host="0.0.0.0",  # noqa: S104
        )


def _first(server: str) -> SplitResult:
    """Of several addresses of one cluster the first: they differ in the host alone."""
    return urlsplit(server.partition(",")[0])


def _is_tls(server: str) -> bool:
    return _first(server).scheme in {"tls", "wss"}


def _file_name(server: str) -> str:
    parts = _first(server)
    return f"{parts.hostname}-{parts.port or _DEFAULT_PORT}.conf"


_accounts = msgspec.json.Decoder(dict[str, TenantAccount])
_members = msgspec.json.Decoder(dict[str, tuple[str, ...]])
_sites = msgspec.json.Decoder(tuple[SiteSpec, ...])
