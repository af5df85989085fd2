"""What is a service's own, for its command: most of what that is asked needs no window and no database.

Owns the shape. Must import nothing that takes long.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from bancheng.window.tier_window import TierWindow

if TYPE_CHECKING:
    from sqlalchemy import MetaData


class ServiceDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """What is a service's own. `name` is its command's last part; `migrations` its branch of the schema."""

    name: str
    window: TierWindow
    migrations: Path
    metadata: MetaData | None = None

    @property
    def version_locations(self) -> tuple[Path, ...]:
        return (self.migrations,)

    @property
    def tables(self) -> tuple[MetaData, ...]:
        return () if self.metadata is None else (self.metadata,)
