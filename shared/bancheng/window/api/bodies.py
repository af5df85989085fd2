"""How the API reads a body: strictly, by our own decoder, with the schema that the description of the API shows.

Owns the seam to the framework's data transfer objects.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, ClassVar

import msgspec
from litestar.connection import ASGIConnection
from litestar.dto import AbstractDTO
from litestar.dto.data_structures import DTOFieldDefinition
from litestar.openapi.spec import Reference, Schema
from litestar.typing import FieldDefinition

from bancheng.window.failures import ApiError
from bancheng.window.input_text import decode_body


class StrictBody(AbstractDTO[Any]):
    """A JSON object of one struct: no unknown field, no conversion of types, every problem named by its field."""

    kind: ClassVar[type[msgspec.Struct]]

    def __init__(self, asgi_connection: ASGIConnection[Any, Any, Any, Any]) -> None:
        super().__init__(asgi_connection)  # pyright: ignore[reportUnknownMemberType]
        given = asgi_connection.headers.get("content-type", "application/json")
        if given.partition(";")[0].strip().lower() != "application/json":
            raise ApiError(415, "api.unsupported_media_type")

    def decode_bytes(self, value: bytes) -> msgspec.Struct:
        return decode_body(value, self.kind)

    @classmethod
    def create_for_field_definition(
        cls, field_definition: FieldDefinition, handler_id: str, backend_cls: Any = None
    ) -> None:
        """Nothing to prepare: the struct is the form."""

    @classmethod
    def create_openapi_schema(
        cls, field_definition: FieldDefinition, handler_id: str, schema_creator: Any
    ) -> Reference | Schema:
        schema: Reference | Schema = schema_creator.for_field_definition(FieldDefinition.from_annotation(cls.kind))
        return schema

    @classmethod
    def generate_field_definitions(cls, model_type: type[Any]) -> Generator[DTOFieldDefinition, None, None]:
        yield from ()

    @classmethod
    def detect_nested_field(cls, field_definition: FieldDefinition) -> bool:
        return False


def body_of(kind: type[msgspec.Struct]) -> type[StrictBody]:
    return type(f"{kind.__name__}Read", (StrictBody,), {"kind": kind})
