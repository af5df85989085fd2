"""What differs between two editions of a profile, place by place.

Owns the walk over two profiles: elements of a list that bear a `key` are compared by it, others as a
whole. Must not know who asks nor in which language; a value is given as it would be written, a text in both languages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, TypeGuard

import msgspec

from bancheng.kernel.profile import Profile

MAXIMUM_CHANGES = 1_000
MAXIMUM_SHOWN_CHARACTERS = 200


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One difference. `place` names elements by key (`tiers.town.hold_workdays`); `was` and `becomes` are as written,
    empty where there was or will be nothing.
    """

    kind: Literal["added", "removed", "changed"]
    place: str
    was: str = ""
    becomes: str = ""


def compare(old: Profile, new: Profile) -> tuple[Change, ...]:
    """Every difference in the order of the profile's fields, at most MAXIMUM_CHANGES."""
    found = _differences(msgspec.to_builtins(old), msgspec.to_builtins(new), "")
    return tuple(change for change, _ in zip(found, range(MAXIMUM_CHANGES), strict=False))


def _differences(old: object, new: object, place: str) -> Iterator[Change]:
    if old == new:
        return
    if _is_text(old) and _is_text(new):
        yield _changed(old, new, place)
    elif _is_table(old) and _is_table(new):
        for name in [*old, *(each for each in new if each not in old)]:
            yield from _member(old.get(name, _NOTHING), new.get(name, _NOTHING), _under(place, name))
    elif _is_list(old) and _is_list(new):
        yield from _list_differences(old, new, place)
    else:
        yield _changed(old, new, place)


class _Nothing:
    """Where there is no value: None is one."""


_NOTHING = _Nothing()


def _member(old: object, new: object, place: str) -> Iterator[Change]:
    if old is _NOTHING:
        yield Change(kind="added", place=place, becomes=_shown(new))
    elif new is _NOTHING:
        yield Change(kind="removed", place=place, was=_shown(old))
    else:
        yield from _differences(old, new, place)


def _list_differences(old: Sequence[object], new: Sequence[object], place: str) -> Iterator[Change]:
    """Elements with a key by it; tables without one as there or not; plain values as one list."""
    before, after = _by_key(old), _by_key(new)
    if before is not None and after is not None:
        for key in [*before, *(each for each in after if each not in before)]:
            yield from _member(before.get(key, _NOTHING), after.get(key, _NOTHING), _under(place, key))
        kept_before, kept_after = [key for key in before if key in after], [key for key in after if key in before]
        if kept_before != kept_after:
            yield Change(kind="changed", place=place, was="、".join(kept_before), becomes="、".join(kept_after))
    elif all(_is_table(each) for each in (*old, *new)):
        yield from (Change(kind="removed", place=place, was=_shown(each)) for each in old if each not in new)
        yield from (Change(kind="added", place=place, becomes=_shown(each)) for each in new if each not in old)
    else:
        yield _changed(old, new, place)


def _by_key(elements: Sequence[object]) -> dict[str, object] | None:
    """The elements by `key` (a role's name by `role`); None where they have none."""
    found: dict[str, object] = {}
    for each in elements:
        if not _is_table(each) or not ("key" in each or "role" in each):
            return None
        found[str(each.get("key", each.get("role")))] = each
    return found


def _changed(old: object, new: object, place: str) -> Change:
    return Change(kind="changed", place=place, was=_shown(old), becomes=_shown(new))


def _shown(value: object) -> str:
    text = _written(value)
    return text if len(text) <= MAXIMUM_SHOWN_CHARACTERS else text[: MAXIMUM_SHOWN_CHARACTERS - 1] + "…"


def _written(value: object) -> str:
    match value:
        case None:
            return "—"
        case bool():
            return "true" if value else "false"
        case str() | int() | float():
            return str(value)
        case _:
            return _compound(value)


def _compound(value: object) -> str:
    """A text in both languages, a named element by its name, a list by its elements, a table as it would be written."""
    if _is_text(value):
        return f"{value['zh']} / {value['en']}"
    if _is_list(value):
        return "、".join(_written(each) for each in value)
    if _is_table(value):
        if "name" in value:
            return f"{_written(value['name'])} ({value.get('key', value.get('role'))})"
        return ", ".join(f"{name} = {_written(each)}" for name, each in value.items() if each not in ("", None))
    return str(value)


def _is_text(value: object) -> TypeGuard[dict[str, object]]:
    return _is_table(value) and value.keys() == {"zh", "en"}


def _is_table(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, list | tuple)


def _under(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name
