"""A browser with scripts, and the window on a real port of this machine, in the loop of the test.

Uses the database of the window's tests. Where no Chromium is installed these tests say so and are skipped.
"""

from __future__ import annotations

import asyncio
import shutil
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
import uvicorn
from playwright.async_api import async_playwright

from bancheng.window.parts import Limits
from tests.window.conftest import database, restored, template
from tests.window.town_hall import PASSWORD, XIAOSHAN, TownHall

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Page, ViewportSize

    from bancheng.store.database import Database

__all__ = ["database", "restored", "template", "visit"]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PHONE: ViewportSize = {"width": 390, "height": 844}


@dataclass
class Visit:
    """A page of a visitor who is signed in. `troubles`: what the browser complained of."""

    hall: TownHall
    page: Page
    troubles: list[str]


@pytest_asyncio.fixture
async def visit(database: Database) -> AsyncIterator[Visit]:
    """The clerk of a village, with a phone."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: what a script does at the pages is not shown here")
    hall = TownHall(database, limits=Limits(paper_bytes=1 << 20))
    server = uvicorn.Server(uvicorn.Config(hall.application, log_level="error", lifespan="off", ws="none"))
    door = socket.create_server(("127.0.0.1", 0))
    serving = asyncio.create_task(server.serve(sockets=[door]))
    try:
        async with async_playwright() as player:
            browser = await player.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            context = await browser.new_context(
                base_url=f"http://127.0.0.1:{door.getsockname()[1]}",
                viewport=PHONE,
                device_scale_factor=2,
                locale="zh-CN",
            )
            context.set_default_timeout(30_000)
            yield await signed_in(hall, await context.new_page())
            await browser.close()
    finally:
        server.should_exit = True
        await serving
        door.close()


async def signed_in(hall: TownHall, page: Page) -> Visit:
    """The clerk of a village."""
    troubles = list[str]()
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: troubles.append(message.text) if "Policy" in message.text else None)
    await page.goto("/sign-in")
    await page.select_option("[name=tenant]", XIAOSHAN)
    await page.fill("[name=login]", "village-clerk")
    await page.fill("[name=password]", PASSWORD)
    await page.click("form[action='/sign-in'] [type=submit]")
    await page.wait_for_url("**/cases")
    return Visit(hall=hall, page=page, troubles=troubles)
