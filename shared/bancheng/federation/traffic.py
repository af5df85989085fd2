"""Who goes first on a link: frames before papers.

Owns only the memory of when frames last moved. Knows neither frames nor papers.
"""

from __future__ import annotations

import asyncio
from typing import Final

QUIET_SECONDS: Final = 0.1
"""A link on which no frame moved for so long is free for a piece of a paper."""
PATIENCE_SECONDS: Final = 3.0
"""On a link that is never quiet papers go on slowly: a piece after so long."""


class Traffic:
    """One for each link and process."""

    def __init__(self) -> None:
        self._moved_at = 0.0

    def frames_moved(self) -> None:
        """Frames are being sent or were just taken in."""
        self._moved_at = asyncio.get_running_loop().time()

    async def let_frames_go_first(self) -> None:
        """Returns when the link is quiet, or when patience ends."""
        loop = asyncio.get_running_loop()
        patience_ends = loop.time() + PATIENCE_SECONDS
        quiet_in = self._quiet_in()
        while quiet_in > 0 and loop.time() < patience_ends:
            await asyncio.sleep(quiet_in)
            quiet_in = self._quiet_in()

    def _quiet_in(self) -> float:
        return self._moved_at + QUIET_SECONDS - asyncio.get_running_loop().time()
