"""No word of the pages is untranslated, and none is translated that is not there."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path
from typing import get_args

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from bancheng import window
from bancheng.kernel.case import Stage
from bancheng.schema.events import CaseEvent, Channel, Outcome
from bancheng.window.command_registry import CASE_COMMANDS
from bancheng.window.languages import language_of
from bancheng.window.pages.catalogue import word
from bancheng.window.pages.words import WORDS
from bancheng.window.permissions import Role

SOURCE = Path(window.__file__).parent
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def catalogue() -> Catalog:
    path = SOURCE / "locales" / "en" / "LC_MESSAGES" / "bancheng.po"
    return read_po(BytesIO(path.read_bytes()), locale="en", abort_invalid=True)


def said_in_source() -> set[tuple[str | None, str]]:
    """Everything that templates and pages say through gettext, and the words of each group."""
    methods = [("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]
    found = extract_from_dir(SOURCE, methods, keywords={"_": None, "gettext": None, "said": None})
    texts: set[tuple[str | None, str]] = {(None, str(message)) for _, _, message, _, _ in found}
    return texts | {(group, text) for group, named in WORDS.items() for text in named.values()}


def test_every_text_of_the_pages_is_in_the_catalogue_and_nothing_else() -> None:
    written = {(message.context, str(message.id)) for message in catalogue() if message.id}
    said = said_in_source()
    assert len(said) > 100
    assert said - written == set()
    assert written - said == set()


def test_every_translation_is_english_with_the_same_places() -> None:
    places = re.compile(r"%\([a-z_]+\)s")
    for message in catalogue():
        if message.id:
            assert message.string, message.id
            assert not CHINESE.search(str(message.string)), message.id
            assert not message.fuzzy, message.id
            assert set(places.findall(str(message.id))) == set(places.findall(str(message.string))), message.id


@pytest.mark.parametrize("path", sorted((SOURCE / "templates").glob("*.html")), ids=lambda path: path.name)
def test_no_template_says_chinese_past_the_catalogue(path: Path) -> None:
    text = re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    # The brand stands as it is in every language, and a bracket around a code is no word.
    assert not CHINESE.search(text.replace(">办成</span>", ""))


def test_every_identifier_of_the_field_has_its_word() -> None:
    assert set(get_args(Stage)) == set(WORDS["stage"])
    assert set(get_args(Outcome)) == set(WORDS["outcome"])
    assert set(get_args(Channel)) <= set(WORDS["channel"])
    assert {kind.__name__ for kind in get_args(CaseEvent)} == set(WORDS["event"])
    assert set(CASE_COMMANDS) == set(WORDS["command"])
    assert set(get_args(Role)) == set(WORDS["role"])
    fields = {name for spec in CASE_COMMANDS.values() for name in spec.body.__struct_fields__}
    assert fields <= set(WORDS["field"])


def test_a_word_is_said_in_the_language_of_the_reader_by_its_group() -> None:
    assert (word("zh", "stage", "registered"), word("en", "stage", "registered")) == ("登记", "registered")
    assert word("en", "command", "escalate") == "Escalate"
    assert word("en", "command", "no-such") == "no-such"


@pytest.mark.parametrize(
    ("header", "cookie", "language"),
    [
        (None, None, "zh"),
        ("en", None, "en"),
        ("en;q=0.3, zh-CN;q=0.9", None, "zh"),
        ("de, en;q=0.2", None, "en"),
        ("de", None, "zh"),
        ("en;q=0", None, "zh"),
        ("en;q=x", None, "zh"),
        ("zh", "en", "en"),
        ("en", "fr", "en"),
        ("," * 5_000, None, "zh"),
    ],
)
def test_the_language_is_the_readers_choice(header: str | None, cookie: str | None, language: str) -> None:
    assert language_of(header, cookie) == language
