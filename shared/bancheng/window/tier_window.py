"""What tells one tier's window from another's.

Owns the shape. Imports nothing that takes long: a service's command is made with it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from bancheng.kernel.profile_parts import Text

if TYPE_CHECKING:
    from litestar.types import ControllerRouterHandler


class TierWindow(msgspec.Struct, frozen=True, kw_only=True):
    """What is a tier's own: its name, where its templates lie (looked in first), and its routes."""

    name: Text
    template_directories: tuple[Path, ...] = ()
    routes: tuple[ControllerRouterHandler, ...] = ()
