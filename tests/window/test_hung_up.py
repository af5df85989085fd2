"""A client that goes away while it sends its body is no defect of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from litestar import Litestar, Request, post
from litestar.exceptions import InternalServerException

from bancheng.window.failures import failure_of

if TYPE_CHECKING:
    from litestar.types import HTTPScope, Receive, Send


async def test_who_hung_up_while_sending_is_foreseen() -> None:
    met: list[InternalServerException] = []

    @post("/")
    async def read(request: Request[object, object, object]) -> None:  # pyright: ignore[reportInvalidTypeArguments]
        try:
            await request.body()
        except InternalServerException as gone:
            met.append(gone)

    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        """Nobody listens any more."""

    headers = [(b"content-length", b"10"), (b"content-type", b"application/json")]
    scope = {
        "type": "http", "method": "POST", "path": "/", "raw_path": b"/", "root_path": "", "query_string": b"",
        "headers": headers, "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1), "scheme": "http",
        "http_version": "1.1", "extensions": {}, "state": {}, "asgi": {"version": "3.0", "spec_version": "2.3"},
    }  # fmt: skip
    await Litestar([read])(cast("HTTPScope", scope), cast("Receive", receive), cast("Send", send))

    [gone] = met
    failure = failure_of(gone, retry_seconds=1)
    assert failure is not None
    assert failure.code == "api.unreadable_body"
