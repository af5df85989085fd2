"""Cases that were declined or could not be done, of a period: what the summary for the departments is made from.

Owns that query, within what somebody may see.
"""

from __future__ import annotations

from datetime import datetime

from bancheng.kernel.case import Case
from bancheng.store.changes import decode_state
from bancheng.store.database import Transaction
from bancheng.store.visibility import Place, Visibility, condition

MAX_SUMMED = 5_000


async def not_done(tx: Transaction, visibility: Visibility, begins_at: datetime, ends_before: datetime) -> list[Case]:
    """Registered within the time; one more than MAX_SUMMED at most, so that the caller can say that there are more."""
    visibility.check(tx)
    arguments: list[object] = [tx.tenant, begins_at, ends_before, MAX_SUMMED + 1]

    def place(value: object) -> str:
        arguments.append(value)
        return f"${len(arguments)}"

    rows = await tx.fetch(statement(visibility, place), *arguments)
    return [decode_state(row[0]) for row in rows]


def statement(visibility: Visibility, place: Place) -> str:
    """$1 tenant, $2 from, $3 before, $4 how many. What is proposed and not verified is not in it (PA-R26)."""
    return f"""
SELECT c.state FROM cases c
WHERE c.tenant = $1 AND c.outcome IN ('cannot_be_done', 'declined') AND c.registered_at >= $2
    AND c.registered_at < $3 AND c.stage NOT IN ('in_hand', 'result_proposed'){condition(visibility, place)}
ORDER BY c.registered_at, c.case_id LIMIT $4"""  # noqa: S608  our own words; what a user gives is a parameter
