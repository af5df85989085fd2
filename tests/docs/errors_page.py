"""docs/errors.md: every stable error code, what is wrong and what to do next, in both languages.

Owns the page. The texts are the window's catalogue.
"""

from __future__ import annotations

from itertools import groupby

from bancheng.window.error_texts import every_code, text_for

HEAD = """\
# Error codes · 错误代码

Written by `make docs` from the catalogue `shared/bancheng/window/error_texts.toml`; a test fails when this page is
stale, and another when the source can give a code that is not here. A code is stable: programs may rely on it, texts
may change. Names in brackets, such as `[unit]`, are filled in when the error is given.

The path of a field that does not fit has one form: names with dots between them, and an element of a list by its number
from 0, in brackets: `person.phone`, `matters[0].name`. In rules an element that has a key or role goes by it where the
rules refuse it: `case_types.ordinary.answer_workdays`.

代码固定不变，程序可以依赖；文字可以改。方括号里的内容在出错时填入。字段路径只有一种写法：名称之间用点，列表里的第几项
写在方括号里，从 0 起；规则里有 key 或 role 的项用 key 或 role。
"""


def render() -> str:
    """The whole page."""
    lines = [HEAD]
    for family, codes in groupby(every_code(), key=lambda code: code.replace("_", ".", 1).split(".")[0]):
        lines += [
            "",
            f"## {family}",
            "",
            "| Code | 哪里不对 | 怎么办 | What is wrong | What to do |",
            "|---|---|---|---|---|",
        ]
        for code in codes:
            zh, en = text_for(code, "zh", None), text_for(code, "en", None)
            lines.append(f"| `{code}` | {zh.message} | {zh.next_step} | {en.message} | {en.next_step} |")
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"
