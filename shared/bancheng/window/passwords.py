"""Passwords: argon2id, checked off the event loop, few at a time.

Owns the cost of a check. A password is never kept, logged or compared as text.
"""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MOST_AT_ONCE: Final = 2
"""A check takes 19 MiB and a core: more at once would only make each of them slower."""
MAXIMUM_CHARACTERS: Final = 200

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@cache
def _nobody() -> str:
    """Checked when there is no such account, so that the time it takes does not tell."""
    return _hasher.hash("no account has this password")


def hash_password(password: str) -> str:
    """Argon2's own text, with its parameters and salt."""
    return _hasher.hash(password)


class PasswordCheck:
    """The checks of one process."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(MOST_AT_ONCE)

    async def fits(self, password: str, password_hash: str | None) -> bool:
        """Whether it is the password of that hash; `None` takes as long and is never right."""
        async with self._turn:
            return await asyncio.to_thread(_fits, password, password_hash)


def _fits(password: str, password_hash: str | None) -> bool:
    try:
        right = _hasher.verify(password_hash or _nobody(), password)
    except (VerificationError, InvalidHashError):
        return False
    return right and password_hash is not None
