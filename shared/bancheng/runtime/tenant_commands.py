"""What a service is asked about one of its tenants: its links, its staff, and the ledger of a former window.

Owns the arguments and what is printed. What is done is link_command.py's, staff_command.py's and ledger_command.py's,
which are imported when they are needed.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Final, get_args

from bancheng.kernel.roles import Role
from bancheng.runtime.settings import Settings

Action = Callable[[argparse.Namespace], int]
"""Returns the exit code."""
WithSettings = Callable[[Callable[[Settings, argparse.Namespace], int]], Action]
"""Reads the settings before it acts."""

_TENANT: Final = "division code of the county"
_ROLES: Final[tuple[str, ...]] = get_args(Role)


def add_link_commands(parser: argparse.ArgumentParser, with_settings: WithSettings) -> None:
    """`link` of a service."""
    link = parser.add_subparsers(required=True, metavar="command")

    def add(
        name: str, help_text: str, action: Callable[[Settings, argparse.Namespace], int]
    ) -> argparse.ArgumentParser:
        command = link.add_parser(name, help=help_text)
        command.add_argument("tenant", metavar="TENANT")
        command.set_defaults(action=with_settings(action))
        return command

    add("list", "every link of the tenant's site", _list_links)
    add("show", "one link: numbers, what stopped it, how it was resolved", _show_link).add_argument(
        "peer", metavar="PEER"
    )
    resolve = add("resolve", "let a stopped link go on in a new epoch", _resolve_link)
    resolve.add_argument("peer", metavar="PEER")
    resolve.add_argument("--reason", required=True, help="what was found; kept in the audit")
    resolve.add_argument("--wait", type=float, default=20.0, metavar="SECONDS", help="for the epoch to be open")
    retry = add("retry", "try again the frames that wait", _retry_frames)
    retry.add_argument("peer", metavar="PEER", nargs="?", default="")


def add_ledger_commands(parser: argparse.ArgumentParser, with_settings: WithSettings) -> None:
    """`ledger` of a service."""
    ledger = parser.add_subparsers(required=True, metavar="command")
    importing = ledger.add_parser("import", help="take the ledger of a former window in, under its old numbers")
    importing.add_argument("file", type=Path, metavar="FILE", help="xlsx, or CSV in UTF-8 or GB 18030")
    importing.add_argument("--tenant", required=True)
    importing.add_argument("--login", required=True, help="the administrator or coordinator of the window")
    importing.add_argument("--dry-run", action="store_true", help="show every row as it would come in, and stop")
    importing.add_argument(
        "--sound", action="store_true", help="take the sound rows in, and leave out what does not fit"
    )
    importing.add_argument("--language", choices=("zh", "en"), default="zh", help="in which problems are told")
    importing.set_defaults(action=with_settings(_import_ledger))


def add_staff_commands(parser: argparse.ArgumentParser, with_settings: WithSettings) -> None:
    """`staff` of a service."""
    staff = parser.add_subparsers(required=True, metavar="command")
    add = staff.add_parser("add", help="add one, or change the one with this login; the password is asked for")
    add.add_argument("--tenant", required=True, help=_TENANT)
    add.add_argument("--login", required=True, help="what is typed to sign in")
    add.add_argument("--name", required=True, help="of the person, as others see it")
    add.add_argument("--unit", required=True, help="code of the window or department, which must be at this site")
    add.add_argument(
        "--role", action="append", required=True, dest="roles", help=f"may be given several times: {', '.join(_ROLES)}"
    )
    add.set_defaults(action=with_settings(_add_staff))
    stop = staff.add_parser("stop", help="end one's account at once; `add` gives it back")
    stop.add_argument("--tenant", required=True, help=_TENANT)
    stop.add_argument("--login", required=True, help="whose, as `list` shows it")
    stop.set_defaults(action=with_settings(_stop_staff))
    listing = staff.add_parser("list", help="who has an account: login, unit, roles, active or not, name")
    listing.add_argument("--tenant", required=True, help=_TENANT)
    listing.set_defaults(action=with_settings(_list_staff))


def _add_staff(settings: Settings, parsed: argparse.Namespace) -> int:
    from bancheng.runtime.staff_command import NewStaff, add_staff, ask_password

    new = NewStaff(
        tenant=parsed.tenant,
        login=parsed.login,
        name=parsed.name,
        unit=parsed.unit,
        roles=tuple(parsed.roles),
        password=ask_password(),
    )
    made_up = asyncio.run(add_staff(settings, new))
    print(f"{parsed.login}: " + (f"password {made_up}" if made_up else "saved"))
    return 0


def _stop_staff(settings: Settings, parsed: argparse.Namespace) -> int:
    from bancheng.runtime.staff_command import stop_staff

    asyncio.run(stop_staff(settings, parsed.tenant, parsed.login))
    print(f"{parsed.login}: inactive")
    return 0


def _list_staff(settings: Settings, parsed: argparse.Namespace) -> int:
    from bancheng.runtime.staff_command import staff_of

    for each in asyncio.run(staff_of(settings, parsed.tenant)):
        active = "active" if each.active else "inactive"
        print(f"{each.login}\t{each.unit}\t{','.join(each.roles)}\t{active}\t{each.name}")
    return 0


def _import_ledger(settings: Settings, parsed: argparse.Namespace) -> int:
    from bancheng.runtime.ledger_command import LedgerOrder, import_ledger

    order = LedgerOrder(
        tenant=parsed.tenant, login=parsed.login, file=parsed.file, is_dry_run=parsed.dry_run,
        take="sound" if parsed.sound else "all", language=parsed.language,
    )  # fmt: skip
    lines, is_done = asyncio.run(import_ledger(settings, order))
    for line in lines:
        print(line)
    return 0 if is_done else 1


def _list_links(settings: Settings, parsed: argparse.Namespace) -> int:
    from bancheng.runtime.link_command import list_of

    return _printed(list_of(settings, parsed.tenant))


def _show_link(settings: Settings, parsed: argparse.Namespace) -> int:
    from bancheng.runtime.link_command import show

    return _printed(show(settings, parsed.tenant, parsed.peer))


def _resolve_link(settings: Settings, parsed: argparse.Namespace) -> int:
    from bancheng.runtime.link_command import resolve

    return _printed(resolve(settings, parsed.tenant, parsed.peer, reason=parsed.reason, wait_seconds=parsed.wait))


def _retry_frames(settings: Settings, parsed: argparse.Namespace) -> int:
    from bancheng.runtime.link_command import retry

    return _printed(retry(settings, parsed.tenant, parsed.peer))


def _printed(said: Coroutine[Any, Any, Sequence[str]]) -> int:
    for line in asyncio.run(said):
        print(line)
    return 0
