"""One application that hosts every shipped jurisdiction by its own rules: what the conformance tests talk to.

Owns each tenant's windows (one for each of its tiers, named by their place: top, middle, bottom), two departments and
the staff. All units of a tenant live at one site, so that a case goes from unit to unit without a link; what goes over
links is tested in tests/partition and tests/contract.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bancheng.federation.case_reports import make_reports
from bancheng.federation.sweep import sweep
from bancheng.profiles.loader import shipped_profile, shipped_profiles
from bancheng.schema.documents import Directory, SiteEntry, UnitEntry
from bancheng.store.signing import Signer
from tests.window.town_hall import SITE, Accounts, Caller, TownHall

if TYPE_CHECKING:
    from datetime import datetime

    from bancheng.kernel.profile import Profile

PANAN, PANZHIHUA, NEIXIANG, SHANTING, XIAOSHAN = "330727", "510400", "411325", "370406", "330109"

PLACES = ("top", "middle", "bottom")
WINDOW_STAFF = {
    "clerk": ("clerk",),
    "deputy": ("clerk",),
    "leader": ("duty_leader",),
    "supervisor": ("supervisor",),
}
TOP_STAFF = {"coordinator": ("coordinator",), "chief": ("leader",), "administrator": ("administrator",)}
DEPARTMENTS = {"first": "民政局", "second": "残联"}


def unit_code(tenant: str, place: str) -> str:
    """`top`, `middle`, `bottom`, or a department: `first`, `second`."""
    suffix = {"top": "", "middle": "001", "bottom": "001001", "first": "-d1", "second": "-d2"}[place]
    return tenant + suffix


def places(profile: Profile) -> tuple[str, ...]:
    return PLACES[: len(profile.tiers)]


def directory(tenant: str, signer: Signer) -> Directory:
    profile = shipped_profile(tenant)
    top = profile.tiers[0].key
    site = SiteEntry(site=SITE, tier=top, parent=None, key_id=signer.key_id, public_key=signer.public_key)
    windows = [
        UnitEntry(
            code=unit_code(tenant, place), name=f"{tier.name.zh}窗口", tier=tier.key, site=SITE,
            parent=unit_code(tenant, PLACES[index - 1]) if index else None,
        )
        for index, (place, tier) in enumerate(zip(places(profile), profile.tiers, strict=True))
    ]  # fmt: skip
    departments = [
        UnitEntry(
            code=unit_code(tenant, place), name=name, tier=top, site=SITE, parent=unit_code(tenant, "top"),
            is_window=False,
        )
        for place, name in DEPARTMENTS.items()
    ]  # fmt: skip
    return Directory(tenant=tenant, edition=1, sites=(site,), units=(*windows, *departments))


def accounts(tenant: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Login to unit and roles: `top-clerk`, `bottom-leader`, `first-officer` …"""
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for place in places(shipped_profile(tenant)):
        for name, roles in WINDOW_STAFF.items():
            found[f"{place}-{name}"] = (unit_code(tenant, place), roles)
    for name, roles in TOP_STAFF.items():
        found[f"top-{name}"] = (unit_code(tenant, "top"), roles)
    for place in DEPARTMENTS:
        found[f"{place}-officer"] = (unit_code(tenant, place), ("department_officer",))
    return found


@dataclass
class OpenHall(TownHall):
    """Every shipped tenant behind one application. `now` is domain time; `pass_until` lets deadlines act."""

    def tenants(self) -> Collection[str]:
        return shipped_profiles()

    def directory(self, tenant: str, signer: Signer) -> Directory:
        return directory(tenant, signer)

    def accounts(self, tenant: str) -> Accounts:
        return accounts(tenant)

    async def pass_until(self, instant: datetime, *tenants: str) -> None:
        """Domain time goes on and the clocks of these tenants (all if none is named) act on what is due."""
        self.now = instant
        for tenant in tenants or shipped_profiles():
            while (await sweep(self.database, self.site(tenant))).found:
                pass
            await make_reports(self.database, self.site(tenant))

    async def at(self, tenant: str, login: str) -> Desk:
        """Signed in there."""
        caller = await self.signed_in(login, tenant)
        return Desk(caller.client, shipped_profile(tenant), unit_code(tenant, login.split("-", 1)[0]))


class Desk(Caller):
    """A member of staff of one tenant, who knows what its own rules let them choose."""

    def __init__(self, client: Any, profile: Profile, unit: str) -> None:
        super().__init__(client)
        self.profile = profile
        self.unit = unit

    def body(self, **changes: Any) -> dict[str, Any]:
        """A registration by the tenant's own words; a change to None leaves the field out."""
        profile = self.profile
        body: dict[str, Any] = {
            "channel": "desk",
            "kind": next(kind.key for kind in profile.kinds if not kind.concerns_conduct),
            "case_type": profile.case_types[0].key,
            "title": "护理补贴停发",
            "description": "只领了两个月，第三个月起没有了，跑了三趟没有说法。",
            "person": {"name": "周某某", "phone": "00012345678"},
            "ground": profile.grounds[0].key if profile.grounds else None,
            **changes,
        }
        return {name: value for name, value in body.items() if value is not None}

    async def bring(self, **changes: Any) -> str:
        """A new case at this desk; its id."""
        answer = await self.post("/cases", self.body(**changes))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["case_id"])

    async def accepted(self, **changes: Any) -> str:
        case_id = await self.bring(**changes)
        await self.must(case_id, "accept")
        return case_id

    async def refused(self, case_id: str, command: str, **body: Any) -> dict[str, Any]:
        """What the refusal says; fails if there was none."""
        answer = await self.give(case_id, command, **body)
        assert answer.status_code >= 400, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def history(self, case_id: str) -> list[dict[str, Any]]:
        """The entries of the main line, in order."""
        answer = await self.get(f"/cases/{case_id}/history")
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["main"]
        return found

    async def last(self, case_id: str, kind: str) -> dict[str, Any]:
        """The details of the last entry of that type."""
        entries = [entry for entry in await self.history(case_id) if entry["type"] == kind]
        assert entries, f"no {kind}"
        found: dict[str, Any] = entries[-1]
        return found
