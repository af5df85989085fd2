"""Rows of a former ledger as registrations: the tenant's own words become keys, and every misfit is named by its cell.

Owns what a cell may hold, and the key by which a row is known again: window, former window and old number. What the
rules refuse is theirs.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Final, cast, get_args
from uuid import UUID

import msgspec
from msgspec import Meta

from bancheng.federation.desk import Desk
from bancheng.federation.site import HostedSite
from bancheng.kernel import commands as c
from bancheng.kernel.profile_parts import Text
from bancheng.kernel.rejected import Rejected
from bancheng.schema.events import Actor, CaseEvent, Channel, Outcome, Person
from bancheng.schema.ids import RANDOM_BYTES, uuid7
from bancheng.window.command_registry import PersonBody
from bancheng.window.field_problems import FieldProblem, InvalidInput, problem
from bancheng.window.former_ledgers.reading import Sheet, SheetRow
from bancheng.window.input_text import convert_form
from bancheng.window.pages.catalogue import word

BEFORE_ALL: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Imported cases bear this instant in their ids, so that the same row has the same id whenever it comes."""
TITLE_CHARACTERS: Final = 40
_OPEN: Final = frozenset({"在办", "办理中", "未办结", "未办", "open"})
_ENDED: Final = frozenset({"已办结", "办结", "已结", "已答复", "closed", "ended"})
_DAY: Final = re.compile(
    r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?(?:[ T].*)?|([0-9]{4})([0-9]{2})([0-9]{2})"
)
_ONLY_ENDED: Final = ("ended_on", "outcome", "answer")


class RowBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row once its words are keys: the bounds of a registration, and what only a former ledger says."""

    number: Annotated[str, Meta(min_length=1, max_length=64)]
    imported_from: Annotated[str, Meta(min_length=1, max_length=64)]
    received_on: date
    person: PersonBody
    title: c.Title
    description: c.Body
    kind: c.Key
    case_type: c.Key
    channel: Channel = "desk"
    ground: str = ""
    department: str = ""
    ended_on: date | None = None
    outcome: Outcome | None = None
    answer: Annotated[str, Meta(max_length=4000)] = ""


class ReadRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the file. Without problems it has a body, the events that would follow, and the id of the case."""

    line: int
    cells: dict[str, str]
    problems: tuple[FieldProblem, ...]
    body: RowBody | None = None
    case_id: UUID | None = None
    events: tuple[CaseEvent, ...] = ()
    is_repeated: bool = False


def case_id_of(tenant: str, unit: str, imported_from: str, number: str) -> UUID:
    """The same for the same row, however often and at whichever replica it is imported."""
    parts = (tenant, unit, _folded(imported_from), _folded(number))
    return uuid7(BEFORE_ALL, hashlib.sha256("\0".join(parts).encode()).digest()[:RANDOM_BYTES])


def read_rows(sheet: Sheet, site: HostedSite, actor: Actor) -> list[ReadRow]:
    """Every row, in order. Reads no database: which of them are here already is not known yet."""
    words = _Words(site)
    found: list[ReadRow] = []
    known: dict[UUID, ReadRow] = {}
    for row in sheet.rows:
        read = _read(row, sheet.headings, words, site, actor)
        first = known.get(read.case_id) if read.case_id is not None else None
        if first is not None:
            read = _again(read, first, sheet.headings)
        elif read.case_id is not None:
            known[read.case_id] = read
        found.append(read)
    return found


def _again(row: ReadRow, first: ReadRow, headings: Mapping[str, str]) -> ReadRow:
    """The same line twice makes no double; two different ones under one number are for somebody to tell apart."""
    if row.cells == first.cells:
        return msgspec.structs.replace(row, is_repeated=True)
    twice = _problem("ledger.number_twice", "number", headings, line=first.line)
    return msgspec.structs.replace(row, problems=(*row.problems, twice))


def _read(row: SheetRow, headings: Mapping[str, str], words: _Words, site: HostedSite, actor: Actor) -> ReadRow:
    problems = [_problem(code, key, headings) for key, code in row.spoilt.items()]
    raw = words.raw(row, headings, problems)
    body: RowBody | None = None
    try:
        body = convert_form(raw, RowBody)
    except InvalidInput as error:
        named = {each.field for each in problems}
        problems += [_named(each, headings) for each in error.problems if each.field not in named]
    if body is None or problems:
        return ReadRow(line=row.line, cells=row.cells, problems=tuple(problems))
    case_id = case_id_of(site.tenant, actor.unit, body.imported_from, body.number)
    try:
        events = Desk(site, case_id, None).judge(_command(body, case_id, actor.unit), actor)
    except Rejected as refusal:
        refused = FieldProblem(field=refusal.field, code=refusal.code, parameters=dict(refusal.parameters))
        return ReadRow(line=row.line, cells=row.cells, problems=(_named(refused, headings),))
    return ReadRow(line=row.line, cells=row.cells, problems=(), body=body, case_id=case_id, events=tuple(events))


