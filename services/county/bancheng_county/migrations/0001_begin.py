"""The beginning of the county service's branch: it has no table of its own yet.

Revision 0001. It is here so that a database knows which service it belongs to, and that the first table is an
ordinary step.
"""

from __future__ import annotations

revision = "county_0001"
down_revision = None
branch_labels = ("county",)
depends_on = "bancheng_0001"


def upgrade() -> None:
    """Nothing to make."""
