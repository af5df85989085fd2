"""What the page of any register is made of: a table of rows, and the forms by which it is changed.

Owns these shapes. What each register holds is register_books.py's and duty_book.py's.
"""

from __future__ import annotations

import msgspec

from bancheng.window.api.registers import UseCase
from bancheng.window.permissions import Role
from bancheng.window.registers.changing import ADMINISTRATORS


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """One register as it stands. `marked` are the rows that somebody must look at.

    `periods` can be chosen, `period` was. `around`: what the pages beside it are called, and their addresses. `also`:
    further tables of the same register.
    """

    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    marked: frozenset[int] = frozenset()
    periods: tuple[str, ...] = ()
    period: str = ""
    title: str = ""
    around: tuple[tuple[str, str], ...] = ()
    also: tuple[Book, ...] = ()


class BookForm(msgspec.Struct, frozen=True, kw_only=True):
    """One change: its name, its use case and body, and the fields in their order. Optional ones end with `?`."""

    name: str
    body: type[msgspec.Struct]
    use_case: UseCase
    fields: tuple[str, ...]
    roles: tuple[Role, ...] = ADMINISTRATORS
    at_the_top: bool = True
