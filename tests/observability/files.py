"""What deploy/observability holds, read: rules, their words and the names of figures in an expression."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import msgspec
import pytest

PROJECT: Final = Path(__file__).parents[2]
FOLDER: Final = PROJECT / "deploy" / "observability"
RULES: Final = FOLDER / "rules.yaml"
TIERS: Final = ("village", "town", "county")

SUFFIXES: Final = ("_bucket", "_count", "_sum")
"""What a histogram is asked for by."""
_NAME = re.compile(r"\b(bancheng_[a-z_]+)\b(?:\{([^}]*)\})?")
_MATCHED = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")


class Rule(msgspec.Struct, frozen=True, kw_only=True, rename={"holds_for": "for"}):
    """One alert."""

    alert: str
    expr: str
    labels: dict[str, str]
    annotations: dict[str, str]
    holds_for: str = "0s"


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Rules that are evaluated together."""

    name: str
    rules: list[Rule]


class RuleFile(msgspec.Struct, frozen=True, kw_only=True):
    """rules.yaml."""

    groups: list[Group]


def rules() -> list[Rule]:
    """Every alert, in the order of the file."""
    return [rule for group in groups() for rule in group.rules]


def groups() -> list[Group]:
    return msgspec.yaml.decode(RULES.read_bytes(), type=RuleFile).groups


def figures_in(expression: str) -> list[tuple[str, set[str]]]:
    """The figures that an expression asks for, each with the labels that it selects by."""
    return [(name, set(_MATCHED.findall(labels))) for name, labels in _NAME.findall(expression)]


def promtool(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Prometheus' own tool, where the host has it."""
    tool = shutil.which("promtool")
    if tool is None:
        pytest.skip("promtool is not installed here (Debian package prometheus): rules and metrics were not tried")
    return subprocess.run([tool, *arguments], input=given, capture_output=True, timeout=60, check=False)
