"""The application of a window: routes, limits and the one place where errors become answers.

Owns how the pieces are joined. Must not know which service it is part of, nor start servers or links.
"""

from __future__ import annotations

from litestar import Litestar, get
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.response import Response

from bancheng.window.parts import Limits, Links, Rate, Readiness, TierWindow, WindowParts

__all__ = ["Limits", "Links", "Rate", "Readiness", "TierWindow", "WindowParts", "create_application"]


@get("/healthz", include_in_schema=False)
async def health() -> dict[str, str]:
    """The process answers: nothing more."""
    return {"status": "ok"}


@get("/readyz", include_in_schema=False)
async def readiness(parts: WindowParts) -> Response[dict[str, object]]:
    """200 when it can work, 503 with stable codes when it cannot."""
    problems = list(await parts.readiness())
    return Response(
        {"status": "unready" if problems else "ready", "problems": problems}, status_code=503 if problems else 200
    )


def create_application(parts: WindowParts) -> Litestar:
    """One window's application. The composition root has opened what `parts` names and closes it in its hooks."""

    def the_parts() -> WindowParts:
        return parts

    return Litestar(
        route_handlers=[health, readiness, *parts.tier.routes],
        dependencies={"parts": Provide(the_parts, sync_to_thread=False)},
        middleware=list(parts.middleware),
        request_max_body_size=parts.limits.body_bytes,
        on_startup=list(parts.on_startup),
        on_shutdown=list(parts.on_shutdown),
        openapi_config=OpenAPIConfig(
            title="Bancheng", version="1", path="/api/v1", render_plugins=[JsonRenderPlugin(path="/openapi.json")]
        ),
        debug=False,
    )
