"""What the numbered parts of a case are called: a paper by its name, an order by its department, and so on.

Owns these names, by the sort and number under which limits and entries know them. Must not know templates.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from bancheng.schema.clocks import BODY_PREFIX, ORDER_PREFIX, PAPER_PREFIX
from bancheng.window.pages.naming import Names
from bancheng.window.record_views import RecordView

SERVICE, AID, PERSON = "service:", "aid:", "person:"
PART_OF: Final[dict[tuple[str, str], tuple[str, str]]] = {
    ("RequiredPaperCame", "number"): (PAPER_PREFIX, "paper_name"),
    ("ServiceRendered", "number"): (SERVICE, "form"),
    ("AidAnswered", "number"): (AID, "programme"),
    ("OrderAnswered", "number"): (ORDER_PREFIX, "order_unit"),
    ("BodyReplied", "number"): (BODY_PREFIX, "body"),
    ("AnswerGiven", "person_number"): (PERSON, "person_number"),
}
"""Details of entries that name a part by its number: its sort, and what the part is called in a line."""


def part_names(record: RecordView, names: Names) -> dict[str, str]:
    """By sort and number, for example `paper:1`. Two of a sort that are called alike are told apart by the number."""
    return {
        **_told_apart(PAPER_PREFIX, ((each.number, each.name) for each in record.required_papers)),
        **_told_apart(ORDER_PREFIX, ((each.number, each.to_unit.name) for each in record.orders)),
        **_told_apart(BODY_PREFIX, ((each.number, each.body) for each in record.transfers)),
        **_told_apart(SERVICE, ((each.number, names.choice("service_forms", each.form)) for each in record.services)),
        **_told_apart(AID, ((each.number, names.choice("aid_programmes", each.programme)) for each in record.aid)),
        **_told_apart(PERSON, ((each.number, each.person.name) for each in record.joint_persons)),
    }


def _told_apart(sort: str, parts: Iterable[tuple[int, str]]) -> dict[str, str]:
    found = list(parts)
    alike = Counter(name for _, name in found)
    return {f"{sort}{number}": name if alike[name] == 1 else f"{name} ({number})" for number, name in found}
