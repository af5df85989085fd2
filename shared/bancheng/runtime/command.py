"""The commands: `bancheng-village|town|county serve | work | db upgrade | check | status | staff | …`, and `bancheng`.

Owns what is asked for on a terminal and the exit codes: 0 done, 1 failed with a stable code, 2 not understood.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Coroutine, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

from bancheng.runtime.demo.options import add_options
from bancheng.runtime.logging import configure_logging
from bancheng.runtime.operator_command import (
    add_certificate_commands,
    add_hub_commands,
    add_site_commands,
    add_tenant_commands,
    join,
)
from bancheng.runtime.profile_command import add_profile_commands
from bancheng.runtime.settings import Settings, SettingsError, load_settings, variable
from bancheng.runtime.tenant_commands import Action, add_ledger_commands, add_link_commands, add_staff_commands

if TYPE_CHECKING:
    from bancheng.runtime.service_definition import ServiceDefinition


def main(arguments: Sequence[str] | None = None) -> int:
    """`bancheng`: what concerns no single service."""
    parser = argparse.ArgumentParser(prog="bancheng", description="办成 Bancheng")
    commands = parser.add_subparsers(required=True, metavar="command")
    demo = commands.add_parser("demo", help="three services on this machine, with two counties' stories")
    add_options(demo)
    demo.set_defaults(action=_demo)
    trace = commands.add_parser("trace", help="which trace a case's steps are in, at every tier")
    trace.add_argument("tenant", metavar="TENANT")
    trace.add_argument("case_id", metavar="CASE", type=UUID)
    trace.set_defaults(action=_trace)
    keys = commands.add_parser("keys", help="secrets").add_subparsers(required=True, metavar="command")
    keys.add_parser("new", help="a signing seed and a NATS user key").set_defaults(action=_new_keys)
    add_tenant_commands(commands.add_parser("tenant", help="tenants"))
    add_hub_commands(commands.add_parser("hub", help="nats-servers"))
    add_certificate_commands(commands.add_parser("certificate", help="TLS"))
    add_profile_commands(commands.add_parser("profile", help="rule profiles: check, show, diff, explain, schema"))
    return _run(parser, arguments)


def service_main(definition: ServiceDefinition, arguments: Sequence[str] | None = None) -> int:
    """The command of one service."""
    parser = argparse.ArgumentParser(prog=f"bancheng-{definition.name}", description=definition.window.name.zh)
    parser.add_argument("--version", action="version", version=f"bancheng-{definition.name} {version('bancheng')}")
    commands = parser.add_subparsers(required=True, metavar="command")

    def add(name: str, help_text: str, action: Callable[[Settings, argparse.Namespace], int]) -> None:
        commands.add_parser(name, help=help_text).set_defaults(action=_with_settings(action))

    def look(
        name: str, help_text: str, action: Callable[[Settings, ServiceDefinition, argparse.Namespace], int]
    ) -> None:
        command = commands.add_parser(name, help=help_text)
        command.add_argument("--json", action="store_true", help="for a program")
        command.add_argument("--lang", choices=("zh", "en"), default="zh")
        command.set_defaults(action=_with_settings(lambda settings, parsed: action(settings, definition, parsed)))

    add("serve", "HTTP, and the workers unless BANCHENG_WORKERS=0", lambda settings, _: _serve(settings, definition))
    add("work", "the workers alone", lambda settings, _: _work(settings, definition))
    look("check", "is everything there that it needs, and what to do if not", _check)
    look("status", "how it stands, on one screen", _status)
    add("join", "take in the site file on standard input", lambda settings, _: join(settings, definition.name))
    database = commands.add_parser("db", help="the database").add_subparsers(required=True, metavar="command")
    upgrade = database.add_parser("upgrade", help="bring the database to this release")
    upgrade.add_argument("--make-role", action="store_true", help="make the service's role first, or set its password")
    upgrade.set_defaults(action=_with_settings(lambda settings, parsed: _upgrade(settings, definition, parsed)))
    add_staff_commands(commands.add_parser("staff", help="accounts"), _with_settings)
    add_profile_commands(commands.add_parser("profile", help="rule profiles: check, show, diff, explain, schema"))
    add_link_commands(commands.add_parser("link", help="links to the neighbours"), _with_settings)
    sites = commands.add_parser("site", help="top tier: sites")
    sites.set_defaults(action=_with_settings(add_site_commands(sites)))
    add_ledger_commands(commands.add_parser("ledger", help="ledgers of former windows"), _with_settings)
    publish = commands.add_parser("publish", help="top tier: the next directory, profile or calendar")
    publish.set_defaults(action=_with_settings(_publish))
    add_publish_arguments(publish)
    return _run(parser, arguments)


def add_publish_arguments(parser: argparse.ArgumentParser) -> None:
    """What is published, from which file, from which day on."""
    parser.add_argument("kind", choices=("directory", "profile", "calendar"))
    parser.add_argument("file", type=Path, help="TOML: the plan of sites and units, the profile, or the own days")
    parser.add_argument("--tenant", required=True)
    parser.add_argument("--effective-on", type=date.fromisoformat, help="directory and calendar; by default today")
    parser.add_argument("--folder", type=Path, default=Path(), help="directory: the operator's folder")


def _run(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> int:
    parsed = parser.parse_args(arguments)
    action: Action = parsed.action
    try:
        return action(parsed)
    except Exception as error:
        code = getattr(error, "code", "")
        if not code:
            raise
        for line in told(str(code), error):
            print(f"{parser.prog}: {line}", file=sys.stderr)
        return 1


def told(code: str, error: Exception) -> list[str]:
    """What went wrong and what to do, in both languages, with the code that docs/errors.md explains."""
    from bancheng.window.error_texts import text_for

    parameters = {name: value for name, value in vars(error).items() if isinstance(value, (str, int))}
    texts = [text_for(code, "zh", parameters), text_for(code, "en", parameters)]
    said = str(error).removeprefix(code).removeprefix(": ")
    return [f"[{code}] {said}".rstrip(), *(f"{text.message} {text.next_step}" for text in texts)]


def _with_settings(action: Callable[[Settings, argparse.Namespace], int]) -> Action:
    def run(parsed: argparse.Namespace) -> int:
        settings = load_settings()
        configure_logging(settings.log_level, settings.log_format)
        return action(settings, parsed)

    return run


def _serve(settings: Settings, definition: ServiceDefinition) -> int:
    from bancheng.runtime.http_server import bind, serve
    from bancheng.runtime.service import Service

    listening = bind(settings.host, settings.port)

    async def run() -> None:
        await serve(Service(settings, definition, works=settings.workers), listening)

    _run_loop(run)
    return 0


def _work(settings: Settings, definition: ServiceDefinition) -> int:
    from bancheng.runtime.http_server import work
    from bancheng.runtime.service import Service

    async def run() -> None:
        await work(Service(settings, definition, works=True))

    _run_loop(run)
    return 0


def _run_loop(run: Callable[[], Coroutine[Any, Any, None]]) -> None:
    import uvloop

    uvloop.run(run())


def _check(settings: Settings, definition: ServiceDefinition, parsed: argparse.Namespace) -> int:
    import msgspec

    from bancheng.runtime.checks import check
    from bancheng.runtime.findings import is_fit

    findings = asyncio.run(check(settings, definition))
    if parsed.json:
        print(msgspec.json.encode([each.told(parsed.lang) for each in findings]).decode())
    else:
        print("\n".join(each.lines(parsed.lang) for each in findings))
    return 0 if is_fit(findings) else 1


def _status(settings: Settings, definition: ServiceDefinition, parsed: argparse.Namespace) -> int:
    import msgspec

    from bancheng.runtime.status import status
    from bancheng.runtime.status_screen import screen

    now = asyncio.run(status(settings, definition))
    print(msgspec.json.encode(now).decode() if parsed.json else screen(now, parsed.lang))
    return 1 if now.needs else 0


def _upgrade(settings: Settings, definition: ServiceDefinition, parsed: argparse.Namespace) -> int:
    from bancheng.runtime.database_admin import DatabaseAdmin
    from bancheng.store.schema_changes import upgrade

    owner_url = settings.owner_url
    if owner_url is None:
        raise SettingsError("settings.missing", setting=variable("owner_url"))
    address = urlsplit(settings.database_url)
    role, password = unquote(address.username or ""), unquote(address.password or "")

    async def run() -> None:
        if parsed.make_role:
            await DatabaseAdmin(admin_url=owner_url).create_role(role, password=password)
        await upgrade(owner_url, definition.version_locations, service_role=role, extra_metadata=definition.tables)

    asyncio.run(run())
    print("database: at this release")
    return 0


def _demo(parsed: argparse.Namespace) -> int:
    from bancheng.runtime.demo.options import options_of
    from bancheng.runtime.demo.run import run

    return run(options_of(parsed))


def _publish(settings: Settings, parsed: argparse.Namespace) -> int:
    from bancheng.runtime.publish_command import publish_from

    for line in asyncio.run(publish_from(settings, parsed)):
        print(line)
    return 0


def _trace(parsed: argparse.Namespace) -> int:
    from bancheng.runtime.tracing import trace_of

    print(f"{trace_of(parsed.tenant, parsed.case_id):032x}")
    return 0


def _new_keys(_: argparse.Namespace) -> int:
    from bancheng.runtime.nats_config import generate_nkey
    from bancheng.store.signing import Signer, generate_seed

    seed = generate_seed()
    signer = Signer.from_seed("", seed)
    nkey_seed, nkey = generate_nkey()
    print(
        json.dumps(
            {
                "signing_seed": seed, "key_id": signer.key_id, "public_key": signer.public_key,
                "nkey_seed": nkey_seed, "public_nkey": nkey,
            },
            indent=2,
        )
    )  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
