"""The only place where a NATS subject, stream or frame header name is spelled.

Owns names on the wire; knows nothing of connections. Tokens are checked, since a wildcard in a tenant or a
site would open another one's subjects.
"""

from __future__ import annotations

from typing import Literal

from bancheng.schema.ids import is_token

Direction = Literal["up", "dn"]
"""`up`: written by the child site; `dn`: written by the parent site."""

Verb = Literal["receipt", "hello", "paper", "resolve"]

HEADER_KIND = "Fed-Kind"
HEADER_EPOCH = "Fed-Epoch"
HEADER_LINK_HASH = "Fed-Link-Hash"
HEADER_HEAD_SIGNATURE = "Fed-Head-Signature"
"""Hex Ed25519 signature of the link hash of the last frame of a batch, by the sending site."""


class NotAToken(ValueError):
    """A tenant or site that cannot stand in a subject."""


def _token(text: str) -> str:
    if not is_token(text):
        raise NotAToken(text)
    return text


def log_subject(tenant: str, child: str, direction: Direction) -> str:
    """The one subject of a link's numbered log, for example `fed.v1.000000.town.up.log`."""
    return f"fed.v1.{_token(tenant)}.{_token(child)}.{direction}.log"


def control_subject(tenant: str, child: str, direction: Direction, verb: Verb) -> str:
    """Request/reply beside the log; `direction` is the way the request travels."""
    return f"fed.v1.{_token(tenant)}.{_token(child)}.ctl.{direction}.{verb}"


def stream_name(child: str, direction: Direction) -> str:
    """The stream that holds one direction of the link of `child`, for example `UP_guali`."""
    return f"{direction.upper()}_{_token(child)}"


PRIVATE_INBOX = "_INBOX_"
"""Every private inbox begins so."""


def inbox_prefix(site: str) -> str:
    """The private inbox of a site: nobody else may subscribe to it."""
    return f"{PRIVATE_INBOX}{_token(site)}"
