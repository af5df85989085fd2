"""The application of a window: routes, limits and the one place where errors become answers.

Owns how the pieces are joined. Must not know which service it is part of, nor start servers or links.
"""

from __future__ import annotations

from typing import Any

from litestar import Litestar, Request, get
from litestar.datastructures import State
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.response import Response

from bancheng.window.api.routes import PREFIX, api_router
from bancheng.window.pages.errors import answer_any_error
from bancheng.window.pages.routes import page_routers
from bancheng.window.parts import WindowParts
from bancheng.window.requests import window_of
from bancheng.window.window import Window


@get("/healthz", include_in_schema=False)
async def health() -> dict[str, str]:
    """The process answers: nothing more."""
    return {"status": "ok"}


@get("/readyz", include_in_schema=False)
async def readiness(request: Request[Any, Any, State]) -> Response[dict[str, object]]:
    """200 when it can work, 503 with stable codes when it cannot."""
    problems = list(await window_of(request).parts.readiness())
    return Response(
        {"status": "unready" if problems else "ready", "problems": problems}, status_code=503 if problems else 200
    )


def create_application(parts: WindowParts) -> Litestar:
    """One window's application. The composition root has opened what `parts` names and closes it in its hooks."""
    return Litestar(
        route_handlers=[health, readiness, api_router(), *page_routers(), *parts.tier.routes],
        dependencies={"window": Provide(_the_window, sync_to_thread=False)},
        exception_handlers={Exception: answer_any_error},
        middleware=list(parts.middleware),
        request_max_body_size=parts.limits.body_bytes,
        on_startup=list(parts.on_startup),
        on_shutdown=list(parts.on_shutdown),
        openapi_config=_description(parts),
        state=State({"window": Window(parts)}),
        logging_config=None,
        debug=False,
    )


def _the_window(request: Request[Any, Any, State]) -> Window:
    return window_of(request)


def _description(parts: WindowParts) -> OpenAPIConfig:
    """The description of the API, as JSON only: a page that renders it would load from elsewhere."""
    return OpenAPIConfig(
        title=f"办成 Bancheng · {parts.tier.name.zh} {parts.tier.name.en}",
        version=parts.version or "1",
        # Not the prefix itself: the framework answers everything below this path with a page of its own.
        path=f"{PREFIX}/openapi.json",
        render_plugins=[JsonRenderPlugin(path="/")],
        components=Components(
            security_schemes={"token": SecurityScheme(type="http", scheme="bearer", description="POST /tokens")}
        ),
        security=[{"token": []}],
        use_handler_docstrings=True,
    )
