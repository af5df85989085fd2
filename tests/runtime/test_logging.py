"""A log line says what happened and where, and never whom it concerned."""

from __future__ import annotations

import ast
import json
import logging
import sys
from pathlib import Path
from typing import Any

from bancheng.runtime.logging import ALLOWED, JsonLines
from bancheng.store.errors import DatabaseUnavailable

PROJECT = Path(__file__).parents[2]
SECRET = "张三 00012345678"


def line(record: logging.LogRecord) -> dict[str, Any]:
    text = JsonLines().format(record)
    assert "\n" not in text
    assert SECRET not in text
    return json.loads(text)


def record(name: str, message: str, *arguments: object, **extra: object) -> logging.LogRecord:
    return logging.getLogger(name).makeRecord(
        name, logging.WARNING, "file.py", 1, message, arguments, None, extra=extra
    )


def test_only_allowed_fields_are_written() -> None:
    said = line(record("bancheng.federation.mailbox", "mailbox made", stream="UP_town", person=SECRET, body=SECRET))
    assert (said["event"], said["stream"], said["level"]) == ("mailbox made", "UP_town", "warning")
    assert not {"person", "body"} & said.keys()


def test_every_field_that_we_log_is_allowed_and_no_other() -> None:
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in sorted((PROJECT / "shared").rglob("*.py"))]
    given = [
        node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "extra"
    ]
    fields = {ast.literal_eval(key) for extra in given if isinstance(extra, ast.Dict) for key in extra.keys if key}
    assert all(isinstance(extra, ast.Dict) for extra in given)
    assert fields == ALLOWED


def test_what_was_filled_into_a_message_is_left_out() -> None:
    assert line(record("asyncpg", "row %s", SECRET))["event"] == "row %s"
    assert line(record("bancheng.window", "case of %s", SECRET))["event"] == "case of %s"


def test_an_exception_is_written_by_type_code_and_place_and_not_by_its_words() -> None:
    def fail() -> None:
        try:
            raise ValueError(SECRET)
        except ValueError as error:
            raise DatabaseUnavailable from error

    made = record("bancheng.federation.worker", "worker in trouble")
    try:
        fail()
    except DatabaseUnavailable:
        made.exc_info = sys.exc_info()
    first, second = line(made)["exception"]
    assert (first["type"], first["code"]) == ("bancheng.store.errors.DatabaseUnavailable", "database.unavailable")
    assert any("fail" in frame for frame in first["frames"])
    assert second["type"] == "builtins.ValueError"
