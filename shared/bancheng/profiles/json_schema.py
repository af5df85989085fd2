"""The editor's schema of a profile: what an editor that knows JSON Schema offers and refuses while a profile is typed.

Owns turning the structs into it. What is wrong in spite of the form is `profile_checks`'; the schema is no substitute.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from bancheng.kernel.profile import Profile
from bancheng.profiles.words import FIELDS

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def profile_schema() -> dict[str, Any]:
    """As plain data. Fields that nobody knows are refused, as the loader does; each says in Chinese what it is."""
    schema: dict[str, Any] = msgspec.json.schema(Profile)
    definitions: dict[str, Any] = schema["$defs"]
    for definition in definitions.values():
        definition["additionalProperties"] = False
        for name, described in definition.get("properties", {}).items():
            if name in FIELDS:
                described["title"] = f"{FIELDS[name].zh} · {FIELDS[name].en}"
    return {"$schema": DIALECT, **schema}


def schema_text() -> str:
    """As it stands in a file."""
    return json.dumps(profile_schema(), ensure_ascii=False, indent=2) + "\n"
