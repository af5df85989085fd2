"""What differs between two profiles, field by field in words: what an official reads before a new edition is published.

Owns the comparison. Entries are matched by key, so that one which only moved is no difference; the ladder, which has no
keys, is compared as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from bancheng.kernel.profile import Profile
from bancheng.profiles.showing import entries_of, entry_key, entry_name, field_name, value_in_words
from bancheng.profiles.words import Language


def differences(old: Profile, new: Profile, language: Language) -> Iterator[str]:
    """One line for each difference; none where both are the same."""
    for each in msgspec.structs.fields(Profile):
        before, after = getattr(old, each.name), getattr(new, each.name)
        if before == after:
            continue
        label = field_name(each.name, language)
        if each.name != "ladder" and (entries_of(before) or entries_of(after)):
            yield from _lists(label, old, new, each.name, language)
        elif each.name == "ladder":
            yield from _ladders(label, old, new, language)
        else:
            yield _changed(label, each.name, (before, old), (after, new), language)


def _lists(label: str, before: Profile, after: Profile, field: str, language: Language) -> Iterator[str]:
    olds = _by_key(getattr(before, field))
    news = _by_key(getattr(after, field))
    for key in (*olds, *(key for key in news if key not in olds)):
        old, new = olds.get(key), news.get(key)
        if old is None and new is not None:
            yield f"+ {label} · {entry_name(new, language)}"
        elif new is None and old is not None:
            yield f"- {label} · {entry_name(old, language)}"
        elif old is not None and new is not None and old != new:
            entry = f"{label} · {entry_name(new, language)}"
            yield from _entries(entry, (old, before), (new, after), language)


def _by_key(entries: object) -> dict[str, msgspec.Struct]:
    return {entry_key(entry, position): entry for position, entry in enumerate(entries_of(entries))}


def _entries(
    label: str, old: tuple[msgspec.Struct, Profile], new: tuple[msgspec.Struct, Profile], language: Language
) -> Iterator[str]:
    for each in msgspec.structs.fields(new[0]):
        before, after = getattr(old[0], each.name), getattr(new[0], each.name)
        if before != after:
            field = f"{label} · {field_name(each.name, language)}"
            yield _changed(field, each.name, (before, old[1]), (after, new[1]), language)


def _ladders(label: str, old: Profile, new: Profile, language: Language) -> Iterator[str]:
    before, after = [_rung(rung, language) for rung in old.ladder], [_rung(rung, language) for rung in new.ladder]
    yield from (f"- {label} · {rung}" for rung in before if rung not in after)
    yield from (f"+ {label} · {rung}" for rung in after if rung not in before)


def _rung(rung: msgspec.Struct, language: Language) -> str:
    parts = (value_in_words(each.name, getattr(rung, each.name), language) for each in msgspec.structs.fields(rung))
    return " ".join(parts)


def _changed(
    label: str, field: str, before: tuple[object, Profile], after: tuple[object, Profile], language: Language
) -> str:
    colon = "：" if language == "zh" else ": "
    words = [value_in_words(field, value, language, profile) or "—" for value, profile in (before, after)]
    if words[0] == words[1]:
        # Only the other language's words differ.
        other: Language = "en" if language == "zh" else "zh"
        words = [value_in_words(field, value, other, profile) or "—" for value, profile in (before, after)]
    return f"~ {label}{colon}{' → '.join(words)}"
