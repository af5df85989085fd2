"""Every word that `check` can say is there in both languages, and none that it cannot."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from bancheng.runtime.findings import Finding, failed_by, ok, warning
from bancheng.store.errors import PaperStoreUnavailable

FOLDER = Path(__file__).parents[2] / "shared" / "bancheng" / "runtime"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
PLACE = re.compile(r"\{([a-z_]+)\}")
FILE = tomllib.loads((FOLDER / "check_texts.toml").read_text(encoding="utf-8"))
TEXTS = {f"{family}.{name}": text for family, texts in FILE["findings"].items() for name, text in texts.items()}
SOURCES = [FOLDER / "checks.py", FOLDER / "findings.py", *FOLDER.glob("check_*.py")]


def test_every_text_that_is_named_is_there_and_the_other_way_round() -> None:
    source = "".join(each.read_text(encoding="utf-8") for each in SOURCES)
    of_errors = {PaperStoreUnavailable.code}
    named = {each for each in re.findall(r'"([a-z_]+\.[a-z_]+)"', source) if each.partition(".")[0] in FILE["findings"]}
    assert named | of_errors == set(TEXTS)
    assert set(re.findall(r'(?:ok|warning|failed|failed_by)\("([a-z_]+)"', source)) <= set(FILE["subjects"])


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_whole_in_both_languages(text: str) -> None:
    words = TEXTS[text]
    assert ("todo_zh" in words) == ("todo_en" in words)
    for zh, en in (("zh", "en"), ("todo_zh", "todo_en")):
        if zh in words:
            assert sorted(set(PLACE.findall(words[zh]))) == sorted(set(PLACE.findall(words[en])))
            assert not CHINESE.search(words[en])
    assert CHINESE.search(words.get("todo_zh", "无")), "a command alone says nothing of why"


def test_every_page_to_which_an_operator_is_sent_is_there_and_goes_into_the_bundle() -> None:
    root = FOLDER.parents[2]
    named = {page for each in (*SOURCES, *FOLDER.glob("*.toml"), FOLDER / "status_screen.py")
             for page in re.findall(r"docs/[a-z/-]+\.md", each.read_text(encoding="utf-8"))}  # fmt: skip
    assert "docs/ops/full-disk.md" in named
    assert {page for page in named if not (root / page).is_file()} == set()
    assert re.search(r'^pages=".*\bdocs\b', (root / "deploy/offline/bundle").read_text(encoding="utf-8"), re.MULTILINE)


def test_a_finding_is_told_in_the_readers_language() -> None:
    found = warning("hub", "nats.no_stream", site="330109/county", stream="UP_town")
    assert found.lines("zh") == (
        "注意  330109/county 的消息服务：还没有信箱 UP_town\n      -> "
        "有这台消息服务的那一级，服务一运行并连上就会建好；一分钟后还没有，看那里的 check 和日志中的 mailbox"
    )
    assert found.lines("en") == (
        "warning  330109/county hub: no stream UP_town yet\n"
        "         -> the service of the tier that keeps this nats-server makes it once it runs and is connected; "
        "if it is not there in a minute, see check there and `mailbox` in its log"
    )
    assert ok("clock", "clock.real").lines("zh") == "正常  业务时钟：按真实时间"


def test_an_error_that_has_no_words_here_is_told_as_everywhere() -> None:
    unforeseen = Finding(level="failed", subject="database", text="case.closed", parameters={"stage": "struck_off"})
    assert unforeseen.told("zh").said == "[case.closed] 案件已经结束（销号），不能再办。"
    assert unforeseen.told("zh").todo
    known = failed_by("papers", PaperStoreUnavailable(), place="papers", setting="BANCHENG_PAPERS_PLACE")
    assert "papers: paper.store_unavailable, The place where papers are kept" in known.told("en").said
