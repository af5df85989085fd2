"""The duty roster at its page: one week, who is A and B, who is away, and the forms by which they are changed.

Owns its columns, rows and fields in the reader's language. What may be changed is the use cases' (registers/duty.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final, get_args

from bancheng.kernel.duty import Duty, DutyEntry, OnDuty, Roster
from bancheng.store.accounts import Staff
from bancheng.window.error_texts import Language
from bancheng.window.hosting import Hosting
from bancheng.window.identity import Identity
from bancheng.window.pages.book_parts import Book, BookForm
from bancheng.window.pages.catalogue import translations, word
from bancheng.window.pages.choices import Option
from bancheng.window.registers import duty
from bancheng.window.registers.duty import DutyDay, DutyWeek, duty_week

_WEEK = timedelta(days=7)

DUTY_FORMS: Final = tuple(
    BookForm(name=name, body=body, use_case=use_case, fields=fields, roles=duty.PLANNERS, at_the_top=False)
    for name, body, use_case, fields in (
        (
            "add-duty", duty.AddDutyBody, duty.add_duty,
            ("staff", "duty_kind", "day?", "weekday?", "last_day?", "duty_phone?"),
        ),
        ("copy-week", duty.CopyWeekBody, duty.copy_week, ("week",)),
        ("remove-duty", duty.RemoveDutyBody, duty.remove_duty, ("duty_number",)),
        ("pair-post", duty.PairBody, duty.pair, ("post", "a_staff", "b_staff")),
        ("unpair-post", duty.UnpairBody, duty.unpair, ("known_post",)),
        ("record-absence", duty.AbsenceBody, duty.record_absence, ("staff", "first_day", "last_day")),
        ("remove-absence", duty.RemoveDutyBody, duty.remove_absence, ("absence_number",)),
    )
)  # fmt: skip
CALLED_IN_BODY: Final = {
    "duty_kind": "duty", "duty_phone": "phone", "duty_number": "number", "absence_number": "number",
    "known_post": "post",
}  # fmt: skip


async def duty_book(_: Hosting, identity: Identity, language: Language, asked: Mapping[str, str]) -> Book:
    """The week of the day asked for; days with a gap are marked."""
    wanted = _day(asked.get("first", "")) or identity.today
    week = duty_week(identity, wanted)
    monday = week.days[0].day
    said = translations(language).gettext
    return Book(
        columns=("day", "duty_clerks", "duty_leaders", "state"),
        rows=[_row(each, language) for each in week.days],
        marked=frozenset(place for place, each in enumerate(week.days) if each.gaps),
        around=(
            (said("上一周"), f"/registers/duty?first={(monday - _WEEK).isoformat()}"),
            (said("本周"), "/registers/duty"),
            (said("下一周"), f"/registers/duty?first={(monday + _WEEK).isoformat()}"),
        ),
        also=(_gaps(week, language), _posts(identity, language), _absences(week, language)),
    )


def _row(day: DutyDay, language: Language) -> tuple[str, ...]:
    gaps = [word(language, "register_state", f"nobody_{each}") for each in day.gaps]
    join = translations(language).gettext("、").join
    state = join(gaps) if gaps else word(language, "register_state", "workday" if day.is_workday else "day_off")
    return (shown_day(day.day, language), people(day.clerks, language), people(day.duty_leaders, language), state)


def people(found: Sequence[OnDuty], language: Language) -> str:
    """Names with phones, and for whom they stand in."""
    said = translations(language).gettext
    shown: list[str] = []
    for each in found:
        stands_in = {"name": each.name, "away": each.stands_in_for}
        name = said("%(name)s（代%(away)s）") % stands_in if each.stands_in_for else each.name
        shown.append(f"{name} {each.phone}".strip())
    return said("、").join(shown) or "—"


def _gaps(week: DutyWeek, language: Language) -> Book:
    by_day: dict[str, list[str]] = {}
    for each in week.gaps:
        missing = word(language, "register_state", f"nobody_{each.duty}")
        by_day.setdefault(shown_day(each.day, language), []).append(missing)
    join = translations(language).gettext("、").join
    rows: list[tuple[str, ...]] = [(day, join(missing)) for day, missing in by_day.items()]
    title = word(language, "register", "duty-gaps")
    return Book(title=title, columns=("day", "state"), rows=rows, marked=frozenset(range(len(rows))))


def _posts(identity: Identity, language: Language) -> Book:
    roster, today = identity.roster, identity.today
    rows: list[tuple[str, ...]] = []
    for each in roster.posts:
        state = word(language, "register_state", "b_on_duty" if roster.is_away(each.a_staff, today) else "a_here")
        rows.append((each.post, each.a_name, each.b_name, state))
    return Book(title=word(language, "register", "posts"), columns=("post", "a_staff", "b_staff", "state"), rows=rows)


def _absences(week: DutyWeek, language: Language) -> Book:
    rows: list[tuple[str, ...]] = [
        (each.name, each.first_day.isoformat(), each.last_day.isoformat()) for each in week.absences
    ]
    title = word(language, "register", "absences")
    return Book(title=title, columns=("staff", "first_day", "last_day"), rows=rows)


def shown_day(day: date, language: Language) -> str:
    return f"{day.isoformat()} {word(language, 'weekday', str(day.weekday()))}"


def duty_options(name: str, identity: Identity, language: Language, staff: Sequence[Staff]) -> tuple[Option, ...]:
    """What a field of the roster may be; none for one that is written."""
    roster = identity.roster
    match name:
        case "staff" | "a_staff" | "b_staff":
            return tuple(Option(value=each.staff_id, label=each.name) for each in staff)
        case "duty_kind":
            return tuple(Option(value=each, label=word(language, "duty", each)) for each in get_args(Duty))
        case "weekday":
            return tuple(
                Option(value=str(each), label=word(language, "weekday", str(each - 1))) for each in range(1, 8)
            )
        case "duty_number":
            return tuple(
                Option(value=str(each.number), label=_entry(each, language)) for each in _ahead(roster, identity)
            )
        case "absence_number":
            return tuple(
                Option(value=str(each.number), label=f"{each.name} {each.first_day} – {each.last_day}")
                for each in roster.absences
            )
        case "known_post":
            return tuple(Option(value=each.post, label=each.post) for each in roster.posts)
        case _:
            return ()


def _ahead(roster: Roster, identity: Identity) -> list[DutyEntry]:
    """Those that are not over."""
    today = identity.today
    return [each for each in roster.entries if (each.day or each.last_day or today) >= today]


def _entry(entry: DutyEntry, language: Language) -> str:
    said = translations(language).gettext
    duty_word = word(language, "duty", entry.duty)
    if entry.day is not None:
        return f"{shown_day(entry.day, language)} {entry.name} {duty_word}"
    weekday = word(language, "weekday", str((entry.weekday or 1) - 1))
    return said("每%(weekday)s") % {"weekday": weekday} + f" {entry.name} {duty_word}"


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
