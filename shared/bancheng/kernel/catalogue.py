"""事项目录: the tenant's matters, where each is done, and which of them are sunk to a lower tier (XS-03).

Owns the form and the questions asked of it. Which tiers there are is the profile's.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from bancheng.kernel.command import Key, Name

Papers = Annotated[tuple[Name, ...], Meta(max_length=50)]


class Matter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One matter: its department, the tier at which it is done, and the papers that it needs, in words."""

    key: Key
    name: Name
    tier: Key
    department: Annotated[str, Meta(max_length=64)] = ""
    papers: Papers = ()


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """All matters of a tenant, as its top tier published them. Without any, cases name their matter as they like."""

    matters: tuple[Matter, ...] = ()

    def matter(self, key: str) -> Matter | None:
        return next((each for each in self.matters if each.key == key), None)
