from __future__ import annotations

import textwrap
import tomllib
from collections.abc import Iterator
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from bancheng.profiles.toml_lines import line_of, value_lines

EVERY_FORM = textwrap.dedent(
    '''\
    # 一个注释 = "不是键"
    plain = 1
    "quoted key" = "a # b"
    dotted.inner = 'c:\\'
    many = """
    [not.a.header]
    key = "not a key"
    """
    raw = \'\'\'
    two quotes before the end\'\'\'\'\'
    list = [
        1, # comment ]
        [2, 3],
        { day = 2026-01-01, name = "x" },
        { day = 2026-01-02, note = """a
        b""", name = "y" }, ]
    after = true

    [table]
    at = 2026-01-01T09:00:00Z
    [table.below]
    deep = [[], {}]
    [[rows]]
    key = "a"
    [rows.name]
    zh = "甲"
    [[rows]]
    key = "b"
    [[rows.cells]]
    value = 1
    [[rows.cells]]
    value = 2'''
)


def test_every_form_of_toml_is_pointed_at() -> None:
    tomllib.loads(EVERY_FORM)
    lines = value_lines(EVERY_FORM)
    expected = {
        "plain": 2,
        "quoted key": 3,
        "dotted.inner": 4,
        "many": 5,
        "raw": 9,
        "list": 11,
        "list[0]": 12,
        "list[1][1]": 13,
        "list[2].name": 14,
        "list[3].day": 15,
        "list[3].name": 16,
        "after": 17,
        "table.at": 20,
        "table.below": 21,
        "table.below.deep[1]": 22,
        "rows[0].key": 24,
        "rows[0].name.zh": 26,
        "rows[1]": 27,
        "rows[1].cells[0].value": 30,
        "rows[1].cells[1].value": 32,
    }
    assert {path: lines.get(path) for path in expected} == expected


def test_a_missing_field_is_pointed_at_by_what_is_around_it() -> None:
    lines = value_lines('a = 1\n[[rows]]\nkey = "x"\n')
    assert line_of(lines, "rows[0].name.zh") == 2
    assert line_of(lines, "nothing") is None


def _paths(value: object, path: str) -> Iterator[str]:
    """Every path of the data that `tomllib` made, as the walk spells it."""
    if isinstance(value, dict):
        for name, each in cast("dict[str, object]", value).items():
            below = f"{path}.{name}" if path else name
            yield below
            yield from _paths(each, below)
    elif isinstance(value, list):
        for position, each in enumerate(cast("list[object]", value)):
            yield f"{path}[{position}]"
            yield from _paths(each, f"{path}[{position}]")


NAMES = st.sampled_from(("a", "b", "名", "x y", "c.d"))
SCALARS = st.sampled_from(('"# ] }"', "'\\'", "1", "1.5", "true", "2026-01-01", '"""\n"" # """', "'''\n]'''", '"\\""'))
BLANKS = st.sampled_from(("", " ", "\n", " # ]\n", "\n\n"))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(st.tuples(BLANKS, inner), max_size=3).map(
        lambda rows: "[" + ",".join(f"{blank}{value}" for blank, value in rows) + "\n]"
    ),
    max_leaves=5,
)


@given(
    st.lists(
        st.tuples(
            st.lists(NAMES, min_size=1, max_size=2), st.booleans(), st.dictionaries(NAMES, VALUES, max_size=3), BLANKS
        ),
        max_size=4,
    )
)
def test_the_walk_finds_what_the_parser_finds(
    tables: list[tuple[list[str], bool, dict[str, str], str]],
) -> None:
    rows: list[str] = []
    for path, is_array, pairs, blank in tables:
        name = ".".join(f'"{part}"' for part in path)
        rows.append(f"[[{name}]]" if is_array else f"[{name}]")
        rows.extend(f'"{key}" = {value}{blank}' for key, value in pairs.items())
    text = "\n".join(rows)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        # Two tables of one name: the file would have been refused before any line was asked for.
        return
    lines = value_lines(text)
    named = {path for path in _paths(data, "") if path.rsplit(".", 1)[-1]}
    # A table that only exists because a table below it does has no line of its own.
    missing = {path for path in named if path not in lines and not any(each.startswith(f"{path}.") for each in lines)}
    assert not missing
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.values())
