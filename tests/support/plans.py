"""The plan that founds a tenant, as an operator writes it.

Owns the TOML's form; docs/tenants.md is for people.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Place:
    """A site and its window, if it has one here (`code`). `parent` and `code_parent` are empty at the top."""

    site: str
    tier: str
    parent: str = ""
    hub_url: str = ""
    code: str = ""
    name: str = ""
    code_parent: str = ""


def plan_text(tenant: str, *places: Place) -> str:
    """All sites, then all windows, in the order given."""
    sites = [_table("sites", site=p.site, tier=p.tier, parent=p.parent, hub_url=p.hub_url) for p in places]
    units = [
        _table("units", code=p.code, name=p.name, tier=p.tier, site=p.site, parent=p.code_parent)
        for p in places
        if p.code
    ]
    return "\n".join([f'\ntenant = "{tenant}"\neffective_on = 2026-01-01\n', *sites, *units])


def _table(table: str, /, **fields: str) -> str:
    return "".join([f"[[{table}]]\n", *(f'{key} = "{value}"\n' for key, value in fields.items() if value)])
