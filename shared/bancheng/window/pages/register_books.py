"""What each register's page holds: its rows, and the forms by which it is changed.

Owns columns, rows and fields of every register, in the reader's language. The flow is registers.py's.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from bancheng.kernel.reporting import spans_over
from bancheng.kernel.units import is_closed
from bancheng.store.accounts import Staff
from bancheng.window.error_texts import Language
from bancheng.window.field_problems import FieldProblem
from bancheng.window.hosting import Hosting
from bancheng.window.identity import Identity
from bancheng.window.pages.book_parts import Book, BookForm
from bancheng.window.pages.catalogue import translations, word
from bancheng.window.pages.choices import Option
from bancheng.window.pages.duty_book import CALLED_IN_BODY, DUTY_FORMS, duty_book, duty_options
from bancheng.window.registers import case_reports, entrustments, liaisons, matters, summaries, units, zero_reports

FORMS: Final[dict[str, tuple[BookForm, ...]]] = {
    "units": (
        BookForm(
            name="add-unit", body=units.AddUnitBody, use_case=units.add,
            fields=("code", "name", "parent", "is_window", "tier?", "serves_enterprises?"),
        ),
        BookForm(
            name="change-unit", body=units.ChangeUnitBody, use_case=units.alter,
            fields=("unit", "name?", "serves_enterprises?"),
        ),
        BookForm(name="merge-unit", body=units.MergeUnitBody, use_case=units.merge, fields=("unit", "into")),
        BookForm(name="close-unit", body=units.CloseUnitBody, use_case=units.close, fields=("unit",)),
    ),
    "entrustments": (
        BookForm(
            name="entrust", body=entrustments.EntrustBody, use_case=entrustments.entrust,
            fields=("document", "department", "signed_on", "ends_on?", "entrusted?", "paper?"),
        ),
        BookForm(
            name="end-entrustment", body=entrustments.EndEntrustmentBody, use_case=entrustments.end,
            fields=("document", "ends_on"),
        ),
    ),
    "matters": (
        BookForm(
            name="publish-matters", body=matters.CatalogueBody, use_case=matters.publish_catalogue,
            fields=("matter_lines?",),
        ),
    ),
    "zero-reports": (
        BookForm(
            name="file-zero", body=zero_reports.ZeroReportBody, use_case=zero_reports.file_zero_report,
            fields=("month",), roles=zero_reports.REPORTERS, at_the_top=False,
        ),
    ),
    "liaisons": (
        BookForm(
            name="name-liaison", body=liaisons.NameLiaisonBody, use_case=liaisons.name_liaison,
            fields=("unit", "liaison_name", "phone"),
        ),
        BookForm(
            name="remove-liaison", body=liaisons.RemoveLiaisonBody, use_case=liaisons.drop_liaison, fields=("unit",)
        ),
    ),
    "not-done": (),
    "reports": (),
    "duty": DUTY_FORMS,
}  # fmt: skip
"""By the register's name in its address."""

Asked = Mapping[str, str]
Reading = Callable[[Hosting, Identity, Language, Asked], Awaitable[Book]]


async def units_book(_: Hosting, identity: Identity, language: Language, __: Asked) -> Book:
    site = identity.site
    today = site.calendar.local_day(site.now())
    names = {unit.code: unit.name for unit in site.jurisdiction.directory.units}
    tiers = {tier.key: tier.name.zh if language == "zh" else tier.name.en for tier in site.current_profile().tiers}
    rows: list[tuple[str, ...]] = []
    for unit in site.jurisdiction.directory.units:
        sort = "window" if unit.is_window else "enterprise_department" if unit.serves_enterprises else "department"
        state = word(language, "register_state", "closed" if is_closed(unit, today) else "open_unit")
        if unit.successor is not None:
            state += f" → {names.get(unit.successor, unit.successor)}"
        rows.append(
            (
                unit.code, unit.name, tiers.get(unit.tier, unit.tier), word(language, "register_state", sort),
                names.get(unit.parent or "", ""), state,
            )
        )  # fmt: skip
    return Book(columns=("code", "name", "tier", "sort", "parent", "state"), rows=rows)


