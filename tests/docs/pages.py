"""The generated pages of docs/: what they are called and what writes them.

A page is a path below docs/ and a function that returns its whole text. `python -m tests.docs` writes them all, and a
test fails when one of them is stale. To add a page, add it to PAGES.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tests.docs import (
    alerts_page,
    conformance_page,
    dashboards,
    errors_page,
    logging_page,
    metrics_page,
    settings_page,
    state_matrix_page,
)

PROJECT: Final = Path(__file__).parents[2]
DOCS: Final = PROJECT / "docs"

PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "ops/alerts.md": alerts_page.render,
    "conformance.md": conformance_page.render,
    "errors.md": errors_page.render,
    "logging.md": logging_page.render,
    "metrics.md": metrics_page.render,
    "settings.md": settings_page.render,
    "state-matrix.md": state_matrix_page.render,
    **{f"../deploy/observability/{tier}.json": dashboards.of_tier(tier) for tier in dashboards.ROWS},
}


def stale_pages() -> list[str]:
    """The pages that are missing or differ from what would be written now."""
    return [
        name
        for name, render in PAGES.items()
        if not (DOCS / name).is_file() or (DOCS / name).read_text(encoding="utf-8") != render()
    ]


def write_pages() -> list[str]:
    """Write every page that is stale; their names."""
    stale = stale_pages()
    for name in stale:
        (DOCS / name).parent.mkdir(parents=True, exist_ok=True)
        (DOCS / name).write_text(PAGES[name](), encoding="utf-8")
    return stale
