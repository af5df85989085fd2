"""How a write is answered: the stored JSON as it is, and what the description of the API says of its refusals."""

from __future__ import annotations

from typing import Annotated, Final

from litestar import Response
from litestar.enums import MediaType
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import HeaderParameter

from bancheng.window.error_responses import ErrorView
from bancheng.window.idempotency import Answer

Key = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        description="Required. Yours, 1 to 128 visible ASCII characters; the same again gives the same answer.",
    ),
]
Version = Annotated[
    str | None,
    HeaderParameter(name="If-Match", description="The `version` that you saw; refused when the case has moved on."),
]

REPLAYED: Final = "Idempotency-Replayed"
NEEDS_KEY: Final[dict[int, ResponseSpec]] = {
    400: ResponseSpec(ErrorView, description="Unreadable, or without a key", generate_examples=False),
    401: ResponseSpec(ErrorView, description="Not signed in", generate_examples=False),
    403: ResponseSpec(ErrorView, description="The role does not allow it", generate_examples=False),
    409: ResponseSpec(ErrorView, description="The rules or the key forbid it", generate_examples=False),
    422: ResponseSpec(ErrorView, description="A field does not fit", generate_examples=False),
}
TO_A_CASE: Final[dict[int, ResponseSpec]] = {
    **NEEDS_KEY,
    404: ResponseSpec(ErrorView, description="No such case, or not to be seen", generate_examples=False),
    412: ResponseSpec(ErrorView, description="The case has moved on", generate_examples=False),
}


def answered(answer: Answer) -> Response[bytes]:
    headers = {"Cache-Control": "no-store"}
    if answer.replayed:
        headers[REPLAYED] = "true"
    return Response(answer.body, status_code=answer.status, media_type=MediaType.JSON, headers=headers)
