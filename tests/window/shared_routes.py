"""Applications that share their routes and templates: building these takes a sixth of a second, for each test a window.

Owns that. What a window remembers (rates, its hosting) is never shared.
"""

from __future__ import annotations

from copy import copy
from functools import cache
from typing import TYPE_CHECKING

from litestar.datastructures import State

from bancheng.window.application import create_application
from bancheng.window.window import Window

if TYPE_CHECKING:
    from litestar import Litestar

    from bancheng.window.parts import WindowParts


class _Routes:
    """Everything of an application but its window: equal when the framework was told the same."""

    def __init__(self, parts: WindowParts) -> None:
        self._parts = parts
        self._told = (parts.tier, parts.version, parts.limits.body_bytes)
        if parts.middleware or parts.on_startup or parts.on_shutdown:
            raise ValueError("middleware and hooks belong to one application alone")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Routes) and self._told == other._told

    def __hash__(self) -> int:
        return hash(self._told)

    def built(self) -> Litestar:
        return create_application(self._parts)


@cache
def _built(routes: _Routes) -> Litestar:
    return routes.built()


def application_of(parts: WindowParts) -> Litestar:
    """As `create_application`, for parts without middleware and hooks."""
    built, window = _built(_Routes(parts)), Window(parts)
    window.renderer = built.state["window"].renderer
    application = copy(built)
    application.state = State({"window": window})
    return application
