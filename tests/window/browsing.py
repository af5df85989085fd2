"""A browser without scripts: cookies, links and forms, as a page gives them."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from tests.window.town_hall import PASSWORD, XIAOSHAN

if TYPE_CHECKING:
    import httpx

    from tests.window.town_hall import TownHall


MULTIPART = "multipart/form-data"
File = tuple[str, bytes]
"""What a visitor chose: its name and its bytes."""


class Form:
    """One form of a page, filled in as the page filled it."""

    def __init__(self, action: str, method: str, encoding: str) -> None:
        self.action = action
        self.method = method
        self.encoding = encoding
        self.values: dict[str, str] = {}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.text: list[str] = []
        self._select = ""
        self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get"), given.get("enctype", "")))
        elif tag == "input" and self.forms and "name" in given:
            self.forms[-1].values[given["name"]] = given.get("value", "")
        elif tag == "textarea":
            self._area = given["name"]
            self.forms[-1].values[self._area] = ""
        elif tag == "select":
            self._select = given["name"]
            self.forms[-1].values[self._select] = ""
        elif tag == "option" and "selected" in given:
            self.forms[-1].values[self._select] = given["value"]

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.forms[-1].values[self._area] += data
        self.text.append(data)


class Page:
    """An answer as a reader sees it."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.status = answer.status_code
        reader = _Reader()
        reader.feed(answer.text)
        self.forms = {form.action: form for form in reader.forms}
        self.text = re.sub(r"\s+", " ", " ".join(reader.text))


class Browser:
    """One visitor."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def open(self, path: str) -> Page:
        return Page(await self.client.get(path, follow_redirects=True))

    async def submit(self, page: Page, action: str, file: File | None = None, /, **typed: str) -> Page:
        return Page(await self.send(page, action, file, **typed))

    async def send(self, page: Page, action: str, file: File | None = None, /, **typed: str) -> httpx.Response:
        """Nothing is followed at first; what answers with 303 is then looked at. A form with a file goes as multipart,
        and its file is empty and without a name where none was chosen.
        """
        form = page.forms[action]
        given = {**form.values, **{name.replace("__", "."): value for name, value in typed.items()}}
        if form.encoding == MULTIPART:
            given.pop("file", None)
            sent = {"file": file if file is not None else ("", b"")}
            answer = await self.client.post(action, data=given, files=sent)
        else:
            answer = await self.client.post(action, data=given)
        if answer.status_code == 303:
            return await self.client.get(answer.headers["location"], follow_redirects=True)
        return answer


async def at_page(hall: TownHall, login: str, tenant: str = XIAOSHAN, language: str = "zh") -> Browser:
    """Signed in through the form."""
    client = hall.client()
    client.headers["Accept-Language"] = language
    browser = Browser(client)
    door = await browser.open("/")
    inside = await browser.submit(door, "/sign-in", tenant=tenant, login=login, password=PASSWORD)
    assert inside.status == 200
    assert "/sign-in" not in inside.forms
    return browser
