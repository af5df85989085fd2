"""One site with several units, for two tenants, behind one application: what the window's tests talk to.

Owns its directory, staff and clock. All units of a tenant live at one site, so a case goes from unit to unit without a
link; the links are tested elsewhere.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx

from bancheng.federation.health import LinkStatus
from bancheng.federation.site import HostedSite
from bancheng.kernel.context import Jurisdiction
from bancheng.kernel.profile_parts import Text
from bancheng.profiles.loader import shipped_profile
from bancheng.runtime.rule_books import ShippedRuleBooks
from bancheng.schema.documents import Directory, SiteEntry, UnitEntry
from bancheng.store.accounts import Staff, save_staff
from bancheng.store.database import Database
from bancheng.store.signing import Signer
from bancheng.window.hosting import Hosting
from bancheng.window.parts import Limits, WindowParts
from bancheng.window.passwords import hash_password
from bancheng.window.tier_window import TierWindow
from tests.kernel.notices import CALENDAR
from tests.support.papers import a_place_for_papers
from tests.window.shared_routes import application_of

if TYPE_CHECKING:
    from litestar import Litestar

XIAOSHAN, PANAN = "330109", "330727"
SITE, CHILD = "hall", "below"
HALL, TOWN, VILLAGE, OTHER_VILLAGE, FAR = "330109", "330109001", "330109001001", "330109001002", "330109001009"
BUREAU = "330109-9"
"""A department of the county, where a directory names it."""
PASSWORD = "a-password-for-tests"
START = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
"""Monday, 10:00 in Beijing."""

Accounts = Mapping[str, tuple[str, tuple[str, ...]]]
"""Login to unit and roles."""
STAFF: Accounts = {
    "hall-clerk": (HALL, ("clerk",)),
    "hall-leader": (HALL, ("duty_leader",)),
    "hall-coordinator": (HALL, ("coordinator",)),
    "hall-supervisor": (HALL, ("supervisor",)),
    "hall-both": (HALL, ("supervisor", "clerk", "coordinator", "administrator")),
    "hall-reviewer": (HALL, ("reviewer",)),
    "hall-administrator": (HALL, ("administrator",)),
    "bureau-officer": (BUREAU, ("department_officer",)),
    "town-clerk": (TOWN, ("clerk",)),
    "town-leader": (TOWN, ("duty_leader",)),
    "town-supervisor": (TOWN, ("supervisor",)),
    "village-clerk": (VILLAGE, ("clerk",)),
    "village-leader": (VILLAGE, ("duty_leader",)),
    "village-deputy": (VILLAGE, ("duty_leader",)),
    "other-clerk": (OTHER_VILLAGE, ("clerk",)),
}


def directory(tenant: str, signer: Signer) -> Directory:
    """A hall, a town below it, two villages below the town; a third village lives at another site."""
    far = Signer(CHILD, CHILD.encode().ljust(32, b"0"))
    sites = (
        SiteEntry(site=SITE, tier="county", parent=None, key_id=signer.key_id, public_key=signer.public_key),
        SiteEntry(site=CHILD, tier="village", parent=SITE, key_id=far.key_id, public_key=far.public_key),
    )
    own = HALL if tenant == XIAOSHAN else tenant

    def code(of: str) -> str:
        return of.replace(HALL, own, 1)

    units = (
        UnitEntry(code=code(HALL), name="区中心", tier="county", site=SITE),
        UnitEntry(code=code(TOWN), name="甲镇中心", tier="town", site=SITE, parent=code(HALL)),
        UnitEntry(code=code(VILLAGE), name="甲村站", tier="village", site=SITE, parent=code(TOWN)),
        UnitEntry(code=code(OTHER_VILLAGE), name="乙村站", tier="village", site=SITE, parent=code(TOWN)),
        UnitEntry(code=code(FAR), name="丙村站", tier="village", site=CHILD, parent=code(TOWN)),
    )
    return Directory(tenant=tenant, edition=1, sites=sites, units=units)


@dataclass
class TownHall:
    """Both tenants behind one application. `now` is domain time; wall time is the machine's."""

    database: Database
    limits: Limits = field(default_factory=Limits)
    now: datetime = START
    woken: list[str] = field(default_factory=list[str])
    links: list[LinkStatus] = field(default_factory=list[LinkStatus])
    problems: list[str] = field(default_factory=list[str])
    service: str = "hall"

    def __post_init__(self) -> None:
        self.hosting = Hosting(
            self.database,
            {tenant: self.site(tenant) for tenant in self.tenants()},
            lambda tenant, _: self.woken.append(tenant),
            papers=a_place_for_papers(),
        )
        self.application = self.application_with(self.limits)

    def application_with(self, limits: Limits) -> Litestar:
        async def links(_: str) -> Sequence[LinkStatus]:
            return self.links

        async def readiness() -> Sequence[str]:
            return self.problems

        parts = WindowParts(
            hosting=self.hosting,
            service=self.service,
            tier=TierWindow(name=Text(zh="测试", en="Test")),
            links=links,
            readiness=readiness,
            books=ShippedRuleBooks(),
            limits=limits,
            cookie_secure=False,
        )
        return application_of(parts)

    def site(self, tenant: str) -> HostedSite:
        signer = Signer(SITE, SITE.encode().ljust(32, b"0"))
        profile = shipped_profile(tenant)
        return HostedSite(
            tenant=tenant,
            site=SITE,
            signer=signer,
            jurisdiction=Jurisdiction(self.directory(tenant, signer)),
            profiles={profile.edition: profile},
            calendar=CALENDAR,
            now=lambda: self.now,
        )

    def tenants(self) -> Collection[str]:
        return (XIAOSHAN, PANAN)

    def directory(self, tenant: str, signer: Signer) -> Directory:
        return directory(tenant, signer)

    def accounts(self, tenant: str) -> Accounts:
        """The same in both tenants, with the units' codes of each."""
        return {login: (unit.replace(HALL, tenant, 1), roles) for login, (unit, roles) in STAFF.items()}

    async def employ(self) -> None:
        password_hash = hash_password(PASSWORD)
        for tenant in self.tenants():
            async with self.database.transaction(tenant) as tx:
                for login, (unit, roles) in self.accounts(tenant).items():
                    staff = Staff(
                        staff_id=f"s-{login}",
                        login=login,
                        name=f"测试{login}",
                        unit=unit,
                        roles=roles,
                        password_hash=password_hash,
                        active=True,
                        created_at=START,
                    )
                    await save_staff(tx, staff)

    def client(self, application: Litestar | None = None, address: str = "127.0.0.1") -> httpx.AsyncClient:
        transport = httpx.ASGITransport(
            app=application or self.application,  # pyright: ignore[reportArgumentType]
            raise_app_exceptions=False,
            client=(address, 1),
        )
        return httpx.AsyncClient(transport=transport, base_url="http://window.test")

    async def signed_in(self, login: str, tenant: str = XIAOSHAN) -> Caller:
        client = self.client()
        answer = await client.post("/api/v1/tokens", json={"tenant": tenant, "login": login, "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
        client.headers["Accept-Language"] = "en"
        return Caller(client)

    def pass_time(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class TierHall(TownHall):
    """The window of one site among others: `hosted` is what the links of the test carry cases to."""

    hosted: HostedSite | None = None

    def site(self, tenant: str) -> HostedSite:
        if tenant == XIAOSHAN and self.hosted is not None:
            return self.hosted
        return super().site(tenant)


class Caller:
    """A program of one member of staff."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def get(self, path: str, **parameters: str | int | bool) -> httpx.Response:
        return await self.client.get(f"/api/v1{path}", params=parameters)

    async def post(
        self, path: str, body: dict[str, Any] | None = None, *, key: str | None = None, version: str | None = None
    ) -> httpx.Response:
        headers = {"Idempotency-Key": key or secrets.token_hex(8)}
        if version is not None:
            headers["If-Match"] = version
        return await self.client.post(f"/api/v1{path}", json=body if body is not None else {}, headers=headers)

    async def register(self, **changes: Any) -> str:
        answer = await self.post("/cases", register_body(**changes))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["case_id"])

    async def give(self, case_id: str, command: str, **body: Any) -> httpx.Response:
        return await self.post(f"/cases/{case_id}/{command}", body)

    async def must(self, case_id: str, command: str, **body: Any) -> dict[str, Any]:
        answer = await self.give(case_id, command, **body)
        assert answer.status_code in {200, 202}, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def case(self, case_id: str) -> dict[str, Any]:
        answer = await self.get(f"/cases/{case_id}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


def register_body(**changes: Any) -> dict[str, Any]:
    """What a village's clerk enters; a change to None leaves the field out."""
    body: dict[str, Any] = {
        "channel": "desk",
        "kind": "coordination",
        "case_type": "ordinary",
        "title": "残疾人护理补贴停发",
        "description": "只领了两个月，第三个月起没有了，跑了三趟没有说法。",
        "person": {
            "name": "周某某",
            "phone": "00012345678",
            "identity_number": "000109190001010000",
            "address": "甲村 1 号",
        },
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}


def panan_body(**changes: Any) -> dict[str, Any]:
    return register_body(**{"kind": "enterprise_difficulty", "ground": "applied_not_accepted", **changes})
