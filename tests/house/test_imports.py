"""Who may import whom: the contracts of pyproject.toml, and that the pure packages stay pure."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PURE = {
    "schema": {"bancheng.schema"},
    "kernel": {"bancheng.schema", "bancheng.kernel"},
}
LIBRARIES = {"msgspec"}
# The kernel gets the time, the calendar and the profile as arguments, so that history replays the same for ever.
NOT_FOR_THE_KERNEL = {
    "asyncio", "http", "io", "logging", "os", "pathlib", "random", "secrets", "shutil", "socket", "sqlite3",
    "subprocess", "tempfile", "threading", "time", "urllib",
}  # fmt: skip
CLOCKS = {"now", "utcnow", "today", "uuid1", "uuid4", "urandom"}


def test_the_import_contracts_are_kept() -> None:
    lint = Path(sys.executable).parent / "lint-imports"
    ended = subprocess.run(
        [str(lint), "--no-cache", "--config", str(ROOT / "pyproject.toml")],
        cwd=ROOT, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "0 broken" in ended.stdout


def modules(package: str) -> list[Path]:
    found = sorted((ROOT / "shared" / "bancheng" / package).rglob("*.py"))
    assert found
    return found


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None, f"{path}: relative import"
            names.add(node.module)
    return names


@pytest.mark.parametrize("package", PURE)
def test_schema_and_kernel_use_the_standard_library_and_msgspec_only(package: str) -> None:
    allowed = sys.stdlib_module_names | LIBRARIES
    strangers = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in modules(package)
        for name in imported(path)
        if name.partition(".")[0] not in allowed and ".".join(name.split(".")[:2]) not in PURE[package]
    }
    assert not strangers


def test_the_kernel_has_no_input_output_clock_or_random() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in modules("kernel")
        for name in imported(path)
        if name.partition(".")[0] in NOT_FOR_THE_KERNEL
    }
    for path in modules("kernel"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS:
                found.add(f"{path.relative_to(ROOT)}:{node.lineno}: {node.func.attr}()")
    assert not found
