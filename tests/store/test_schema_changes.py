"""Migrations: one at a time over all replicas, in branches, with the service's grants at the end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Index, MetaData, PrimaryKeyConstraint, Table, Text

from bancheng.store.database import Database
from bancheng.store.errors import NotAllowed
from bancheng.store.roles import NotAName, Passwords, grants, prepare_database
from bancheng.store.schema_changes import differences, upgrade
from bancheng.store.schema_state import VERSIONS, missing_revisions, newest_revisions
from bancheng.store.tables import APPEND_ONLY
from bancheng_county.app import DEFINITION as COUNTY
from bancheng_town.app import DEFINITION as TOWN
from bancheng_village.app import DEFINITION as VILLAGE
from tests.store.conftest import OWNER, PASSWORDS, SERVICE

if TYPE_CHECKING:
    from pathlib import Path

    from bancheng.runtime.database_admin import DatabaseAdmin
    from bancheng.runtime.service_definition import ServiceDefinition

OUTREACH = """
from alembic import op
from bancheng.store.policies import protect

revision = "outreach_0001"
down_revision = None
branch_labels = ("outreach",)
depends_on = "bancheng_0001"


def upgrade():
    op.execute('CREATE TABLE visit (tenant text COLLATE "C" NOT NULL, visit text NOT NULL,'
               ' CONSTRAINT visit_pkey PRIMARY KEY (tenant, visit))')
    for statement in protect("visit"):
        op.execute(statement)
"""


def outreach() -> MetaData:
    """A service's own table, as its own metadata."""
    metadata = MetaData()
    Table(
        "visit", metadata, Column("tenant", Text(collation="C"), nullable=False), Column("visit", Text, nullable=False),
        PrimaryKeyConstraint("tenant", "visit", name="visit_pkey"), info={"service": APPEND_ONLY},
    )  # fmt: skip
    return metadata


async def test_replicas_that_start_at_once_migrate_once_with_the_services_own_branch(
    postgres: DatabaseAdmin, tmp_path: Path, tenant: str
) -> None:
    name = "store_branches"
    await prepare_database(postgres.admin_url, name, OWNER, SERVICE, PASSWORDS)
    owner = postgres.url(name, user=OWNER, password=PASSWORDS.owner)
    service = postgres.url(name, user=SERVICE, password=PASSWORDS.service)
    (tmp_path / "0001_visits.py").write_text(OUTREACH)
    own = outreach()
    database = Database(service)
    assert await missing_revisions(database, [tmp_path]) == {*newest_revisions(), "outreach_0001"}
    await upgrade(owner, service_role=SERVICE)
    assert await missing_revisions(database, [tmp_path]) == {"outreach_0001"}
    replicas = [upgrade(owner, [tmp_path], service_role=SERVICE, extra_metadata=[own]) for _ in range(3)]
    await asyncio.gather(*replicas)
    assert await missing_revisions(database, [tmp_path]) == frozenset()
    assert await differences(owner, [tmp_path], extra_metadata=[own]) == []
    async with database.transaction(tenant) as tx:
        await tx.execute("INSERT INTO visit VALUES ($1, 'v')", tenant)
        with pytest.raises(NotAllowed):
            await tx.execute("DELETE FROM visit")
        await tx.execute("ROLLBACK")
        await tx.execute("BEGIN")
    await database.close()


@pytest.mark.parametrize("service", [COUNTY, TOWN, VILLAGE], ids=lambda each: each.name)
def test_the_newest_migrations_are_those_that_alembic_would_end_at(service: ServiceDefinition) -> None:
    config = Config()
    config.set_main_option("script_location", str(VERSIONS.parent))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(str(each) for each in (VERSIONS, *service.version_locations)))
    assert newest_revisions(service.version_locations) == frozenset(ScriptDirectory.from_config(config).get_heads())


async def test_a_difference_between_code_and_database_is_found(postgres: DatabaseAdmin, tmp_path: Path) -> None:
    name = "store_differences"
    await prepare_database(postgres.admin_url, name, OWNER, SERVICE, PASSWORDS)
    owner = postgres.url(name, user=OWNER, password=PASSWORDS.owner)
    (tmp_path / "0001_visits.py").write_text(OUTREACH)
    await upgrade(owner, [tmp_path], service_role=SERVICE, extra_metadata=[outreach()])
    more = outreach()
    Index("visit_by_name", more.tables["visit"].c.visit)
    found = await differences(owner, [tmp_path], extra_metadata=[more])
    assert [each[0] for each in found] == ["add_index"]


async def test_preparing_again_changes_passwords_and_nothing_else(postgres: DatabaseAdmin) -> None:
    name = "store_prepared"
    for secret in ("first", "it's; -- \\ second"):
        passwords = Passwords(owner=secret, service=secret)
        await prepare_database(postgres.admin_url, name, "prepared_owner", "prepared_service", passwords)
    await upgrade(postgres.url(name, user="prepared_owner", password=secret), service_role="prepared_service")
    database = Database(postgres.url(name, user="prepared_service", password=secret))
    await database.check_role()
    await database.close()


@pytest.mark.parametrize("name", ["", "Ä", "a b", 'a"; DROP ROLE postgres; --', "a" * 64])
async def test_only_plain_names_reach_a_statement(name: str) -> None:
    with pytest.raises(NotAName):
        await prepare_database("postgresql://nobody@127.0.0.1:1/x", name, "o", "s", PASSWORDS)
    with pytest.raises(NotAName):
        list(grants(name, []))
