"""The cases that lack a step of the loop: how many lack each, and the list of one (PA-09)."""

from __future__ import annotations

from typing import Annotated, Final, get_args
from urllib.parse import urlencode

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from bancheng.kernel.missing import MissingStep
from bancheng.kernel.profile import Profile
from bancheng.store.ledger import LedgerFilter
from bancheng.window.pages.session import page_context
from bancheng.window.queries import ListRequest
from bancheng.window.requests import StaffRequest, language_of
from bancheng.window.views import CaseList
from bancheng.window.window import Window

Word = Annotated[str, QueryParameter(max_length=200)]
PAGE_ROWS: Final = 30
_OWED_BY_SOME: Final[dict[MissingStep, str]] = {
    "signature": "signed", "file": "file_submitted", "classification": "classified",
}  # fmt: skip
"""Steps that a tenant may do without, and the milestone by which its obligations name them."""


class StepLink(msgspec.Struct, frozen=True, kw_only=True):
    """A step with how many lack it, and the address of their list."""

    step: MissingStep
    count: int
    address: str
    is_chosen: bool


def asked_for(profile: Profile) -> tuple[MissingStep, ...]:
    """The steps that the tenant's rules know."""
    named = {milestone for each in profile.obligations for milestone in (each.after, *each.until)}
    named |= {"signed"} if any(form.kind == "signature" for form in profile.forms) else set()
    found: list[MissingStep] = []
    for step in get_args(MissingStep):
        milestone = _OWED_BY_SOME.get(step)
        if (milestone is None or milestone in named) and (step != "obligation" or profile.obligations):
            found.append(step)
    return tuple(found)


@get("/cases/missing", include_in_schema=False)
async def missing_page(
    request: StaffRequest, window: NamedDependency[Window], step: Word = "", own: Word = "", after: Word = ""
) -> Response[str]:
    """Figures for each step, and the cases that lack the chosen one, the most urgent first."""
    identity = request.user
    steps = asked_for(identity.site.current_profile())
    known: dict[str, MissingStep] = {each: each for each in steps}
    chosen = known.get(step)
    counted = await window.queries.missing(identity)
    found = CaseList(cases=[], next=None)
    if chosen is not None:
        filters = LedgerFilter(missing=chosen, holder_unit=identity.unit if own else None)
        wanted = ListRequest(filters=filters, sort="holder_due_at", after=after, limit=PAGE_ROWS)
        found = await window.queries.cases(identity, wanted)
    figures = [
        StepLink(step=each, count=counted[each], address=_address(each, own, ""), is_chosen=each == chosen)
        for each in steps
    ]
    context = {
        **page_context(identity),
        "figures": figures,
        "chosen": chosen,
        "own": own,
        "found": found,
        "alerts": await window.queries.alerts(identity),
        "next_address": _address(chosen, own, found.next) if chosen is not None and found.next else "",
    }
    return window.renderer.page("missing.html", language_of(request), context)


def _address(step: MissingStep, own: str, after: str) -> str:
    given = {"step": step, "own": own, "after": after}
    return f"/cases/missing?{urlencode({name: value for name, value in given.items() if value})}"


ROUTES = [missing_page]
