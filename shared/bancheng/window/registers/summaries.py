"""不予受理、不能办事项汇总: what was explained as impossible, collected for the departments (PA-R26).

Owns the summary and its rows: by outcome, ground or cause, and department, with numbers and no personal data.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date, timedelta

import msgspec

from bancheng.kernel.case import Case
from bancheng.kernel.profile import Profile
from bancheng.kernel.profile_parts import Choice
from bancheng.store.not_done import MAX_SUMMED, not_done
from bancheng.window.error_texts import Language
from bancheng.window.field_problems import InvalidInput, problem, require_days
from bancheng.window.hosting import Hosting
from bancheng.window.identity import Identity

MOST_DAYS = 400
COLUMNS = ("outcome", "not_done_reason", "department", "case_count", "case_numbers")
"""What the columns of the spreadsheet are called, by the page's words."""


class SummaryRow(msgspec.Struct, frozen=True, kw_only=True):
    """Cases of one outcome, one reason and one department. `reason` is the exclusion's or the cause's key."""

    outcome: str
    reason: str
    reason_name: str
    department: str
    department_name: str
    count: int
    numbers: list[str]


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Registered from `first` to `last`. `is_whole` is false when there are more than can be shown."""

    first: date
    last: date
    is_whole: bool
    rows: list[SummaryRow]


async def summary(hosting: Hosting, identity: Identity, first: date, last: date, language: Language) -> Summary:
    """Raises InvalidInput for days in the wrong order, too many of them, or of another age."""
    require_days(first=first, last=last)
    if last < first or (last - first).days > MOST_DAYS:
        raise InvalidInput([problem("api.wrong_value", "last")])
    calendar = identity.site.calendar
    begins_at, ends_before = calendar.start_of_day(first), calendar.start_of_day(last + timedelta(days=1))
    async with hosting.database.transaction(identity.tenant) as tx:
        cases = await not_done(tx, identity.visible, begins_at, ends_before)
    return Summary(
        first=first, last=last, is_whole=len(cases) <= MAX_SUMMED, rows=_rows(cases[:MAX_SUMMED], identity, language)
    )  # fmt: skip


def _rows(cases: Sequence[Case], identity: Identity, language: Language) -> list[SummaryRow]:
    grouped: dict[tuple[str, str, str], list[Case]] = {}
    for case in cases:
        grouped.setdefault((case.outcome or "", _reason(case), case.department), []).append(case)
    site = identity.site
    profile = site.current_profile()
    rows: list[SummaryRow] = []
    for (outcome, reason, department), group in sorted(grouped.items()):
        unit = site.jurisdiction.unit(department)
        rows.append(
            SummaryRow(
                outcome=outcome,
                reason=reason,
                reason_name=_named(reason, profile, language),
                department=department,
                department_name=unit.name if unit is not None else department,
                count=len(group),
                numbers=[case.number for case in group],
            )
        )
    return rows


def _reason(case: Case) -> str:
    """Why it was declined, or the last cause that was coded."""
    if case.outcome == "declined" and case.decline is not None:
        return case.decline.ground
    return case.record.causes[-1] if case.record.causes else ""


def _named(key: str, profile: Profile, language: Language) -> str:
    choices: tuple[Choice, ...] = (*profile.exclusions, *profile.causes)
    found = next((each.name for each in choices if each.key == key), None)
    return key if found is None else found.zh if language == "zh" else found.en


def as_csv(found: Summary, headings: Sequence[str], outcomes: dict[str, str]) -> bytes:
    """For a spreadsheet: marked as UTF-8, and no cell is a formula."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(headings)
    for row in found.rows:
        cells = (
            outcomes.get(row.outcome, row.outcome), row.reason_name, row.department_name, str(row.count),
            " ".join(row.numbers),
        )  # fmt: skip
        rows.writerow([f"'{cell}" if cell[:1] in {"=", "+", "-", "@", "\t"} else cell for cell in cells])
    return b"\xef\xbb\xbf" + text.getvalue().encode()
