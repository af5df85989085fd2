"""Whether a database stands at the release's schema: for readiness, and for `check`.

Owns what the newest migrations are. Reads their files and imports nothing of them: what migrates takes a quarter of a
service's start to import, and a service does not migrate.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from bancheng.store.database import Database

VERSIONS = Path(__file__).parent / "migrations" / "versions"
"""The shared branch. In every branch a migration follows the one whose file's name is before its own."""

_REVISION = re.compile(r'^revision = "(\w+)"$', re.MULTILINE)


def newest_revisions(extra_version_locations: Sequence[Path] = ()) -> frozenset[str]:
    """The last of each branch."""
    last = (max(folder.glob("[0-9]*.py")) for folder in (VERSIONS, *extra_version_locations))
    return frozenset(found for each in last for found in _REVISION.findall(each.read_text(encoding="utf-8")))


async def missing_revisions(database: Database, extra_version_locations: Sequence[Path] = ()) -> frozenset[str]:
    """The last of each branch that the database does not stand at. Raises StoreError."""
    return newest_revisions(extra_version_locations) - await database.revisions()
