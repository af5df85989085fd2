"""The tables of the registers beside the cases: reports of units and liaisons.

Owns names, types and keys, as tables.py does for the rest.
"""

from __future__ import annotations

from bancheng.store.tables import EVERYTHING, NEVER_DELETED, data, instant, key, metadata, tenant_table, words

__all__ = ["liaison", "metadata", "unit_report"]

unit_report = tenant_table(
    "unit_report", NEVER_DELETED, "report period unit",
    key("report"), key("period"), key("unit"), instant("filed_at"), words("staff_name"), data("event_hash"),
)  # fmt: skip
"""What units filed for a period, here and below."""

liaison = tenant_table("liaison", EVERYTHING, "unit", key("unit"), words("name"), words("phone"), instant("updated_at"))
"""Personal data: at the top tier only, never published."""
