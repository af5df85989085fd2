"""What differs between two editions of a profile, place by place.

Owns the walk over two profiles: elements of a list that bear a `key` are compared by it, others as a
whole. Must not know who asks nor in which language; a value is given as it would be written, a text in both languages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, TypeGuard, cast

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
    elif _is_keyed(old) and _is_keyed(new):
        yield from _keyed_differences(old, new, place)
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


def _keyed_differences(
    old: Sequence[dict[str, object]], new: Sequence[dict[str, object]], place: str
) -> Iterator[Change]:
    before, after = ({str(each["key"]): each for each in side} for side in (old, new))
    for key in [*before, *(each for each in after if each not in before)]:
        yield from _member(before.get(key, _NOTHING), after.get(key, _NOTHING), _under(place, key))
    kept_before, kept_after = [key for key in before if key in after], [key for key in after if key in before]
    if kept_before != kept_after:
        yield Change(kind="changed", place=place, was="、".join(kept_before), becomes="、".join(kept_after))


def _changed(old: object, new: object, place: str) -> Change:
    return Change(kind="changed", place=place, was=_shown(old), becomes=_shown(new))


def _shown(value: object) -> str:
    if _is_table(value):
        name = value.get("name")
        text = _shown(name) if name is not None else _written(value)
        return f"{text} ({value['key']})" if "key" in value and name is not None else text
    return _written(value)


def _written(value: object) -> str:
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif value is None:
        text = "—"
    elif _is_text(value):
        text = f"{value['zh']} / {value['en']}"
    elif isinstance(value, str | int | float):
        text = str(value)
    else:
        text = msgspec.json.encode(value).decode()
    return text if len(text) <= MAXIMUM_SHOWN_CHARACTERS else text[: MAXIMUM_SHOWN_CHARACTERS - 1] + "…"


def _is_text(value: object) -> TypeGuard[dict[str, object]]:
    return _is_table(value) and value.keys() == {"zh", "en"}


def _is_table(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def _is_keyed(value: object) -> TypeGuard[list[dict[str, object]]]:
    return isinstance(value, list) and all(_is_table(each) and "key" in each for each in cast("list[object]", value))


def _under(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name
