"""The tables of the registers beside the cases: reports of units, liaisons, the duty roster.

Owns names, types and keys, as tables.py does for the rest.
"""

from __future__ import annotations

from sqlalchemy import Column, Date

from bancheng.store.tables import EVERYTHING, NEVER_DELETED, data, instant, key, metadata, tenant_table, words

__all__ = ["absence", "duty", "liaison", "metadata", "unit_report"]

unit_report = tenant_table(
    "unit_report", NEVER_DELETED, "report period unit",
    key("report"), key("period"), key("unit"), instant("filed_at"), words("staff_name"), data("event_hash"),
)  # fmt: skip
"""What units filed for a period, here and below."""

liaison = tenant_table("liaison", EVERYTHING, "unit", key("unit"), words("name"), words("phone"), instant("updated_at"))
"""Personal data: at the top tier only, never published."""

duty = tenant_table(
    "duty", EVERYTHING, "unit day post",
    key("unit"), Column("day", Date, nullable=False), key("post"), key("staff_id"), words("name"),
)  # fmt: skip

absence = tenant_table(
    "absence", EVERYTHING, "staff_id first_day",
    key("staff_id"), Column("first_day", Date, nullable=False), Column("last_day", Date, nullable=False),
    words("reason"),
)  # fmt: skip
