"""The compose files, their environment examples and what the operators' pages tell to type, held against each other."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from bancheng.runtime import command
from bancheng_county.app import DEFINITION as COUNTY
from bancheng_town.app import DEFINITION as TOWN
from bancheng_village.app import DEFINITION as VILLAGE

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
TIERS: Final = {"county": COUNTY, "town": TOWN, "village": VILLAGE}
OF_COMPOSE: Final = {"COMPOSE_PROFILES"}
"""Read by Compose itself: which profiles are on."""
_VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)")
_TOOL = re.compile(r"^bancheng(-[a-z]+)?$")

pytestmark = pytest.mark.parametrize("tier", TIERS)


def _compose(tier: str) -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / tier / "compose.yaml").read_text())


def _example(tier: str) -> dict[str, str]:
    lines = (DEPLOY / tier / "env.example").read_text().splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def test_every_variable_is_explained_and_every_explained_one_is_used(tier: str) -> None:
    used = set(_VARIABLE.findall((DEPLOY / tier / "compose.yaml").read_text()))
    assert used == set(_example(tier)) - OF_COMPOSE


def test_the_example_says_the_defaults_that_are_taken_without_it(tier: str) -> None:
    text = (DEPLOY / tier / "compose.yaml").read_text()
    defaults = dict(re.findall(r"\$\{([A-Z][A-Z0-9_]*):-([^}]*)\}", text))
    said = {name: value for name, value in _example(tier).items() if value}
    assert {name: defaults[name] for name in said if name in defaults} == said


def test_nothing_runs_as_it_would_by_default(tier: str) -> None:
    for name, service in _compose(tier)["services"].items():
        assert "logging" in service, name
        assert "privileged" not in service, name
        if name != "database":
            assert service["read_only"], name
            assert service["cap_drop"] == ["ALL"], name
            assert "no-new-privileges:true" in service["security_opt"], name


@pytest.mark.skipif(shutil.which("docker-compose") is None, reason="docker-compose is not installed")
def test_the_older_compose_takes_the_file(tier: str, tmp_path: Path) -> None:
    environment = "".join(f"{name}={value or 'x'}\n" for name, value in _example(tier).items())
    (tmp_path / ".env").write_text(environment)
    arguments = ["--env-file", str(tmp_path / ".env"), "-f", str(DEPLOY / tier / "compose.yaml"), "config", "-q"]
    done = subprocess.run(["docker-compose", *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_the_page_tells_to_type_exists(tier: str) -> None:
    services = set(_compose(tier)["services"])
    named: set[str] = set()
    for words in _commands((DEPLOY / tier / "README.md").read_text()):
        if words[0] == "deploy/install":
            assert words[1] in TIERS
            continue
        if words[:2] == ["docker", "compose"]:
            named |= set(words[2:]) & services
            _check_service(words, services)
        if start := next((place for place, word in enumerate(words) if _TOOL.match(word)), None):
            _check_tool(words[start:], tier)
    assert "service" in named


def _commands(page: str) -> Iterator[list[str]]:
    """Whatever is in a code block or a code span and begins with a program that we tell to type."""
    joined = page.replace("\\\n", " ")
    blocks = re.findall(r"^ {4}(\S.*)$", joined, re.MULTILINE)
    spans = re.findall(r"`([^`\n]+)`", joined)
    for text in (*blocks, *spans):
        for part in text.split(" && "):
            with contextlib.suppress(ValueError):
                words = shlex.split(part, comments=True)
                if words and words[0] in {"docker", "deploy/install"} and len(words) > 2:
                    yield words


def _check_service(words: list[str], services: set[str]) -> None:
    """The first word after the verb that is no option is a service."""
    verb, *rest = words[2:]
    if verb in {"exec", "run", "kill", "logs", "restart"}:
        plain = [word for place, word in enumerate(rest) if not word.startswith("-") and rest[place - 1] != "-s"]
        assert plain[0] in services, words


def _check_tool(words: list[str], tier: str) -> None:
    """Asked for help, the command line knows the subcommand; and every option that the page gives stands in it."""
    program, *rest = words
    until = next((place for place, word in enumerate(rest) if word.startswith("-") or word in "<>|"), len(rest))
    subcommand = [word for word in rest[:until] if re.fullmatch("[a-z]+", word)]
    options = {word for word in rest if word.startswith("--")}
    said = io.StringIO()
    asked = [*subcommand, "--help"]
    run = command.main if program == "bancheng" else partial(command.service_main, TIERS[program[len("bancheng-") :]])
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), pytest.raises(SystemExit) as ended:
        run(asked)
    assert ended.value.code == 0, (words, said.getvalue())
    assert program in {"bancheng", f"bancheng-{tier}"}
    assert {each for each in options if each not in said.getvalue()} == set(), words
