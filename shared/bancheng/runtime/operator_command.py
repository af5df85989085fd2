"""`tenant add`, `site add`, `hub file`, `join` and such: what operators type when a tier is installed or grows.

Owns the arguments and what is said. What is to be passed on goes to standard output, what is told to standard error.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bancheng.runtime.settings import Settings, variable
from bancheng.runtime.site_files import MAX_FILE_BYTES, SiteFileError, read_site_file, write_site_file

if TYPE_CHECKING:
    from bancheng.schema.documents import UnitEntry

MOST_DAYS = 3_650
"""As long as the authority itself."""

_OF_A_SITE: Final = {
    "tenant": "division code of the county",
    "site": "a name for it: a-z, 0-9 and -",
    "tier": "a tier of the rules below the top one",
    "parent": "the site above, as `link list` and `status` name it",
    "unit": "code of its window",
    "unit-name": "the window, in words",
    "unit-parent": "code of the window to which its cases climb",
}


def add_tenant_commands(parser: argparse.ArgumentParser) -> None:
    """`bancheng tenant`."""
    add = parser.add_subparsers(required=True, metavar="command").add_parser(
        "add", help="keys, directory, site files and nats-server accounts of a new tenant"
    )
    add.add_argument("plan", type=Path, help="TOML: tenant, effective_on, sites, units (docs/tenants.md)")
    _folder(add)
    add.set_defaults(action=_add_tenant)


def add_hub_commands(parser: argparse.ArgumentParser) -> None:
    """`bancheng hub`."""
    commands = parser.add_subparsers(required=True, metavar="command")
    members = commands.add_parser("members", help="make a nats-server a cluster of these hosts")
    members.add_argument("server", metavar="URL", help="as `hub_url` in the plan has it")
    members.add_argument("members", nargs="+", metavar="HOST", help="by which the members reach each other: 3 or 5")
    _folder(members)
    members.set_defaults(action=_set_members)
    configure = commands.add_parser("configure", help="write what every nats-server reads anew, if it was lost")
    _folder(configure)
    configure.set_defaults(action=_configure)
    packed = commands.add_parser("file", help="print what a nats-server on another host needs, for its `install`")
    packed.add_argument("server", metavar="URL", help="as `hub_url` in the plan has it")
    packed.add_argument("hosts", nargs="*", metavar="HOST", help="further names by which that host is reached")
    _folder(packed)
    packed.set_defaults(action=_print_hub_file)


def add_certificate_commands(parser: argparse.ArgumentParser) -> None:
    """`bancheng certificate`."""
    issue = parser.add_subparsers(required=True, metavar="command").add_parser(
        "issue", help="a server's certificate, from an authority of one's own"
    )
    issue.add_argument("hosts", nargs="+", metavar="HOST", help="names and addresses by which it is reached")
    issue.add_argument("--days", type=_days, help="how long it is good")
    issue.add_argument("--out", type=Path, help="where certificate and key go; by default the folder's tls")
    _folder(issue)
    issue.set_defaults(action=_issue)


def add_site_commands(parser: argparse.ArgumentParser) -> Callable[[Settings, argparse.Namespace], int]:
    """`site` of a service; returns what `site add` does."""
    add = parser.add_subparsers(required=True, metavar="command").add_parser(
        "add", help="a site joins; its file is printed, for its operator's `join`"
    )
    for name, help_text in _OF_A_SITE.items():
        add.add_argument(f"--{name}", required=True, help=help_text)
    add.add_argument("--hub", default="", help="its own nats-server, if it is to have children")
    add.add_argument("--uplink", default="", help="how it reaches its parent's, if under another address")
    _folder(add)
    return _add_site


def _days(text: str) -> int:
    """0 makes a certificate that has ended, for trying what happens then."""
    days = int(text)
    if not 0 <= days <= MOST_DAYS:
        raise argparse.ArgumentTypeError(f"0 to {MOST_DAYS}")
    return days


def _folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--folder", type=Path, default=Path(), help="the operator's folder; by default this one")


def _add_tenant(parsed: argparse.Namespace) -> int:
    from bancheng.runtime.operator_folder import OperatorFolder

    return _told(OperatorFolder(path=parsed.folder).add_tenant(parsed.plan))


def _set_members(parsed: argparse.Namespace) -> int:
    from bancheng.runtime.operator_folder import OperatorFolder

    return _told(OperatorFolder(path=parsed.folder).set_members(parsed.server, parsed.members))


def _configure(parsed: argparse.Namespace) -> int:
    from bancheng.runtime.operator_folder import OperatorFolder

    return _told(OperatorFolder(path=parsed.folder).configure())


def _print_hub_file(parsed: argparse.Namespace) -> int:
    from bancheng.runtime.hub_file import hub_file
    from bancheng.runtime.operator_folder import OperatorFolder

    folder = OperatorFolder(path=parsed.folder)
    for _ in folder.configure():
        """It may have been lost."""
    content = hub_file(folder, parsed.server, parsed.hosts, now=datetime.now(UTC))
    sys.stdout.buffer.write(content)
    return _told((f"for the nats-server at {parsed.server}, on another host; it holds that host's private key",))


def _issue(parsed: argparse.Namespace) -> int:
    from bancheng.runtime.certificates import AUTHORITY_FILE, SERVER_DAYS, expires_at, issue
    from bancheng.runtime.operator_folder import OPERATORS

    authority = parsed.folder / OPERATORS
    path = issue(
        authority,
        parsed.out or parsed.folder / "tls",
        parsed.hosts,
        now=datetime.now(UTC),
        days=SERVER_DAYS if parsed.days is None else parsed.days,
    )
    return _told(
        (
            f"{path}: for {', '.join(parsed.hosts)}, until {expires_at(path):%Y-%m-%d}",
            f"{authority / AUTHORITY_FILE}: goes into the site files by itself, and into browsers by hand",
        )
    )


def _add_site(settings: Settings, parsed: argparse.Namespace) -> int:
    return asyncio.run(_site_added(settings, parsed))


async def _site_added(settings: Settings, parsed: argparse.Namespace) -> int:
    from bancheng.runtime.operator_folder import OperatorFolder
    from bancheng.runtime.provisioning import SiteSpec
    from bancheng.runtime.publishing import publisher
    from bancheng.runtime.staff_command import site_file_of

    folder = OperatorFolder(path=parsed.folder)
    spec = SiteSpec(
        site=parsed.site, tier=parsed.tier, parent=parsed.parent, hub_url=parsed.hub, uplink_url=parsed.uplink
    )
    async with publisher(settings, site_file_of(settings, parsed.tenant)) as opened:
        units = (*opened.site.jurisdiction.directory.units, _unit(parsed))
        today = opened.site.calendar.local_day(opened.site.now())
        _told(await opened.directory((*folder.sites(parsed.tenant), spec), units, folder, today))
    print(folder.site_file(parsed.tenant, parsed.site).read_text(encoding="utf-8"), end="")
    return 0


def _unit(parsed: argparse.Namespace) -> UnitEntry:
    from bancheng.schema.documents import UnitEntry

    return UnitEntry(
        code=parsed.unit, name=parsed.unit_name, tier=parsed.tier, site=parsed.site, parent=parsed.unit_parent
    )


def join(settings: Settings, service: str) -> int:
    """Judged as a whole before anything is written; a file for another tenant beside it is not touched."""
    text = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "standard-input.toml"
        path.write_bytes(text)
        file = read_site_file(path, any_name=True)
    present = settings.sites_dir / f"{file.tenant}.toml"
    if present.exists():
        known = read_site_file(present)
        if (known.site, known.signing_seed) != (file.site, file.signing_seed):
            raise SiteFileError("site_file.of_another_site", file=present.name, field="site", detail=known.site)
    written = write_site_file(settings.sites_dir, file)
    return _told(
        (
            f"{written}: {file.site} of tenant {file.tenant}",
            f"start the service; `bancheng-{service} check` says what is missing ({variable('sites_dir')})",
        )
    )


def _told(lines: Iterable[str]) -> int:
    for line in lines:
        print(line, file=sys.stderr)
    return 0
