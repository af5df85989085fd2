"""Refusals: a stable code, the field it concerns, and parameters for the message in the user's language.

Owns the codes of the rules. The words for each code are in the window's catalogue.
"""

from __future__ import annotations


class Rejected(Exception):
    """A command that the rules refuse. Nothing has been changed.

    `code` is stable and documented (docs/errors.md); `field` names the input it concerns, if one does.
    """

    def __init__(self, code: str, *, field: str = "", **parameters: str | int) -> None:
        super().__init__(code)
        self.code = code
        self.field = field
        self.parameters = parameters

    def __repr__(self) -> str:
        return f"Rejected({self.code!r}, field={self.field!r}, {self.parameters!r})"
