"""Identifiers: how they are made and which spellings are allowed.

Owns the form of ids and tokens; knows nothing of what they name. Pure: time and randomness are given.
"""

from __future__ import annotations

import re
from datetime import datetime
from uuid import UUID

TOKEN = re.compile(r"^[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$")
"""A tenant or site token: it stands in a NATS subject, so never a name or personal data."""

RANDOM_BYTES = 10


def is_token(text: str) -> bool:
    """Whether `text` may stand as one token of a subject (1 to 48 of `a-z 0-9 -`)."""
    return TOKEN.fullmatch(text) is not None


def uuid7(at: datetime, random: bytes) -> UUID:
    """A version 7 UUID (RFC 9562) from an aware instant and 10 random bytes."""
    if len(random) != RANDOM_BYTES:
        raise ValueError(f"uuid7 needs {RANDOM_BYTES} random bytes, got {len(random)}")
    milliseconds = int(at.timestamp() * 1000) & ((1 << 48) - 1)
    tail = int.from_bytes(random, "big")
    value = milliseconds << 80 | 0x7 << 76 | (tail >> 68 & 0xFFF) << 64 | 0b10 << 62 | tail & ((1 << 62) - 1)
    return UUID(int=value)
