"""What every command has, and the bounds of what can be typed into one (lengths in characters)."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

Title = Annotated[str, Meta(min_length=1, max_length=200)]
Name = Annotated[str, Meta(min_length=1, max_length=100)]
Said = Annotated[str, Meta(max_length=100)]
"""Who said it, or who helps; empty where nobody is to be named."""
Body = Annotated[str, Meta(min_length=1, max_length=4000)]
Reason = Annotated[str, Meta(min_length=1, max_length=1000)]
Remark = Annotated[str, Meta(max_length=1000)]
Key = Annotated[str, Meta(min_length=1, max_length=64)]
Number = Annotated[int, Meta(ge=1, le=1000)]
"""The number that the case gave one of its papers, services, offers, orders or bodies."""
Workdays = Annotated[int, Meta(ge=1, le=400)]
Rating = Annotated[int, Meta(ge=1, le=5)]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class Command(Struct, frozen=True, kw_only=True, tag=True, tag_field="type"):
    """Base of all commands: the tag is the name."""
