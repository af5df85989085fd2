"""Open cases by what of the loop they lack: one number for each case, and one index.

Owns how the missing steps are kept (a bit for each, `cases.gaps`) and how many cases lack each. Only equality and
order narrow a scan under row-level security, so a step is asked for as the values that bear its bit: those that occur
are few and are found one after another in the index. What is missing is the kernel's to say.
"""

# ruff: noqa: S608  statements of our own fragments; what a user gives is always a parameter

from __future__ import annotations

from typing import Final, get_args

from bancheng.kernel.case import Case
from bancheng.kernel.missing import MissingStep, missing_steps
from bancheng.store.database import Transaction
from bancheng.store.visibility import Visibility, condition

_BITS: Final[dict[MissingStep, int]] = {step: 1 << place for place, step in enumerate(get_args(MissingStep))}
"""Stored: a new step comes last, and none is ever moved."""

VALUES = """
WITH RECURSIVE found AS (
    (SELECT c.gaps FROM cases c WHERE c.tenant = $1 AND NOT c.is_closed ORDER BY c.gaps LIMIT 1)
    UNION ALL
    SELECT (SELECT c.gaps FROM cases c WHERE c.tenant = $1 AND NOT c.is_closed AND c.gaps > found.gaps
            ORDER BY c.gaps LIMIT 1)
    FROM found WHERE found.gaps IS NOT NULL
)
SELECT gaps FROM found WHERE gaps IS NOT NULL"""


def gaps_of(case: Case) -> int:
    """The missing steps of a case as one number."""
    return sum(_BITS[step] for step in missing_steps(case))


async def values_lacking(tx: Transaction, step: MissingStep) -> list[int]:
    """The values that occur among the tenant's open cases and bear the step."""
    rows = await tx.fetch(VALUES, tx.tenant)
    return [int(row[0]) for row in rows if int(row[0]) & _BITS[step]]


def figures_statement(visibility: Visibility) -> tuple[str, list[object]]:
    """How many open cases that are seen bear each value, and the statement's parameters."""
    arguments: list[object] = [visibility.tenant]

    def place(argument: object) -> str:
        arguments.append(argument)
        return f"${len(arguments)}"

    seen = condition(visibility, place)
    statement = f"SELECT c.gaps, count(*) FROM cases c WHERE c.tenant = $1 AND NOT c.is_closed{seen} GROUP BY c.gaps"
    return statement, arguments


async def count_missing(tx: Transaction, visibility: Visibility) -> dict[MissingStep, int]:
    """How many open cases that are seen lack each step; all steps, in their order."""
    visibility.check(tx)
    statement, arguments = figures_statement(visibility)
    rows = [(int(row[0]), int(row[1])) for row in await tx.fetch(statement, *arguments)]
    return {step: sum(count for value, count in rows if value & bit) for step, bit in _BITS.items()}
