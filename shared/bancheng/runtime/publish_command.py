"""`publish directory|profile|calendar`: what the top tier's operator types when rules, days or sites change.

Owns what is read and said. The steps are publishing.py's, the arguments command.py's.
"""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable, Sequence
from datetime import date

from bancheng.federation.editions import PublishRefused
from bancheng.profiles.calendar_file import load_calendar
from bancheng.profiles.loader import load_profile
from bancheng.runtime.operator_folder import OperatorFolder
from bancheng.runtime.publishing import Publisher, publisher
from bancheng.runtime.settings import Settings
from bancheng.runtime.staff_command import site_file_of
from bancheng.runtime.tenant_plan import official_days, read_plan

Step = Callable[[Publisher, argparse.Namespace, date], Awaitable[Sequence[str]]]


async def publish_from(settings: Settings, parsed: argparse.Namespace) -> Sequence[str]:
    """What was done, in lines. Raises PublishRefused, PlanRefused, BadTenant, FileUnreadable, StoreError."""
    async with publisher(settings, site_file_of(settings, parsed.tenant)) as opened:
        today = opened.site.calendar.local_day(opened.site.now())
        return await _STEPS[parsed.kind](opened, parsed, parsed.effective_on or today)


async def _directory(opened: Publisher, parsed: argparse.Namespace, effective_on: date) -> Sequence[str]:
    plan = read_plan(parsed.file)
    if plan.tenant != opened.site.tenant:
        raise PublishRefused("publish.another_tenant", field="tenant", detail=plan.tenant)
    return await opened.directory(plan.sites, plan.units, OperatorFolder(path=parsed.folder), effective_on)


async def _profile(opened: Publisher, parsed: argparse.Namespace, _: date) -> Sequence[str]:
    edition = await opened.profile(load_profile(parsed.file))
    return [f"profile: edition {edition} published"]


async def _calendar(opened: Publisher, parsed: argparse.Namespace, effective_on: date) -> Sequence[str]:
    known = official_days(effective_on)
    edition = await opened.calendar(known, lambda base: load_calendar(parsed.file, base), effective_on)
    return [f"calendar: edition {edition} published"]


_STEPS: dict[str, Step] = {"directory": _directory, "profile": _profile, "calendar": _calendar}
