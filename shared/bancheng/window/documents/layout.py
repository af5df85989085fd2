"""How the boxes of a form are laid out: two short ones side by side, a long one by itself.

Owns that layout for pages and Word documents alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from bancheng.kernel.profile_parts import Form, FormField

WIDE: Final = frozenset(
    {
        "description", "answer", "order_request", "order_answer", "order_limit", "window_opinion", "case_type",
        "decline_explanation", "missing_papers", "guidance_documents", "satisfied", "remark", "title", "ground",
        "decline_ground", "person_address",
    }
)  # fmt: skip
"""Boxes that need a whole line."""
TALL: Final = frozenset({"description", "answer", "order_request", "order_answer", "decline_explanation"})
"""Boxes that are left high enough to be written in by hand."""


class FormRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a form: one box over the whole width, or two. `shows`: the name of FORM_DATA in the box, if any."""

    label: str
    value: str
    is_wide: bool
    is_tall: bool = False
    second_label: str = ""
    second_value: str = ""
    shows: str = ""
    second_shows: str = ""


def rows(form: Form, data: Mapping[str, str]) -> list[FormRow]:
    """The form's boxes in their order, filled. The number stands above the form and is no box."""
    lines: list[FormRow] = []
    waiting: FormField | None = None
    for field in form.fields:
        if field.shows == "number":
            continue
        if field.shows in WIDE:
            lines += _alone(waiting, data)
            waiting = None
            lines.append(
                FormRow(
                    label=field.name.zh,
                    value=_value(field, data),
                    is_wide=True,
                    is_tall=field.shows in TALL,
                    shows=field.shows,
                )
            )
        elif waiting is None:
            waiting = field
        else:
            lines.append(
                FormRow(
                    label=waiting.name.zh, value=_value(waiting, data), is_wide=False,
                    second_label=field.name.zh, second_value=_value(field, data),
                    shows=waiting.shows, second_shows=field.shows,
                )
            )  # fmt: skip
            waiting = None
    return [*lines, *_alone(waiting, data)]


def _alone(field: FormField | None, data: Mapping[str, str]) -> Sequence[FormRow]:
    return (
        ()
        if field is None
        else (FormRow(label=field.name.zh, value=_value(field, data), is_wide=True, shows=field.shows),)
    )


def _value(field: FormField, data: Mapping[str, str]) -> str:
    return data[field.shows] if field.shows else ""


def above(form: Form, data: Mapping[str, str]) -> str:
    """What stands above the boxes: the number, where the form has one."""
    numbered = next((field for field in form.fields if field.shows == "number"), None)
    return f"{numbered.name.zh}：{data['number']}" if numbered is not None else ""
