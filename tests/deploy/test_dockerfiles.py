"""Every Dockerfile as hadolint reads it, the linter itself, which comes with the locked packages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HADOLINT = Path(sys.executable).with_name("hadolint")
DOCKERFILES = sorted(path for path in (ROOT / "deploy").rglob("*") if "Dockerfile" in path.name)


def _said(path: Path) -> str:
    done = subprocess.run([HADOLINT, "--no-color", path], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode in {0, 1}, done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_linter_finds_nothing(path: Path) -> None:
    assert _said(path) == ""


def test_the_linter_would_find_something(tmp_path: Path) -> None:
    bad = tmp_path / "Dockerfile"
    bad.write_text("FROM debian\nRUN apt-get install curl\n")
    assert "DL3006" in _said(bad)
    assert DOCKERFILES
