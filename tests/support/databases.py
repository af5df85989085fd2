"""A database of a test's own, with its two roles and this release's tables.

Owns making it; it goes with the server.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bancheng.store.roles import Passwords, prepare_database
from bancheng.store.schema_changes import upgrade

if TYPE_CHECKING:
    from bancheng.runtime.database_admin import DatabaseAdmin


@dataclass(frozen=True, kw_only=True)
class OwnDatabase:
    """Its addresses as the owner and as the service."""

    name: str
    owner_url: str
    service_url: str
    service_role: str


async def prepared_database(admin: DatabaseAdmin) -> OwnDatabase:
    """Without tables."""
    name = f"bancheng_{secrets.token_hex(6)}"
    owner, service = f"{name}_owner", f"{name}_service"
    await prepare_database(admin.admin_url, name, owner, service, Passwords(owner="o", service="s"))
    return OwnDatabase(
        name=name,
        owner_url=admin.url(name, user=owner, password="o"),
        service_url=admin.url(name, user=service, password="s"),
        service_role=service,
    )


async def migrated_database(admin: DatabaseAdmin, *version_locations: Path) -> OwnDatabase:
    """With the shared tables and those of the branches given."""
    made = await prepared_database(admin)
    await upgrade(made.owner_url, version_locations, service_role=made.service_role)
    return made
