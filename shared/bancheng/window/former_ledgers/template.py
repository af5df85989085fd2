"""The empty ledger that is filled in: a workbook with the columns, and on a second sheet what each of them takes.

Owns its form. The tenant's own words stand in it, so that nobody has to guess them.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Final, get_args

from bancheng.federation.site import HostedSite
from bancheng.schema.events import Channel, Outcome
from bancheng.window.error_texts import Language
from bancheng.window.former_ledgers.columns import COLUMNS
from bancheng.window.pages.catalogue import translations, word

NAME: Final = "former-ledger.xlsx"
_WIDTH: Final = {"description": 48, "answer": 40, "title": 28}


def template(site: HostedSite, language: Language) -> bytes:
    """An xlsx. The first sheet has the headings alone: what is typed below them is what comes in."""
    # Heavy, and most processes never write one: imported where it is used.
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font

    said = translations(language).gettext
    book: Any = Workbook()
    sheet: Any = book.active
    sheet.title = said("台账")
    sheet.freeze_panes = "A2"
    for place, column in enumerate(COLUMNS, start=1):
        cell = sheet.cell(row=1, column=place, value=column.name(language))
        cell.font = Font(bold=True)
        sheet.column_dimensions[cell.column_letter].width = _WIDTH.get(column.key, 16)
        # As texts, so that a number keeps its leading zeros and all its digits.
        sheet.column_dimensions[cell.column_letter].number_format = "@"
    notes: Any = book.create_sheet(said("怎么填"))
    for row in _notes(site, language):
        notes.append(row)
    for letter, width in (("A", 18), ("B", 12), ("C", 90)):
        notes.column_dimensions[letter].width = width
    for row in notes.iter_rows(min_col=3, max_col=3):
        row[0].alignment = Alignment(wrap_text=True, vertical="top")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / NAME
        book.save(path)
        return path.read_bytes()


def _notes(site: HostedSite, language: Language) -> list[tuple[str, str, str]]:
    said = translations(language).gettext
    profile = site.current_profile()
    lists = {"kind": profile.kinds, "case_type": profile.case_types}

    def named(choices: Any) -> str:
        return said("、").join(each.name.zh if language == "zh" else each.name.en for each in choices)

    takes = {
        "received_on": said("原窗口登记的那一天，如 2026-02-26；期限从这一天起算。"),
        "kind": named(profile.kinds),
        "case_type": named(profile.case_types),
        "ground": named(profile.grounds),
        "channel": said("、").join(word(language, "channel", key) for key in get_args(Channel)),
        "outcome": said("、").join(word(language, "outcome", key) for key in get_args(Outcome)),
        "department": said("单位代码或名称"),
        "state": said("在办或已办结；已办结的还要填办结日期、办理结果和答复内容，作为历史归档。"),
        "title": said("可以不填，取反映内容的第一行。"),
    }
    must = {each.key for each in COLUMNS if each.required or len(lists.get(each.key, ())) > 1}
    return [
        (each.name(language), said("必填") if each.key in must else "", takes.get(each.key, "")) for each in COLUMNS
    ]
