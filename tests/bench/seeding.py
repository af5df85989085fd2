"""Cases by the thousand, made as the service makes them: rules, signatures and `append`, without a request for each.

Owns the invented texts and how rare each searched word is among them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from uuid import UUID

from bancheng.federation.desk import Desk
from bancheng.federation.site import HostedSite
from bancheng.kernel.commands import Register
from bancheng.runtime.hosted_sites import SiteMaker
from bancheng.runtime.site_files import SiteFile
from bancheng.schema.events import Actor, Person
from bancheng.schema.ids import RANDOM_BYTES, uuid7
from bancheng.store.casebook import append, next_numbers
from bancheng.store.changes import CaseChange
from bancheng.store.database import Database
from tests.bench.household import Household
from tests.support.tenants import VILLAGE, XIAOSHAN

BATCH = 500
RARE_WORD, RARE_EVERY = "低保", 500
FREQUENT_WORD, FREQUENT_EVERY = "化粪池", 20
_PLACES = ("东头", "西头", "南坡", "北坡", "桥边", "老街", "新区", "河口", "渡口", "晒场")
_MATTERS = ("路灯不亮", "水管漏水", "邻里噪声", "垃圾未清", "围墙开裂", "沟渠堵塞", "车位被占", "树枝压线")
_numbers = count()


def title(number: int) -> str:
    """One of many; some hold a word that is searched for."""
    place, matter = _PLACES[number % len(_PLACES)], _MATTERS[number // 10 % len(_MATTERS)]
    if number % RARE_EVERY == RARE_EVERY - 1:
        matter = f"{RARE_WORD}手续未办"
    elif number % FREQUENT_EVERY == FREQUENT_EVERY - 1:
        matter = f"{FREQUENT_WORD}满溢"
    return f"{place}{matter}第{number}件"


class Seeder:
    """Registers at the village, in its own database, as its site."""

    def __init__(self, household: Household) -> None:
        file: SiteFile = household.system.founded[XIAOSHAN].site_files["village"]
        self._database: Database = household.databases["village"]
        self._maker = SiteMaker(self._database, file, household.system.clock.now)

    async def register(self, cases: int) -> list[UUID]:
        """Committed in batches; the running services find them by themselves."""
        site = await self._maker.make()
        made: list[UUID] = []
        while len(made) < cases:
            made.extend(await self._batch(site, min(BATCH, cases - len(made))))
        return made

    async def _batch(self, site: HostedSite, cases: int) -> list[UUID]:
        day = site.calendar.local_day(site.now())
        written = site.current_profile().number_format
        async with self._database.transaction(XIAOSHAN) as tx:
            numbers = await next_numbers(tx, VILLAGE, day, cases)
            texts = (written.format(unit=VILLAGE, date=day, count=number) for number in numbers)
            changes = list(_changes(site, texts))
            await append(tx, changes, now=site.wall_now())
        return [change.case.case_id for change in changes]


def _changes(site: HostedSite, numbers: Iterator[str]) -> Iterator[CaseChange]:
    actor = Actor(staff="bench-0", name="测试0", unit=VILLAGE)
    for number in numbers:
        case_id = uuid7(site.wall_now(), site.random(RANDOM_BYTES))
        desk = Desk(site, case_id, None)
        command = Register(
            case_id=case_id, number=number, unit=VILLAGE, channel="desk", kind="coordination", case_type="ordinary",
            title=title(next(_numbers)), description="夜间施工，多次反映没有结果。",
            person=Person(name="测试甲", phone="00012345678"),
        )  # fmt: skip
        desk.decide(command, actor)
        yield desk.change()
