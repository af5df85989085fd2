"""委托文件: what each department has signed over to the hall, as the rules ask for it (PA-17).

Owns the question whether a matter is entrusted. Where the documents are kept is the store's.
"""

from __future__ import annotations

from datetime import date

import msgspec


class Entrustment(msgspec.Struct, frozen=True, kw_only=True):
    """One signed document. `matters` are the keys it names; none means all of the department's matters."""

    document: str
    department: str
    signed_on: date
    matters: tuple[str, ...] = ()
    ends_on: date | None = None
    paper: str = ""


class Entrustments(msgspec.Struct, frozen=True, kw_only=True):
    """All documents of a tenant, as its top tier published them."""

    documents: tuple[Entrustment, ...] = ()

    def covering(self, department: str, matter: str, day: date) -> Entrustment | None:
        """The document in force on `day` that gives the department's matter to the hall."""
        for each in self.documents:
            in_force = each.signed_on <= day and (each.ends_on is None or day <= each.ends_on)
            if in_force and each.department == department and (not each.matters or matter in each.matters):
                return each
        return None
