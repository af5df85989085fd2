from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from bancheng.kernel.case import Stage
from bancheng.schema import clocks
from bancheng.window.error_texts import UNEXPLAINED, every_code, text_for
from tests.support.error_codes import codes_in

PROJECT = Path(__file__).parents[2]
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_every_code_that_the_source_can_give_has_a_text() -> None:
    codes = codes_in(PROJECT / "shared" / "bancheng", PROJECT / "services")
    missing = {code: file for code, file in codes.items() if code not in every_code()}
    assert not missing, "add them to shared/bancheng/window/error_texts.toml and run `make docs`"


def test_every_text_is_of_a_code_that_the_source_names() -> None:
    folders = (PROJECT / "shared" / "bancheng", PROJECT / "services")
    source = "".join(file.read_text(encoding="utf-8") for folder in folders for file in sorted(folder.rglob("*.py")))
    assert not [code for code in every_code() if f'"{code}"' not in source]


@pytest.mark.parametrize("code", every_code())
def test_a_text_says_what_is_wrong_and_what_to_do_in_both_languages(code: str) -> None:
    zh, en = text_for(code, "zh"), text_for(code, "en")
    for text in (zh.message, zh.next_step):
        assert CHINESE.search(text)
        assert text.endswith("。")
    for text in (en.message, en.next_step):
        assert not CHINESE.search(text)
        assert text.endswith(".")
    places = re.compile(r"\[[a-z_]+\]")
    assert set(places.findall(zh.message + zh.next_step)) == set(places.findall(en.message + en.next_step))


def test_parameters_are_filled_in_and_stages_and_clocks_said_in_words() -> None:
    assert text_for("case.closed", "zh", {"stage": "struck_off"}).message == "案件已经结束（销号），不能再办。"
    assert "struck off" in text_for("case.closed", "en", {"stage": "struck_off"}).message
    assert "330109101" in text_for("case.not_holder", "zh", {"unit": "330109101"}).message
    assert "本级办理期限" in text_for("extension.clock_not_running", "zh", {"clock": "holder"}).message


def test_every_stage_and_clock_has_its_words() -> None:
    catalogue = PROJECT / "shared" / "bancheng" / "window" / "error_texts.toml"
    words = tomllib.loads(catalogue.read_text(encoding="utf-8"))["words"]
    assert set(words["stage"]) == set(get_args(Stage))
    named = {clocks.PERSON, clocks.HOLDER, clocks.TRANSIT, clocks.LATE_DECISION, clocks.CONCLUSION, clocks.PURSUIT}
    assert set(words["clock"]) == named


def test_a_missing_parameter_does_not_lose_the_message() -> None:
    assert "[unit]" in text_for("case.not_holder", "en").message


def test_what_a_user_typed_is_neither_expanded_nor_given_back_in_full() -> None:
    text = text_for("unit.unknown", "en", {"unit": "{number}" + "x" * 5_000, "number": "secret"})
    assert "secret" not in text.message
    assert "{number}" in text.message
    assert len(text.message) < 300


def test_a_code_without_a_text_is_still_an_answer() -> None:
    assert text_for("no.such_code", "zh") == text_for(UNEXPLAINED, "zh")


def test_codes_are_found_however_they_are_spelled(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "a.py").write_text(
        'NAMED: Final = "e.five"\n'
        'def f(): raise Rejected("a.one" if late else "a.two", field="x.y")\n'
        'class Bad(Exception):\n    code = "b.three"\n'
        'class Codes(StrEnum):\n    NO = "not_counted"\n'
        'class WrongCode(StrEnum):\n    FOUR = "c_four"\n'
        "def g(): raise Broken(NAMED)\n"
        'answer = Applied(number=1, reason="f.six")\n'
        'SomeCode = Literal["g.seven", "g.eight"]\n'
        'path = open("not.a_code")\n',
        encoding="utf-8",
    )
    assert set(codes_in(tmp_path / "source")) == {
        "a.one", "a.two", "b.three", "c_four", "e.five", "f.six", "g.seven", "g.eight",
    }  # fmt: skip