async def entrustments_book(_: Hosting, identity: Identity, language: Language, __: Asked) -> Book:
    site = identity.site
    today = site.calendar.local_day(site.now())
    rows: list[tuple[str, ...]] = []
    for each in site.registers.entrustments.documents:
        unit = site.jurisdiction.unit(each.department)
        is_over = each.ends_on is not None and each.ends_on < today
        rows.append(
            (
                each.document, unit.name if unit is not None else each.department, each.signed_on.isoformat(),
                each.ends_on.isoformat() if each.ends_on is not None else "",
                "、".join(each.matters) or word(language, "register_state", "all_matters"),
                word(language, "register_state", "ended" if is_over else "in_force"),
            )
        )  # fmt: skip
    return Book(columns=("document", "department", "signed_on", "ends_on", "entrusted", "state"), rows=rows)


async def matters_book(_: Hosting, identity: Identity, language: Language, __: Asked) -> Book:
    site = identity.site
    tiers = {tier.key: tier.name.zh if language == "zh" else tier.name.en for tier in site.current_profile().tiers}
    rows: list[tuple[str, ...]] = []
    for each in site.registers.catalogue.matters:
        unit = site.jurisdiction.unit(each.department)
        department = unit.name if unit is not None else each.department
        rows.append((each.key, each.name, tiers.get(each.tier, each.tier), department, "、".join(each.papers)))
    return Book(columns=("key", "name", "tier", "department", "papers"), rows=rows)


async def zero_reports_book(hosting: Hosting, identity: Identity, language: Language, asked: Asked) -> Book:
    month = asked.get("month") or zero_reports.last_month(identity)
    found = await zero_reports.list_zero_reports(hosting, identity, month)
    rows = [
        (month, each.name, str(each.cases), each.filed_by, word(language, "register_state", each.state))
        for each in found.units
    ]
    marked = frozenset(place for place, each in enumerate(found.units) if each.state == "missing")
    known = spans_over(identity.today, "month", case_reports.CHOSEN_PERIODS, since=identity.site.begun_on)
    months = tuple(each.name for each in known)
    return Book(
        columns=("month", "unit", "cases", "filed", "state"), rows=rows, marked=marked, periods=months, period=month
    )


async def reports_book(hosting: Hosting, identity: Identity, language: Language, asked: Asked) -> Book:
    period = asked.get("month", "")
    found = await case_reports.list_case_reports(hosting, identity, period)
    rows = [(each.period, each.name, *_report_cells(each, language, identity)) for each in found.rows]
    return Book(
        columns=(
            "period", "unit", "state", "received", "registered", "ended", "in_time", "late", "overdue", "by_outcome",
        ),
        rows=rows,
        marked=frozenset(place for place, each in enumerate(found.rows) if each.state in {"missing", "late"}),
        periods=tuple(found.periods),
        period=period,
    )  # fmt: skip


def _report_cells(each: case_reports.UnitReport, language: Language, identity: Identity) -> tuple[str, ...]:
    state = word(language, "report_state", each.state)
    if each.figures is None or each.received_at is None:
        return (state, "", "", "", "", "", "", "")
    figures, received = each.figures, identity.site.calendar.local(each.received_at)
    outcomes = "、".join(f"{word(language, 'outcome', key)} {count}" for key, count in figures.outcomes.items())
    counted = (figures.registered, figures.closed, figures.in_time, figures.late, figures.overdue)
    return (state, f"{received:%Y-%m-%d %H:%M}", *map(str, counted), outcomes)


async def liaisons_book(hosting: Hosting, identity: Identity, language: Language, _: Asked) -> Book:
    found = await liaisons.list_of_liaisons(hosting, identity)
    rows = [
        (each.unit_name, each.name, each.phone, word(language, "register_state", "gap" if each.is_gap else "named"))
        for each in found
    ]
    marked = frozenset(place for place, each in enumerate(found) if each.is_gap)
    return Book(columns=("department", "liaison_name", "phone", "state"), rows=rows, marked=marked)


async def not_done_book(hosting: Hosting, identity: Identity, language: Language, asked: Asked) -> Book:
    first, last = span(identity, asked)
    found = await summaries.summary(hosting, identity, first, last, language)
    rows = [
        (
            word(language, "outcome", each.outcome), each.reason_name, each.department_name, str(each.count),
            "、".join(each.numbers),
        )
        for each in found.rows
    ]  # fmt: skip
    return Book(columns=("outcome", "reason", "department", "count", "numbers"), rows=rows)


