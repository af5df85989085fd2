"""What the README shows is what the demo prints and its test runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bancheng.runtime.demo.options import FIRST_PORT
from bancheng.runtime.demo.places import SERVICES
from bancheng.runtime.demo.welcome import five_calls

PROJECT = Path(__file__).parents[2]
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_the_five_calls_are_the_ones_the_demo_prints(page: str) -> None:
    urls = {name: f"http://127.0.0.1:{FIRST_PORT + offset}" for offset, name in enumerate(SERVICES)}
    readme = (PROJECT / page).read_text()
    shown = re.findall(r"```sh\n(.*?)```", readme, re.DOTALL)[0].splitlines()
    assert shown == list(five_calls(urls["village"], urls["county"]))


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md", "CONTRIBUTING.md", "docs/application.md"])
def test_no_link_leads_nowhere(page: str) -> None:
    source = PROJECT / page
    targets = [(source.parent / target).resolve() for target in LINK.findall(source.read_text())]
    assert targets
    assert [str(target) for target in targets if not target.exists()] == []
