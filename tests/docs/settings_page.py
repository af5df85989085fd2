"""docs/settings.md: every setting of a service, its default and its bounds.

Owns the page. The settings themselves are `bancheng.runtime.settings`.
"""

from __future__ import annotations

from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec

from bancheng.runtime.settings import CONFIG, NOT_OURS, Settings, variable

HEAD = f"""\
# Settings · 设置

Written by `make docs` from `shared/bancheng/runtime/settings.py`; a test fails when this page is stale.

Every service takes the same settings, from the environment or from the TOML file that `{CONFIG}` names (there the
names are in small letters and without `BANCHENG_`). The environment goes first. An unknown name, a missing or a wrong
value ends the command with a code that names the setting and never shows its value. Switches are `true` or `false`.

设置从环境变量或 `{CONFIG}` 所指的 TOML 文件读取，环境变量优先；名称写错、缺少或不合要求时，命令报出设置名并退出。

| Setting | Default | What it is | Bounds |
|---|---|---|---|
"""
FOOT = f"""
The local servers of development, demo and tests read {", ".join(f"`{name}`" for name in sorted(NOT_OURS - {CONFIG}))}.
"""


def render() -> str:
    """The whole page."""
    hints = get_type_hints(Settings, include_extras=True)
    return HEAD + "".join(_row(field, hints[field.name]) for field in msgspec.structs.fields(Settings)) + FOOT


def _row(field: msgspec.structs.FieldInfo, hint: Any) -> str:
    meanings = [meta for meta in _metas(hint) if meta.description]
    return f"| `{variable(field.name)}` | {_default(field)} | {meanings[0].description} | {_bounds(hint)} |\n"


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "needed"
    if field.default is None:
        return "none"
    value = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
    return f"`{value}`"


def _bounds(hint: Any) -> str:
    least = [meta.ge for meta in _metas(hint) if meta.ge is not None]
    most = [meta.le for meta in _metas(hint) if meta.le is not None]
    if least:
        return f"{least[0]} to {most[0]}" if most else f"at least {least[0]}"
    choices = get_args(get_args(hint)[0]) if get_origin(hint) is Annotated else ()
    words = [each for each in choices if isinstance(each, str)]
    return ", ".join(f"`{each}`" for each in words)


def _metas(hint: Any) -> list[msgspec.Meta]:
    return [each for each in get_args(hint) if isinstance(each, msgspec.Meta)]
