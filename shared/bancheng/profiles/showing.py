"""A profile in words, for whoever answers for it: each value with its source, or marked as the tenant's own choice.

Owns the lay-out. The words of fields and values are `words`'.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import msgspec

from bancheng.kernel.profile import Profile
from bancheng.kernel.profile_parts import Text
from bancheng.profiles.words import FIELDS, VALUES, Language, said
from bancheng.schema.clocks import STEP_PREFIX

HIDDEN = frozenset({"key", "role", "name", "source"})
"""What stands at the head or the end of an entry and not among its fields."""
OWN = Text(zh="本地自定", en="own choice")
FROM = Text(zh="来源", en="source")


def shown(profile: Profile, language: Language) -> Iterator[str]:
    """The profile, line by line."""
    edition = f"第 {profile.edition} 版，{profile.effective_on} 起用"
    if language == "en":
        edition = f"edition {profile.edition}, effective on {profile.effective_on}"
    yield f"{said(profile.name, language)} ({profile.tenant}) · {said(profile.window_name, language)} · {edition}"
    skipped = {"tenant", "name", "window_name", "edition", "effective_on", "own_choices"}
    fields = [each.name for each in msgspec.structs.fields(Profile) if each.name not in skipped]
    plain = [field for field in fields if not entries_of(getattr(profile, field))]
    yield ""
    for field in plain:
        value = getattr(profile, field)
        if value not in ((), ""):
            words = value_in_words(field, value, language, profile)
            yield f"{field_name(field, language)}{_COLON[language]}{words}{_own(profile, field, language)}"
    for field in fields:
        entries = entries_of(getattr(profile, field))
        if entries:
            yield ""
            yield f"── {field_name(field, language)}{_own(profile, field, language)}"
            for position, entry in enumerate(entries):
                yield from _entry(profile, field, entry, position, language)


def entries_of(value: object) -> tuple[msgspec.Struct, ...]:
    """The entries of a list whose entries have fields of their own; empty for any other value."""
    if not isinstance(value, tuple):
        return ()
    elements = cast("tuple[object, ...]", value)
    return tuple(each for each in elements if isinstance(each, msgspec.Struct) and not isinstance(each, Text))


def entry_key(entry: msgspec.Struct, position: int) -> str:
    """By what an entry is known in a path: its key, its role, or its place."""
    return str(getattr(entry, "key", "") or getattr(entry, "role", "") or position)


def entry_name(entry: msgspec.Struct, language: Language) -> str:
    """What it is called; a rung of the ladder by its clock, a role by the system's word for it."""
    name: Text | None = getattr(entry, "name", None)
    role: str = getattr(entry, "role", "")
    if role:
        return f"{value_in_words('role', role, language)} → {said(name, language) if name else ''}"
    if name is not None:
        return said(name, language)
    return value_in_words("clock", getattr(entry, "clock", ""), language)


def _entry(profile: Profile, field: str, entry: msgspec.Struct, position: int, language: Language) -> Iterator[str]:
    path = f"{field}.{entry_key(entry, position)}"
    parts = [
        f"{field_name(each.name, language)}{'' if language == 'zh' else ':'} "
        + value_in_words(each.name, getattr(entry, each.name), language, profile)
        + _own(profile, f"{path}.{each.name}", language)
        for each in msgspec.structs.fields(entry)
        if each.name not in HIDDEN | {"clock"} and _is_said(getattr(entry, each.name), each.default)
    ]
    comma = "；" if language == "zh" else "; "
    source: str = getattr(entry, "source", "")
    cited = f"  [{said(FROM, language)} {source}]" if source else ""
    head = entry_name(entry, language)
    dash = ("：" if language == "zh" else " — ") if parts else ""
    yield f"   · {head}{dash}{comma.join(parts)}{cited}"


def _is_said(value: object, default: object) -> bool:
    return value != default and value not in ((), "", None)


def _own(profile: Profile, path: str, language: Language) -> str:
    if path not in profile.own_choices:
        return ""
    return f"（{said(OWN, language)}）" if language == "zh" else f" ({said(OWN, language)})"


def field_name(field: str, language: Language) -> str:
    return said(FIELDS[field], language)


def value_in_words(field: str, value: Any, language: Language, profile: Profile | None = None) -> str:
    """One value of a field, as somebody would say it; keys of the profile by the names they have there."""
    if isinstance(value, bool):
        return ("是" if value else "否") if language == "zh" else ("yes" if value else "no")
    if isinstance(value, Text):
        return said(value, language)
    if isinstance(value, tuple):
        values = cast("tuple[Any, ...]", value)
        return _COMMA[language].join(_element(field, each, language, profile) for each in values)
    if value is None:
        return "没有" if language == "zh" else "none"
    if isinstance(value, int):
        return _number(field, value, language)
    return _word(field, str(value), language, profile)


def _element(field: str, value: Any, language: Language, profile: Profile | None) -> str:
    if isinstance(value, msgspec.Struct) and not isinstance(value, Text):
        return entry_name(value, language)
    return value_in_words(field, value, language, profile)


_COLON: dict[Language, str] = {"zh": "：", "en": ": "}
_COMMA: dict[Language, str] = {"zh": "、", "en": ", "}
_SAME_WORDS = {
    "order_nature": "nature",
    "after": "milestone",
    "until": "milestone",
    "decline_approvers": "role",
    "extension_approvers": "role",
    "policy_tool_roles": "role",
}
"""Fields whose values are words of another list."""
_NAMED_IN = {"after": "steps", "until": "steps", "case_types": "case_types", "level": "levels"}
"""Fields whose values are keys of one of the profile's own lists."""


def _word(field: str, value: str, language: Language, profile: Profile | None) -> str:
    words = VALUES.get(_SAME_WORDS.get(field, field), {})
    if value in words:
        return said(words[value], language)
    entries = entries_of(getattr(profile, _NAMED_IN[field])) if profile is not None and field in _NAMED_IN else ()
    key = value.removeprefix(STEP_PREFIX)
    return next((entry_name(each, language) for each in entries if entry_key(each, 0) == key), value)


def _number(field: str, value: int, language: Language) -> str:
    if not field.endswith("workdays") and field != "workdays_before":
        return str(value)
    if value == 0:
        at_once = ("到期时", "when due") if field == "workdays_before" else ("当场", "at once")
        return at_once[0] if language == "zh" else at_once[1]
    if language == "zh":
        return f"{value} 个工作日"
    return f"{value} working day{'' if value == 1 else 's'}"
