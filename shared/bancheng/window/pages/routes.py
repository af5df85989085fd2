"""All pages under one guard and one exception handler, and the files they load."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from litestar import Router
from litestar.datastructures import CacheControlHeader
from litestar.static_files import create_static_files_router  # pyright: ignore[reportUnknownVariableType]

from bancheng.window.pages import (
    case,
    former_ledger,
    links,
    lists,
    missing,
    papers,
    printing,
    registers,
    registration,
    rules,
    sign_in,
)
from bancheng.window.pages.errors import answer_page_error
from bancheng.window.pages.session import require_session

AN_HOUR = 3600


def page_routers() -> list[Router]:
    """Everything but signing in and the language needs a session."""
    behind_session = Router(
        "/",
        route_handlers=[
            *lists.ROUTES,
            *missing.ROUTES,
            *registration.ROUTES,
            *papers.ROUTES,
            *case.ROUTES,
            *links.ROUTES,
            *printing.ROUTES,
            *rules.ROUTES,
            *registers.ROUTES,
            *former_ledger.ROUTES,
        ],
        guards=[require_session],
    )
    pages = Router(
        "/",
        route_handlers=[*sign_in.ROUTES, behind_session],
        exception_handlers={Exception: answer_page_error},
        include_in_schema=False,
    )
    static = create_static_files_router(
        path="/static",
        directories=[Path(str(files("bancheng.window"))) / "static"],
        cache_control=CacheControlHeader(max_age=AN_HOUR, public=True),
        include_in_schema=False,
    )
    return [pages, static]