def _command(body: RowBody, case_id: UUID, unit: str) -> c.Register:
    person = Person(**msgspec.structs.asdict(body.person))
    fields = {name: value for name, value in msgspec.structs.asdict(body).items() if name != "person"}
    return c.Register(case_id=case_id, unit=unit, person=person, **fields)


class _Words:
    """What the tenant calls its kinds, types, grounds, channels, outcomes and departments, in both languages."""

    def __init__(self, site: HostedSite) -> None:
        profile = site.current_profile()
        self._keys: dict[str, dict[str, str]] = {
            "kind": _by_name((each.key, each.name) for each in profile.kinds),
            "case_type": _by_name((each.key, each.name) for each in profile.case_types),
            "ground": _by_name((each.key, each.name) for each in profile.grounds),
            "channel": _by_name(_worded("channel", get_args(Channel))),
            "outcome": _by_name(_worded("outcome", get_args(Outcome))),
            "department": _by_name(
                (unit.code, Text(zh=unit.name, en=unit.name)) for unit in site.jurisdiction.directory.units
            ),
        }
        self._only = {
            name: next(iter(set(keys.values()))) for name, keys in self._keys.items() if len(set(keys.values())) == 1
        }

    def raw(self, row: SheetRow, headings: Mapping[str, str], problems: list[FieldProblem]) -> dict[str, object]:
        """The body's fields as texts; a word that nobody here uses is added to the problems."""
        cells = {key: text for key, text in row.cells.items() if key not in row.spoilt}
        raw: dict[str, object] = {
            name: cells[name] for name in ("number", "imported_from", "description") if name in cells
        }
        raw["title"] = cells.get("title") or _title(cells.get("description", "…"))
        raw["person"] = {key.removeprefix("person."): text for key, text in cells.items() if key.startswith("person.")}
        for name, keys in self._keys.items():
            key = self._key(name, keys, cells.get(name, ""), headings, problems)
            if key:
                raw[name] = key
        for name in ("received_on", "ended_on"):
            if name in cells:
                raw[name] = _day(name, cells[name], headings, problems)
        self._ended(cells, raw, headings, problems)
        return raw

    def _key(
        self, name: str, keys: Mapping[str, str], typed: str, headings: Mapping[str, str], problems: list[FieldProblem]
    ) -> str:
        if not typed:
            return self._only.get(name, "") if name in {"kind", "case_type"} else ""
        found = keys.get(_folded(typed))
        if found is None:
            problems.append(_problem("ledger.unknown_word", name, headings, value=typed[:TITLE_CHARACTERS]))
        return found or ""

    def _ended(
        self,
        cells: Mapping[str, str],
        raw: dict[str, object],
        headings: Mapping[str, str],
        problems: list[FieldProblem],
    ) -> None:
        """What was ended there has a day, an outcome and an answer; what is open has none of them."""
        state = _folded(cells.get("state", ""))
        if state and state not in _OPEN | _ENDED:
            problems.append(_problem("ledger.unknown_state", "state", headings, value=state[:TITLE_CHARACTERS]))
            return
        is_ended = state in _ENDED or (not state and "ended_on" in cells)
        for name in _ONLY_ENDED:
            if is_ended and name not in cells:
                problems.append(_problem("ledger.ended_without", name, headings))
            elif not is_ended and name in cells:
                problems.append(_problem("ledger.open_with", name, headings))
            elif name in cells and name == "answer":
                raw[name] = cells[name]


def _by_name(named: Iterable[tuple[str, Text]]) -> dict[str, str]:
    return {_folded(name): key for key, text in named for name in (key, text.zh, text.en)}


def _worded(group: str, keys: tuple[str, ...]) -> list[tuple[str, Text]]:
    return [(key, Text(zh=word("zh", group, key), en=word("en", group, key))) for key in keys]


def _folded(text: str) -> str:
    """Full width, case and spacing make no difference."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def _title(description: str) -> str:
    """A ledger without titles: the first line of what was reported."""
    first = description.strip().partition("\n")[0]
    return first if len(first) <= TITLE_CHARACTERS else first[: TITLE_CHARACTERS - 1] + "…"


def _day(name: str, typed: str, headings: Mapping[str, str], problems: list[FieldProblem]) -> str:
    found = _DAY.fullmatch(unicodedata.normalize("NFKC", typed))
    parts = [int(part) for part in found.groups() if part is not None] if found is not None else []
    try:
        return date(*cast("tuple[int, int, int]", tuple(parts))).isoformat()
    except (TypeError, ValueError):
        problems.append(_problem("ledger.no_date", name, headings, value=typed[:TITLE_CHARACTERS]))
        return typed


def _problem(code: str, key: str, headings: Mapping[str, str], **parameters: str | int) -> FieldProblem:
    return _named(problem(code, key, **parameters), headings)


def _named(found: FieldProblem, headings: Mapping[str, str]) -> FieldProblem:
    """The field is called what the file calls its column."""
    said = headings.get(found.field, found.field)
    return msgspec.structs.replace(found, parameters={**found.parameters, "field": said})
