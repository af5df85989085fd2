"""The beginning of the town service's branch: it has no table of its own yet.

Revision 0001. It is here so that a database knows which service it belongs to, and that the first table is an
ordinary step.
"""

from __future__ import annotations

revision = "town_0001"
down_revision = None
branch_labels = ("town",)
depends_on = "bancheng_0001"


def upgrade() -> None:
    """Nothing to make."""
