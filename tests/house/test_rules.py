"""The house rules that no linter knows: size of files and functions, forbidden names, no address or machine path."""

from __future__ import annotations

import ast
import re
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LONGEST_FILE = 400
LONGEST_FUNCTION = 70
FORBIDDEN_MODULES = {"utils", "util", "common", "helpers", "helper", "manager", "base", "misc"}
TEXT = {
    "", ".cfg", ".conf", ".css", ".csv", ".env", ".example", ".html", ".in", ".ini", ".j2", ".js", ".json", ".mako",
    ".md", ".po", ".py", ".sh", ".sql", ".toml", ".txt", ".yaml", ".yml",
}  # fmt: skip
# Put together from pieces, so that this file does not hold what it looks for.
MACHINE_PATHS = re.compile("/(?:" + "|".join(("work", "farm", "tmp/" + "claude", "tmp/" + "w", "root")) + ")/")
INDEX_ADDRESSES = re.compile(
    "|".join(
        (
            "(?:extra-)?" + "index" + "-url",
            "--" + "find" + "-links [^\\s]*/",
            "trusted" + "-host ",
            "py" + "pi\\.(?:org|python)",
            "files\\.python" + "hosted",
            "registry\\.npm" + "js",
            "/" + "simple" + "/",
        )
    )
)
# The compile target tells pip-tools to leave addresses out, and must name the options for that.
NAMES_THE_OPTIONS = {"Makefile"}


@cache
def files() -> tuple[Path, ...]:
    """Every file that is in a commit or would be in the next one."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, timeout=30, check=True,
    ).stdout.splitlines()  # fmt: skip
    found = tuple(sorted({ROOT / name for name in listed if (ROOT / name).is_file()}))
    assert found
    return found


def python_files() -> list[Path]:
    return [path for path in files() if path.suffix == ".py"]


def texts() -> list[tuple[str, str]]:
    return [(str(path.relative_to(ROOT)), path.read_text()) for path in files() if path.suffix in TEXT]


def test_no_python_file_is_longer_than_a_reader_can_hold() -> None:
    lines = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in python_files()}
    assert not {name: count for name, count in lines.items() if count > LONGEST_FILE}


def test_no_function_is_longer_than_a_screen() -> None:
    long = {
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in python_files()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno + 1 > LONGEST_FUNCTION
    }
    assert not long


def test_no_module_is_a_drawer_for_everything() -> None:
    names = {path for path in python_files() if {path.stem, *path.relative_to(ROOT).parts} & FORBIDDEN_MODULES}
    assert not names


def test_every_package_and_module_of_the_product_says_what_it_owns() -> None:
    silent = {
        str(path.relative_to(ROOT))
        for path in python_files()
        if path.is_relative_to(ROOT / "shared") or path.is_relative_to(ROOT / "services")
        if not ast.get_docstring(ast.parse(path.read_text()))
    }
    assert not silent


def test_shared_never_asks_which_tier_it_is() -> None:
    asked: set[str] = set()
    for path in python_files():
        if not path.is_relative_to(ROOT / "shared"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.If | ast.IfExp | ast.Match):
                tested = node.subject if isinstance(node, ast.Match) else node.test
                compared = [tested] if isinstance(node, ast.Match) else comparisons(tested)
                if any(names_own_tier(part) for part in compared):
                    asked.add(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not asked


def comparisons(test: ast.expr) -> list[ast.expr]:
    """Both sides of every `==` or `in` against a literal within `test`."""
    sides: list[ast.expr] = []
    for node in ast.walk(test):
        if isinstance(node, ast.Compare) and any(is_literal(side) for side in (node.left, *node.comparators)):
            sides += [node.left, *node.comparators]
    return sides


def is_literal(side: ast.expr) -> bool:
    if isinstance(side, ast.Tuple | ast.Set | ast.List):
        return all(is_literal(element) for element in side.elts)
    is_text = isinstance(side, ast.Constant) and isinstance(side.value, str)
    return is_text or (isinstance(side, ast.Attribute) and side.attr.isupper())


def names_own_tier(expression: ast.expr) -> bool:
    if isinstance(expression, ast.Name):
        return expression.id == "tier"
    return isinstance(expression, ast.Attribute) and expression.attr == "tier"


def test_no_committed_file_names_a_path_of_some_machine() -> None:
    found = [(name, match.group()) for name, text in texts() if (match := MACHINE_PATHS.search(text))]
    assert not found


def test_no_committed_file_names_where_packages_come_from() -> None:
    found = [
        (name, match.group())
        for name, text in texts()
        if name not in NAMES_THE_OPTIONS
        if (match := INDEX_ADDRESSES.search(text))
    ]
    assert not found


def test_every_locked_package_has_a_hash() -> None:
    for lock in ("requirements.txt", "requirements-service.txt", "requirements-build.txt"):
        entries = re.split(r"\n(?=[a-z])", (ROOT / lock).read_text())
        packages = [entry for entry in entries if "==" in entry.partition("\n")[0]]
        assert packages
        assert not [entry.partition("\n")[0] for entry in packages if "--hash=sha256:" not in entry]


def test_the_program_knows_no_jurisdiction_by_name_or_code() -> None:
    """One program for all rule books: which county it is stands in profiles and demo data alone."""
    profiles = ROOT / "shared" / "bancheng" / "profiles"
    demo = ROOT / "shared" / "bancheng" / "runtime" / "demo"
    codes = [folder.name for folder in profiles.iterdir() if (folder / "profile.toml").is_file()]
    assert len(codes) >= 5
    chinese = ["磐安", "攀枝花", "内乡", "山亭", "萧山", "枣庄", "杭州", "瓜沥", "钒钛", "攀西"]
    letters = ["pan'?an", "panzhihua", "neixiang", "shanting", "xiaoshan", "zaozhuang", "hangzhou", "guali"]
    named = re.compile("|".join([*codes, *chinese, *(rf"\b{word}\b" for word in letters)]), re.IGNORECASE)
    mine = [(ROOT / name, text) for name, text in texts() if name.startswith(("shared/", "services/"))]
    program = [
        (path, text)
        for path, text in mine
        # The folders of the profiles are data; the modules beside them are program.
        if not path.is_relative_to(demo) and path.parent.parent != profiles
    ]
    assert len(program) > 200
    assert not [f"{path.name}: {match.group()}" for path, text in program if (match := named.search(text))]
