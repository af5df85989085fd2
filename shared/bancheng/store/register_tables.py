"""The tables of the registers beside the cases: reports of units, liaisons and duty rosters.

Owns names, types and keys, as tables.py does for the rest.
"""

from __future__ import annotations

from bancheng.store.tables import EVERYTHING, NEVER_DELETED, data, instant, key, metadata, tenant_table, words

__all__ = ["duty_roster", "liaison", "metadata", "unit_report"]

unit_report = tenant_table(
    "unit_report", NEVER_DELETED, "report period unit",
    key("report"), key("period"), key("unit"), instant("filed_at"), words("staff_name"), data("event_hash"),
    instant("received_at", nullable=True), data("body", nullable=True),
)  # fmt: skip
"""What units filed for a period, here and below. `body` is what a report holds beside that it was filed."""

liaison = tenant_table("liaison", EVERYTHING, "unit", key("unit"), words("name"), words("phone"), instant("updated_at"))
"""Personal data: at the top tier only, never published."""

duty_roster = tenant_table("duty_roster", NEVER_DELETED, "unit", key("unit"), data("roster"), instant("updated_at"))
"""Phones of staff may be in it: at the unit's own site only, never published."""
