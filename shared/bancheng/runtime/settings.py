"""The settings of a service: what they are called, what they mean, and what is wrong with a bad one.

Owns names, defaults and bounds; docs/settings.md is written from here. Must not know what a setting starts.
The environment goes before the file that BANCHENG_CONFIG names; a name that does not exist is an error in both.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from bancheng.schema.messages import MAX_PAPER_BYTES

PREFIX: Final = "BANCHENG_"
CONFIG: Final = "BANCHENG_CONFIG"
NOT_OURS: Final = frozenset(
    {CONFIG, "BANCHENG_POSTGRES", "BANCHENG_POSTGRES_ACCOUNT", "BANCHENG_NATS_SERVER", "BANCHENG_LOCAL_PORTS"}
)
"""Names with our prefix that the local servers of development, demo and tests read themselves."""

_MEBIBYTE: Final = 1 << 20


class SettingsError(Exception):
    """A setting that cannot be used. `setting` is its name in the environment; the value is never shown."""

    def __init__(self, code: str, *, setting: str, detail: str = "") -> None:
        super().__init__(f"{code}: {setting}" + (f": {detail}" if detail else ""))
        self.code = code
        self.setting = setting
        self.detail = detail


LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["json", "console"]
Url = Annotated[str, Meta(pattern=r"^postgres(ql)?(\+asyncpg)?://")]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One process of one service. Times in seconds, sizes in bytes."""

    database_url: Annotated[
        Url,
        Meta(
            description="PostgreSQL as the service's role: owns nothing, bypasses nothing. With a standby both hosts, "
            "separated by a comma, and `?target_session_attrs=primary`."
        ),
    ]
    sites_dir: Annotated[Path, Meta(description="Folder of the site files, one `<tenant>.toml` for each tenant.")]
    owner_url: Annotated[
        Url | None, Meta(description="PostgreSQL as the tables' owner: only `db upgrade` needs it.")
    ] = None
    host: Annotated[str, Meta(min_length=1, description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535, description="Port to listen on; 0 takes a free one and logs it.")] = 8000
    tls_certificate: Annotated[
        Path | None,
        Meta(description="PEM file with the certificate, and those between, for HTTPS; read anew when it changes."),
    ] = None
    tls_key: Annotated[Path | None, Meta(description="PEM file with the key of `tls_certificate`.")] = None
    pool_size: Annotated[int, Meta(ge=2, le=200, description="Most connections to PostgreSQL at a time.")] = 10
    lock_url: Annotated[
        Url | None,
        Meta(
            description="PostgreSQL for the links' locks, if `database_url` leads through a transaction pooler; by "
            "default the same."
        ),
    ] = None
    workers: Annotated[
        bool, Meta(description="Whether `serve` also runs deadlines, links and folding; `work` always does.")
    ] = True
    clock_file: Annotated[
        Path | None, Meta(description="Anchor file of a domain clock that runs fast; without it domain time is real.")
    ] = None
    log_level: Annotated[LogLevel, Meta(description="Least severe level that is written.")] = "info"
    log_format: Annotated[LogFormat, Meta(description="`json`: one object a line; `console`: for people.")] = "json"
    cookie_secure: Annotated[
        bool, Meta(description="Whether the session's cookie is sent over HTTPS only; false only for a local demo.")
    ] = True
    forwarded_allow: Annotated[
        str, Meta(description="Proxies, separated by commas, whose X-Forwarded headers are believed; `*` for all.")
    ] = "127.0.0.1"
    stream_replicas: Annotated[
        int,
        Meta(
            ge=1,
            le=5,
            description="On how many servers of the site's hub each mailbox lies: 3 where the hub is a cluster.",
        ),
    ] = 1
    body_bytes: Annotated[int, Meta(ge=1024, le=64 * _MEBIBYTE, description="Longest body of a request.")] = 256 * 1024
    papers_place: Annotated[
        str,
        Meta(
            description="Where papers are kept: a folder, or `s3://bucket/prefix` with AWS_ACCESS_KEY_ID, "
            "AWS_SECRET_ACCESS_KEY, AWS_REGION and AWS_ENDPOINT_URL; by default the folder `papers` in `sites_dir`."
        ),
    ] = ""
    paper_bytes: Annotated[
        int, Meta(ge=64 * 1024, le=MAX_PAPER_BYTES, description="Longest photo or scan that is taken.")
    ] = 20 * _MEBIBYTE
    session_hours: Annotated[int, Meta(ge=1, le=168, description="How long a signed-in browser stays signed in.")] = 10
    token_hours: Annotated[int, Meta(ge=1, le=24 * 366, description="How long an API token is good.")] = 24 * 30
    requests_at_once: Annotated[
        int, Meta(ge=1, le=10_000, description="Requests at a time; one more is answered `api.busy` at once.")
    ] = 1_000
    stop_seconds: Annotated[
        int, Meta(ge=1, le=300, description="How long a shutdown lets requests and workers finish.")
    ] = 20
    disk_free_bytes: Annotated[
        int, Meta(ge=0, description="`check` warns when the disk of the site files or papers has less than this free.")
    ] = 512 * _MEBIBYTE
    traces_url: Annotated[
        str,
        Meta(
            pattern="^(https?://.+)?$",
            description="Where a collector takes traces as OTLP over HTTP, `http://collector:4318/v1/traces`. By "
            "default none are made.",
        ),
    ] = ""
    nats_watch_url: Annotated[
        str,
        Meta(
            pattern="^(https?://.+)?$",
            description="Where the nats-server beside this service says how it is, `http://nats:8222`: `check` reads "
            "there whether it flushes each frame and has room. By default it is not asked.",
        ),
    ] = ""


def variable(field: str) -> str:
    """The name of a setting in the environment."""
    return PREFIX + field.upper()


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """From the environment and the file it names. Raises SettingsError, which names the setting and not its value."""
    environment = os.environ if environment is None else environment
    values: dict[str, Any] = _from_file(environment[CONFIG]) if environment.get(CONFIG) else {}
    for name, value in environment.items():
        if not name.startswith(PREFIX) or name in NOT_OURS:
            continue
        field = name.removeprefix(PREFIX).lower()
        if field not in Settings.__struct_fields__:
            raise SettingsError("settings.unknown", setting=name)
        values[field] = value
    return _convert(values)


def _from_file(name: str) -> dict[str, Any]:
    try:
        values = tomllib.loads(Path(name).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError("settings.file_unreadable", setting=CONFIG, detail=type(error).__name__) from error
    for field in values:
        if field not in Settings.__struct_fields__:
            raise SettingsError("settings.unknown", setting=f"{CONFIG}: {field}")
    return values


def _convert(values: dict[str, Any]) -> Settings:
    for field in ("database_url", "sites_dir"):
        if not values.get(field):
            raise SettingsError("settings.missing", setting=variable(field))
    checked: dict[str, Any] = {}
    for field in msgspec.structs.fields(Settings):
        if field.name not in values or (values[field.name] == "" and not field.required):
            continue
        try:
            checked[field.name] = msgspec.convert(values[field.name], field.type, strict=False, dec_hook=_as_path)
        except msgspec.ValidationError as error:
            # The library's words name the expected form and never the value, which may hold a password.
            raise SettingsError("settings.invalid", setting=variable(field.name), detail=str(error)) from error
    return Settings(**checked)


def _as_path(wanted: type, value: Any) -> Any:
    if wanted is Path and isinstance(value, str):
        return Path(value)
    raise NotImplementedError
