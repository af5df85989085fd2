"""All routes of the API, version 1, under one guard and one exception handler."""

from __future__ import annotations

from litestar import Router

from bancheng.window.api import (
    cases,
    commands,
    directory,
    forms,
    ledgers,
    papers,
    register_views,
    registers,
    rules,
    tokens,
)
from bancheng.window.error_responses import answer_error
from bancheng.window.requests import require_token

PREFIX = "/api/v1"


def api_router() -> Router:
    """Everything but signing in needs a token; the guard runs before the body is read."""
    behind_token = Router(
        "/",
        route_handlers=[
            *cases.ROUTES,
            *commands.ROUTES,
            *directory.ROUTES,
            *forms.ROUTES,
            *papers.ROUTES,
            *rules.ROUTES,
            *registers.ROUTES,
            *register_views.ROUTES,
            *ledgers.ROUTES,
        ],
        guards=[require_token],
    )
    return Router(PREFIX, route_handlers=[*tokens.ROUTES, behind_token], exception_handlers={Exception: answer_error})