BOOKS: Final[dict[str, Reading]] = {
    "units": units_book,
    "entrustments": entrustments_book,
    "matters": matters_book,
    "zero-reports": zero_reports_book,
    "reports": reports_book,
    "liaisons": liaisons_book,
    "not-done": not_done_book,
    "duty": duty_book,
}


def span(identity: Identity, asked: Asked) -> tuple[date, date]:
    """The days that were asked for; without, this year up to today."""
    today = identity.site.calendar.local_day(identity.site.now())
    return _day(asked.get("first", "")) or today.replace(month=1, day=1), _day(asked.get("last", "")) or today


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def options(name: str, identity: Identity, language: Language, staff: Sequence[Staff] = ()) -> tuple[Option, ...]:
    """What a field may be; none for one that is written. `staff`: the colleagues that can be put on duty."""
    site = identity.site
    today = site.calendar.local_day(site.now())
    open_units = [unit for unit in site.jurisdiction.directory.units if not is_closed(unit, today)]

    def state(key: str) -> str:
        return word(language, "register_state", key)

    match name:
        case "unit" | "into" | "parent":
            return tuple(Option(value=unit.code, label=unit.name) for unit in open_units)
        case "department":
            return tuple(Option(value=unit.code, label=unit.name) for unit in open_units if not unit.is_window)
        case "tier":
            tiers = site.current_profile().tiers
            return tuple(
                Option(value=tier.key, label=tier.name.zh if language == "zh" else tier.name.en) for tier in tiers
            )
        case "is_window":
            return (Option(value="true", label=state("window")), Option(value="false", label=state("department")))
        case "serves_enterprises":
            return (Option(value="true", label=state("yes")), Option(value="false", label=state("no")))
        case _:
            return duty_options(name, identity, language, staff)


def filled(name: str, identity: Identity) -> str:
    """What stands in a field before anything is typed."""
    match name:
        case "month":
            return zero_reports.last_month(identity)
        case "week":
            return (identity.today + timedelta(days=7)).isoformat()
        case "matter_lines":
            return "\n".join(
                ",".join((each.key, each.name, each.tier, each.department, "、".join(each.papers))).rstrip(",")
                for each in identity.site.registers.catalogue.matters
            )
        case _:
            return ""


_IN_A_LINE: Final = re.compile(r"matters\[(\d+)\]\.(key|name|tier|department|papers)")
_NAMES: Final = {"liaison_name": "name", "entrusted": "matters", "matter_lines": "matters", **CALLED_IN_BODY}
"""Fields that are called otherwise on the page than in the body."""


def raw_body(form: BookForm, typed: Mapping[str, str]) -> dict[str, Any]:
    """What was typed, as the body's fields; what may be left out and is empty is left out."""
    raw: dict[str, Any] = {}
    for field in form.fields:
        name, text = field.rstrip("?"), typed.get(field.rstrip("?"), "").strip()
        if name == "matter_lines":
            raw["matters"] = _matters(text)
        elif text or not field.endswith("?"):
            raw[_NAMES.get(name, name)] = _pieces(text) if name == "entrusted" else text
    return raw


def problem_at(name: str, problems: Sequence[FieldProblem]) -> FieldProblem | None:
    """The first problem that belongs to a field of the page."""
    inner = _NAMES.get(name, name)
    within = (f"{inner}.", f"{inner}[")
    return next((each for each in problems if each.field == inner or each.field.startswith(within)), None)


def problem_label(name: str, problem: FieldProblem, label: str, language: Language) -> str:
    """What does not fit: the field of the page, or where many stand in it which of them, and what is wrong with it."""
    inner = _IN_A_LINE.fullmatch(problem.field)
    if name != "matter_lines" or inner is None:
        return label
    item = translations(language).gettext("第 %(number)s 项") % {"number": int(inner[1]) + 1}
    return f"{item} · {word(language, 'column', inner[2])}"


def _pieces(text: str) -> list[str]:
    pieces = text.replace("，", ",").replace("、", ",").split(",")
    return [piece.strip() for piece in pieces if piece.strip()]


def _matters(text: str) -> list[dict[str, Any]]:
    """One matter a line: key, name, tier, department, papers."""
    found: list[dict[str, Any]] = []
    for line in text.splitlines():
        if line.strip():
            parts = [part.strip() for part in line.replace("，", ",").split(",", 4)]
            key, name, tier, department, papers = (*parts, "", "", "", "")[:5]
            found.append({"key": key, "name": name, "tier": tier, "department": department, "papers": _pieces(papers)})
    return found
