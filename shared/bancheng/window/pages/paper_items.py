"""The papers of a case as its page lists them: what each is, who attached it by which entry, how far it has come.

Owns what is said of a paper. Must not know templates nor who may see one.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from bancheng.window.error_texts import Language, text_for
from bancheng.window.pages.timeline import anchor
from bancheng.window.papers import PaperView
from bancheng.window.views import EntryView


class PaperItem(msgspec.Struct, frozen=True, kw_only=True):
    """One paper. `term` and `number` are those of the entry that attached it, `anchor` its place on the page; 0 and
    empty where that entry is not told here. `percent` of it is here. `reason`: what holds it up, in words.
    """

    paper: PaperView
    unit: str
    term: int
    number: int
    anchor: str
    percent: int
    reason: str
    can_open: bool


def paper_items(
    papers: Sequence[PaperView], entries: Sequence[EntryView], language: Language, *, is_hidden: bool
) -> list[PaperItem]:
    """In the order in which they were attached."""
    attaching = {str(each.details.get("sha256")): each for each in entries if each.type == "PaperAttached"}
    return [_item(each, attaching.get(each.sha256), language, is_hidden=is_hidden) for each in papers]


def _item(paper: PaperView, entry: EntryView | None, language: Language, *, is_hidden: bool) -> PaperItem:
    return PaperItem(
        paper=paper,
        unit=entry.unit.name if entry is not None else "",
        term=entry.term if entry is not None else 0,
        number=entry.seq if entry is not None else 0,
        anchor=anchor(entry) if entry is not None else "",
        percent=min(99, paper.received_bytes * 100 // max(1, paper.size)),
        reason=text_for(paper.reason, language).message if paper.reason and paper.state != "here" else "",
        can_open=paper.state == "here" and not is_hidden,
    )
