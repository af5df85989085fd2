"""委托: what follows for a case from what departments have signed over to the hall (PA-17, PA-03, PA-R25).

Owns these decisions, each by the documents in force on the day of the act: one that ends changes what may be done from
then on and nothing that was done.
"""

from __future__ import annotations

from bancheng.kernel.case import Case
from bancheng.kernel.context import Context
from bancheng.kernel.rejected import Rejected
from bancheng.kernel.rules import guards


def require_not_entrusted(department: str, case: Case, context: Context) -> None:
    """The third exclusion holds only where no document gives the matter to the hall (PA-03)."""
    if not department:
        raise Rejected("decline.department_missing", field="department")
    guards.require_unit(department, context, "department")
    found = context.entrustments.covering(department, case.matter, context.calendar.local_day(context.now))
    if found is not None:
        raise Rejected("decline.matter_is_entrusted", field="ground", document=found.document)


def own_liaisons(case: Case, context: Context) -> tuple[str, ...]:
    """The departments with which whoever holds the case speaks itself, and for which no clock waits (PA-R25).

    The department concerned and those whose order is open, where no document gives them the matter today; none in a
    tenant whose rules do not ask.
    """
    if case.is_closed or not any(each.only_if_entrusted for each in context.profile.pause_reasons):
        return ()
    today = context.calendar.local_day(context.now)
    ordered = (order.to_unit for order in case.record.orders if not order.is_done)
    concerned = dict.fromkeys(unit for unit in (case.department, *ordered) if unit and unit != case.holder_unit)
    return tuple(unit for unit in concerned if context.entrustments.covering(unit, case.matter, today) is None)
