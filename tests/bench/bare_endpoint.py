"""What a registration costs with nothing of ours: Litestar, SQLAlchemy Core, the same rows in one transaction.

Owns the endpoint that the bench compares with: no rules, clocks, hashes, signatures, roles or row-level security; one
insert for each table, every statement built once, served by the same server with the same settings as ours. The
rows are copies of a registration that our own service wrote, with another key.
Run as `python -m tests.bench.bare_endpoint <port> <database url> <template file>`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import uvicorn
import uvloop
from litestar import Litestar, Request, post
from sqlalchemy import Insert, insert
from sqlalchemy.ext.asyncio import create_async_engine

from bancheng.store import tables
from bancheng.store.database import driver_url
from bancheng.window.command_registry import RegisterBody

POOL_SIZE = 10
WRITTEN = ("cases", "case_event", "outbox", "idempotency", "audit", "counter_delta", "gram_queue")

Template = dict[str, dict[str, Any]]
"""For each table the columns of one row."""


class Made(msgspec.Struct, frozen=True, kw_only=True):
    case_id: UUID
    number: str


def application(database_url: str, template: Template) -> Litestar:
    engine = create_async_engine(driver_url(database_url), pool_size=POOL_SIZE, max_overflow=0)
    statements: list[tuple[Insert, dict[str, Any]]] = [
        (insert(tables.metadata.tables[name]), template[name]) for name in WRITTEN
    ]

    @post("/cases", status_code=201)
    async def register(request: Request[Any, Any, Any], data: RegisterBody) -> Made:
        case_id = uuid4()
        given = {"cases": {"title": data.title}, "idempotency": {"key": request.headers["idempotency-key"]}}
        async with engine.begin() as connection:
            for statement, row in statements:
                own = {"case_id": case_id} if "case_id" in row else {}
                await connection.execute(statement, row | own | given.get(statement.table.name, {}))
        return Made(case_id=case_id, number=str(template["cases"]["number"]))

    return Litestar(route_handlers=[register], on_shutdown=[engine.dispose], openapi_config=None, logging_config=None)


def read_template(path: Path) -> Template:
    """Values have the types of the tables' columns."""
    raw: Template = msgspec.msgpack.decode(path.read_bytes())
    columns = {name: tables.metadata.tables[name].columns for name in WRITTEN}
    return {
        name: {
            column: None if value is None else msgspec.convert(value, columns[name][column].type.python_type)
            for column, value in row.items()
        }
        for name, row in raw.items()
    }


def main(port: str, database_url: str, template: str) -> None:
    config = uvicorn.Config(
        application(database_url, read_template(Path(template))),
        port=int(port), http="httptools", log_config=None, access_log=False, server_header=False,
    )  # fmt: skip
    uvloop.run(uvicorn.Server(config).serve())


if __name__ == "__main__":
    main(*sys.argv[1:])
