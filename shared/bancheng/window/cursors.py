"""Where a list goes on: a cursor as one opaque word in an address.

Owns its form. A word that is no cursor is the user's mistake and never an error of the service.
"""

from __future__ import annotations

import base64
import binascii
from typing import TypeVar, assert_never
from uuid import UUID

import msgspec

from bancheng.store.ledger import LedgerCursor
from bancheng.store.open_cases import OpenCursor
from bancheng.window.field_problems import InvalidInput, problem, require_instants

T = TypeVar("T", LedgerCursor, OpenCursor, UUID)

_MOST_CHARACTERS = 200


def written(cursor: LedgerCursor | OpenCursor | UUID) -> str:
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(cursor)).decode().rstrip("=")


def read(word: str, kind: type[T]) -> T:
    """Raises InvalidInput for the field `after`."""
    try:
        raw = base64.urlsafe_b64decode(word[:_MOST_CHARACTERS] + "=" * (-len(word[:_MOST_CHARACTERS]) % 4))
        cursor = msgspec.msgpack.decode(raw, type=kind)
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise InvalidInput([problem("api.wrong_value", "after")]) from error
    match cursor:
        case LedgerCursor(at=at) | OpenCursor(due_at=at):
            require_instants(after=at)
        case UUID():
            pass
        case _:
            assert_never(cursor)
    return cursor
