"""The file of one tenant's site: its keys, its servers, whom it trusts, and the documents it begins with.

Owns the form of the file (`<tenant>.toml`) and what is wrong with a bad one. Holds secrets: written for its owner's
eyes only, never logged. Must not know the database.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from bancheng.runtime.whole_files import write_whole
from bancheng.schema.frames import Frame, FrameError, FrameHeader, decode_frame, encode_frame, event_hash
from bancheng.schema.ids import TOKEN
from bancheng.store.signing import StoredFrame

MAX_SITE_FILES: Final = 500
MAX_FILE_BYTES: Final = 4 << 20

Token = Annotated[str, Meta(pattern=TOKEN.pattern)]
Hex32 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class SiteFileError(Exception):
    """A site file that is refused as a whole. `field` is the path of the mistake; no value is ever shown."""

    def __init__(self, code: str, *, file: str, field: str = "", detail: str = "") -> None:
        super().__init__(": ".join(part for part in (code, file, field, detail) if part))
        self.code = code
        self.file = file
        self.field = field
        self.detail = detail


class Root(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The tenant's top site: whoever this key speaks for may publish the directory."""

    site: Token
    key_id: Annotated[str, Meta(pattern="^[0-9a-f]{16}$")]
    public_key: Hex32


class Server(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A nats-server, or members of one cluster separated by commas, and our key there. `ca`: the authority, as PEM,
    that a `tls` server's certificate must be from; without it one that the machine trusts.
    """

    url: Annotated[str, Meta(pattern=r"^(nats|tls|ws|wss)://[^,\s]+(,\1://[^,\s]+)*$")]
    nkey_seed: Annotated[str, Meta(pattern="^SU[A-Z2-7]{56}$")]
    ca: Annotated[str, Meta(pattern=r"^$|^-----BEGIN CERTIFICATE-----")] = ""


class SiteFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """`hub` is where this site keeps its children's mailboxes, `uplink` where its parent keeps its own.

    `documents` are base64 of frames that the root signed: directory, profile and calendar, for the first start.
    """

    tenant: Token
    site: Token
    tier: Token
    signing_seed: Hex32
    root: Root
    hub: Server | None = None
    uplink: Server | None = None
    documents: tuple[str, ...] = ()


def read_site_file(path: Path, *, any_name: bool = False) -> SiteFile:
    """`any_name`: it need not be called after its tenant yet. Raises SiteFileError."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise SiteFileError("site_file.too_large", file=path.name)
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SiteFileError("site_file.unreadable", file=path.name, detail=type(error).__name__) from error
    except tomllib.TOMLDecodeError as error:
        raise SiteFileError("site_file.unreadable", file=path.name, detail=_place(error)) from error
    site = _convert(values, path.name)
    if path.stem != site.tenant and not any_name:
        raise SiteFileError("site_file.name", file=path.name, field="tenant", detail=f"{site.tenant}.toml")
    return site


def read_site_files(folder: Path) -> list[SiteFile]:
    """Every `*.toml` of the folder, by tenant. Raises SiteFileError, for a missing folder too."""
    if not folder.is_dir():
        raise SiteFileError("site_file.no_folder", file=str(folder.name))
    paths = sorted(folder.glob("*.toml"))
    if len(paths) > MAX_SITE_FILES:
        raise SiteFileError("site_file.too_many", file=folder.name, detail=str(len(paths)))
    return [read_site_file(path) for path in paths]


def is_readable_by_others(path: Path) -> bool:
    """Whether anybody but this account may read the secrets in it.

    Of a file that belongs to another account the group is how we read it: so an engine mounts a secret.
    """
    seen = path.stat()
    return bool(seen.st_mode & (0o077 if seen.st_uid == os.geteuid() else 0o007))


def write_site_file(folder: Path, site: SiteFile) -> Path:
    """Written as a whole, readable by its owner only. Returns where it is."""
    return write_whole(folder / f"{site.tenant}.toml", to_toml(site).encode())


def to_toml(site: SiteFile) -> str:
    """The text of the file. Every value is a text, or a list of them; JSON's way of writing one is TOML's too."""
    values: dict[str, Any] = msgspec.to_builtins(site)
    plain = {name: value for name, value in values.items() if not isinstance(value, dict)}
    tables: dict[str, Mapping[str, str]] = {name: value for name, value in values.items() if name not in plain}
    lines = ["# Secrets of one site: keep it to yourself. Written when the site was planned."]
    for name, value in plain.items():
        if isinstance(value, str):
            lines.append(f"{name} = {json.dumps(value)}")
        else:
            lines += [f"{name} = [", *(f"    {json.dumps(each)}," for each in value), "]"]
    for table, fields in tables.items():
        lines += ["", f"[{table}]", *(f"{name} = {json.dumps(value)}" for name, value in fields.items())]
    return "\n".join(lines) + "\n"


def document_texts(frames: tuple[StoredFrame, ...]) -> tuple[str, ...]:
    """How documents stand in a site file."""
    return tuple(base64.b64encode(encode_frame(each.frame)).decode() for each in frames)


def bootstrap_documents(site: SiteFile) -> list[StoredFrame]:
    """The documents of the file, their signatures not yet checked. Raises SiteFileError naming the entry."""
    found: list[StoredFrame] = []
    for position, text in enumerate(site.documents):
        field = f"documents[{position}]"
        try:
            frame, header = _decode(text)
        except (binascii.Error, ValueError) as error:
            raise SiteFileError("site_file.document", file=f"{site.tenant}.toml", field=field) from error
        found.append(StoredFrame(header=header, frame=frame, hash=event_hash(frame.header)))
    return found


def _decode(text: str) -> tuple[Frame, FrameHeader]:
    try:
        return decode_frame(base64.b64decode(text, validate=True))
    except FrameError as error:
        raise ValueError(error.code) from error


def _convert(values: dict[str, Any], file: str) -> SiteFile:
    try:
        return msgspec.convert(values, SiteFile)
    except msgspec.ValidationError as error:
        # "Expected `str` - at `$.root.key_id`": the form and the place, never the value.
        wanted, _, place = str(error).partition(" - at ")
        # Of the file as a whole: "Object contains unknown field `plan`".
        field = place.strip("`").removeprefix("$.") or wanted.rpartition(" ")[2].strip("`")
        raise SiteFileError("site_file.invalid", file=file, field=field, detail=wanted) from error


def _place(error: tomllib.TOMLDecodeError) -> str:
    """Only the line: the parser's message may quote what stands there."""
    text = str(error)
    return text[text.index("(") :] if "(" in text else ""
