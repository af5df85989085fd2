"""A ledger as a file: CSV (UTF-8 or GB 18030) or the first sheet of an xlsx, as rows of texts by column.

Owns the forms of file and their bounds. Nothing in a file is run: a cell that holds a formula is named as a problem and
what it came to last is not believed. What the texts mean is rows.py's.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final
from zipfile import BadZipFile, ZipFile

import msgspec

from bancheng.window.failures import ApiError
from bancheng.window.field_problems import InvalidInput, problem
from bancheng.window.former_ledgers.columns import COLUMNS, Column, column_called

MOST_BYTES: Final = 2 * 1024 * 1024
MOST_UNPACKED_BYTES: Final = 48 * 1024 * 1024
MOST_ROWS: Final = 1_000
"""A longer ledger comes in several files: a row that is here already is not taken twice."""
MOST_COLUMNS: Final = 60
_SPREADSHEET: Final = b"PK\x03\x04"
_EXACT_BELOW: Final = 10**15
"""A spreadsheet keeps fifteen digits of a number; of a longer one the last are zeros that nobody wrote."""
_MEBIBYTE: Final = 1 << 20

_Cell = tuple[str, str]
"""The text, and the code of what is wrong with the cell itself, or nothing."""


class SheetRow(msgspec.Struct, frozen=True, kw_only=True):
    """`line` as the file counts it, from 1. `cells` and `spoilt` (codes) by the key of the column."""

    line: int
    cells: dict[str, str]
    spoilt: dict[str, str]


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """`headings`: what the file calls each column. `ignored`: columns that a case has no place for."""

    headings: dict[str, str]
    ignored: tuple[str, ...]
    rows: tuple[SheetRow, ...]


def read_sheet(content: bytes) -> Sheet:
    """Raises ApiError `ledger.too_large`, `ledger.unreadable`, `ledger.empty`, `ledger.too_many_rows`, and InvalidInput
    `ledger.column_missing` and `ledger.column_twice`.
    """
    if len(content) > MOST_BYTES:
        raise ApiError(413, "ledger.too_large", field="file", maximum=MOST_BYTES // _MEBIBYTE)
    found = _spreadsheet(content) if content.startswith(_SPREADSHEET) else _text(content)
    lines = [(line, cells) for line, cells in found if any(text for text, _ in cells)]
    if len(lines) < 2:
        raise ApiError(422, "ledger.empty", field="file")
    if len(lines) > MOST_ROWS + 1:
        raise ApiError(422, "ledger.too_many_rows", field="file", maximum=MOST_ROWS)
    columns = [column_called(heading) for heading, _ in lines[0][1]]
    headings = [heading for heading, _ in lines[0][1]]
    _require(columns)
    return Sheet(
        headings={each.key: heading for each, heading in zip(columns, headings, strict=True) if each is not None},
        ignored=tuple(heading for each, heading in zip(columns, headings, strict=True) if each is None and heading),
        rows=tuple(_row(line, columns, cells) for line, cells in lines[1:]),
    )


def _require(columns: Sequence[Column | None]) -> None:
    known = [column.key for column in columns if column is not None]
    missing = [
        problem("ledger.column_missing", each.key) for each in COLUMNS if each.required and each.key not in known
    ]
    twice = [problem("ledger.column_twice", key) for key in dict.fromkeys(known) if known.count(key) > 1]
    if missing or twice:
        raise InvalidInput([*missing, *twice])


def _row(line: int, columns: Sequence[Column | None], cells: Sequence[_Cell]) -> SheetRow:
    named = [(column.key, cell) for column, cell in zip(columns, cells, strict=False) if column is not None]
    return SheetRow(
        line=line,
        cells={key: text for key, (text, _) in named if text},
        spoilt={key: code for key, (_, code) in named if code},
    )


def _text(content: bytes) -> Iterable[tuple[int, list[_Cell]]]:
    """Commas, semicolons or tabs part the cells, whichever the headings have most of."""
    text = _decoded(content)
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max((",", ";", "\t"), key=first.count))
    rows: list[tuple[int, list[_Cell]]] = []
    try:
        for row in reader:
            rows.append((reader.line_num, [(_plain(cell), "") for cell in row[:MOST_COLUMNS]]))
            if len(rows) > MOST_ROWS * 2:
                break
    except csv.Error as error:
        raise ApiError(422, "ledger.unreadable", field="file") from error
    return rows


def _decoded(content: bytes) -> str:
    """Spreadsheet programs here save CSV in GB 18030 unless they are told otherwise."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ApiError(422, "ledger.wrong_encoding", field="file")


def _spreadsheet(content: bytes) -> Iterable[tuple[int, list[_Cell]]]:
    # Heavy, and most processes never import: imported where it is used.
    from openpyxl import load_workbook

    try:
        with ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(each.file_size for each in archive.infolist())
    except BadZipFile as error:
        raise ApiError(422, "ledger.unreadable", field="file") from error
    if unpacked > MOST_UNPACKED_BYTES:
        raise ApiError(413, "ledger.too_large", field="file", maximum=MOST_BYTES // _MEBIBYTE)
    try:
        book: Any = load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
        sheet: Any = book.worksheets[0]
        # What a file says of its own size is not believed: rows beyond it would be lost.
        sheet.reset_dimensions()
        rows = sheet.iter_rows(max_row=MOST_ROWS * 2, max_col=MOST_COLUMNS)
        return [(line, [_cell(each) for each in row]) for line, row in enumerate(rows, start=1)]
    except Exception as error:  # a stranger's file: whatever the library makes of it, it is no workbook
        raise ApiError(422, "ledger.unreadable", field="file") from error


def _cell(cell: Any) -> _Cell:
    value: object = cell.value
    if cell.data_type == "f":
        return "=", "ledger.formula"
    match value:
        case None:
            return "", ""
        case datetime() | date():
            return value.strftime("%Y-%m-%d"), ""
        case bool():
            return str(value).lower(), ""
        case int() | float() if abs(value) >= _EXACT_BELOW:
            return str(value), "ledger.digits_lost"
        case float() if value.is_integer():
            return str(int(value)), ""
        case _:
            return _plain(str(value)), "ledger.formula" if cell.data_type == "e" else ""


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()
