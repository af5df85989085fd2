"""Ending tasks for good, also where a library swallows a cancellation that meets the end of what it was doing.

Owns the asking. Knows nothing of what the tasks do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

ASK_AGAIN_SECONDS: Final = 2.0
"""Long enough for what is rolled back or closed on the way out: a further cancellation would cut that short."""


async def end(tasks: Sequence[asyncio.Task[Any]], *, ask_again_seconds: float = ASK_AGAIN_SECONDS) -> None:
    """Returns when all have ended. Each is cancelled again and again until it has: once is not enough. Raises what the
    first of them failed with.
    """
    while waiting := {task for task in tasks if not task.done()}:
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting, timeout=ask_again_seconds)
    for task in tasks:
        if not task.cancelled():
            task.result()
