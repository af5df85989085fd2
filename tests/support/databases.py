"""Databases with their two roles and this release's tables: one of a test's own, and copies of one template.

Owns making them; they go with the server.
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


OWNER, SERVICE, PASSWORD = "tests_owner", "tests_service", "tests"
"""The roles of the template and of every copy."""
TEMPLATE = "tests_template"


async def migrated_template(admin: DatabaseAdmin) -> str:
    """A database with the shared tables that nobody is connected to, once for a server: a copy costs a tenth of it."""
    passwords = Passwords(owner=PASSWORD, service=PASSWORD)
    await prepare_database(admin.admin_url, TEMPLATE, OWNER, SERVICE, passwords)
    await upgrade(admin.url(TEMPLATE, user=OWNER, password=PASSWORD), service_role=SERVICE)
    return TEMPLATE


async def copied_database(admin: DatabaseAdmin, name: str, *, template: str) -> str:
    """Its address as the service's role. One of that name is dropped."""
    await admin.drop_database(name)
    await admin.create_database(name, owner=OWNER, template=template)
    return service_url(admin, name)


def service_url(admin: DatabaseAdmin, name: str) -> str:
    return admin.url(name, user=SERVICE, password=PASSWORD)


async def migrated_database(admin: DatabaseAdmin, *version_locations: Path) -> OwnDatabase:
    """With the shared tables and those of the branches given."""
    made = await prepared_database(admin)
    await upgrade(made.owner_url, version_locations, service_role=made.service_role)
    return made
