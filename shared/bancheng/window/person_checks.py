"""What looks wrong about a phone or an identity number, said once and never refused: a clerk who insists is right.

Owns the two checks. Many who come have a foreign paper or a neighbour's phone; a refusal would only make them invent
something that fits. Must not know HTTP or pages.
"""

from __future__ import annotations

import re
from typing import Final, Literal

Doubt = Literal["phone", "identity_number"]

_PHONE: Final = re.compile(r"\+?[0-9][0-9 ()-]{4,30}")
_IDENTITY: Final = re.compile(r"[0-9]{17}[0-9Xx]")
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS: Final = "10X98765432"


def doubts(phone: str, identity_number: str) -> tuple[Doubt, ...]:
    """The fields that look wrong; what is empty never does."""
    found: list[Doubt] = []
    if phone and _PHONE.fullmatch(phone) is None:
        found.append("phone")
    if identity_number and not has_right_check_digit(identity_number):
        found.append("identity_number")
    return tuple(found)


def has_right_check_digit(identity_number: str) -> bool:
    """Whether a number of 18 characters ends in the digit that the other 17 give (GB 11643: ISO 7064, modulus 11-2)."""
    if _IDENTITY.fullmatch(identity_number) is None:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(identity_number[:17], _WEIGHTS, strict=True))
    return _CHECK_DIGITS[total % 11] == identity_number[17].upper()
