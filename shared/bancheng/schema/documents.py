"""Documents that the top tier publishes and that flow down: directory, rule profile, calendar, registers.

Owns the envelope and the directory's form. The profile's and the calendar's own fields are the kernel's; here
they are bytes of TOML or JSON. A document is signed in a frame like an event.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec

DocumentKind = Literal["directory", "profile", "calendar", "catalogue", "entrustments", "knowledge"]


class Document(msgspec.Struct, frozen=True, kw_only=True, tag="DocumentPublished", tag_field="type"):
    """One edition of one published document. `body` is JSON of the kind's own struct."""

    kind: DocumentKind
    edition: int
    effective_on: date
    body: bytes


class SiteEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A deployment of one tier's service for one tenant. `public_key` is hex Ed25519; `key_id` names it."""

    site: str
    tier: str
    parent: str | None
    key_id: str
    public_key: str


class UnitEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A window or department. `parent` is the unit a case climbs to; what a code may be, kernel/units.py says.

    `successor` follows a closed unit that was merged. `serves_enterprises` (涉企部门): it names a liaison (PA-18).
    """

    code: str
    name: str
    tier: str
    site: str
    parent: str | None = None
    is_window: bool = True
    closed_on: date | None = None
    successor: str | None = None
    serves_enterprises: bool = False


class Directory(msgspec.Struct, frozen=True, kw_only=True):
    """Which units live at which site and which key speaks for which site."""

    tenant: str
    edition: int
    sites: tuple[SiteEntry, ...]
    units: tuple[UnitEntry, ...]
