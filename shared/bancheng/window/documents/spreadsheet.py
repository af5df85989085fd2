"""The ledger as a spreadsheet: a row for each case, written as it goes, in constant memory.

Owns the workbook's form. Which cases, and who may see them, is the asker's.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from bancheng.kernel.profile_parts import Form

MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_WIDTH: Final = {"description": 48, "answer": 40, "title": 28, "registered_at": 22, "case_type": 30}
_NOT_IN_A_TITLE: Final = str.maketrans(dict.fromkeys("\\/*?:[]'", " "))
MAX_CELL: Final = 32_000
"""Excel takes 32,767 characters in a cell."""


class LedgerSheet:
    """One workbook being written. `close` returns its bytes."""

    def __init__(self, form: Form) -> None:
        # Heavy, and most processes never export: imported where it is used.
        from openpyxl import Workbook

        self._form = form
        self._book: Any = Workbook(write_only=True)
        self._sheet: Any = self._book.create_sheet(_title(form.name.zh))
        self._sheet.freeze_panes = "A2"
        for position, field in enumerate(form.fields):
            self._sheet.column_dimensions[_letter(position)].width = _WIDTH.get(field.shows, 16)
        self._sheet.append([self._cell(field.name.zh, bold=True) for field in form.fields])

    def add(self, cases: Iterable[Mapping[str, str]]) -> None:
        """A row for each case's data."""
        for data in cases:
            self._sheet.append([self._cell(data[field.shows] if field.shows else "") for field in self._form.fields])

    def close(self) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "ledger.xlsx"
            self._book.save(path)
            return path.read_bytes()

    def _cell(self, text: str, *, bold: bool = False) -> Any:
        """Always a text: what begins like a formula is none."""
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.styles import Alignment, Font

        cell: Any = WriteOnlyCell(self._sheet, value=text[:MAX_CELL])
        cell.data_type = "s"
        cell.font = Font(name="黑体" if bold else "仿宋", bold=bold, size=12)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        return cell


def _letter(position: int) -> str:
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(position + 1))


def _title(name: str) -> str:
    """As a sheet may be called: 31 characters, without those that spreadsheets keep for themselves."""
    return name.translate(_NOT_IN_A_TITLE)[:31].strip() or "1"
