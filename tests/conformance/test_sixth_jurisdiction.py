"""A sixth jurisdiction made from nothing by following docs/profiles.md: its blocks are the profile, and all of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from bancheng.federation.site import HostedSite
from bancheng.kernel.context import Jurisdiction
from bancheng.kernel.profile import Profile
from bancheng.profiles.loader import load_profile, shipped_profiles
from bancheng.runtime.command import main
from bancheng.runtime.provisioning import Founded, found_tenant
from bancheng.runtime.tenant_plan import read_plan, spec_of
from bancheng.store.accounts import Staff, save_staff
from bancheng.store.signing import Signer
from bancheng.window.hosting import Hosting
from bancheng.window.passwords import hash_password
from tests.conformance.hall import Desk, OpenHall
from tests.kernel.notices import CALENDAR, beijing
from tests.support.papers import a_place_for_papers
from tests.window.town_hall import PASSWORD, START

PAGE = Path(__file__).parents[2] / "docs" / "profiles.md"
CODE = "000600"
UNITS = {"city": CODE, "district": f"{CODE}-a", "street": f"{CODE}-a-1"}


def blocks(fence: str) -> str:
    """The TOML of the page behind that fence, in order."""
    found = re.findall(rf"^```{fence}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert found
    return "\n".join(found)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What somebody has who copied the blocks of the page."""
    (tmp_path / "profile.toml").write_text(blocks("toml"), encoding="utf-8")
    (tmp_path / "plan.toml").write_text(blocks("toml plan"), encoding="utf-8")
    return tmp_path


def test_the_profile_of_the_page_is_fit_and_can_be_shown_and_explained(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert CODE not in shipped_profiles()
    file = str(folder / "profile.toml")
    for arguments in (["check", file], ["show", file], ["explain", file, "--registered", "2026-02-12T15:00"]):
        assert main(["profile", *arguments]) == 0, capsys.readouterr().err
    assert "某市第 1 版" in capsys.readouterr().out


def test_the_tenant_of_the_page_is_founded_with_the_files_of_its_site(folder: Path) -> None:
    assert main(["tenant", "add", str(folder / "plan.toml"), "--folder", str(folder / "out")]) == 0
    assert (folder / "out" / "sites" / f"{CODE}.toml").is_file()


@dataclass
class SixthHall(OpenHall):
    """The windows of the invented city, by its own founded directory and rules."""

    founded: Founded = field(kw_only=True)
    profile: Profile = field(kw_only=True)

    def __post_init__(self) -> None:
        self.hosting = Hosting(
            self.database,
            {CODE: self.site(CODE)},
            lambda tenant, _: self.woken.append(tenant),
            papers=a_place_for_papers(),
        )
        self.application = self.application_with(self.limits)

    def site(self, tenant: str) -> HostedSite:
        return HostedSite(
            tenant=tenant,
            site="city",
            signer=Signer.from_seed("city", self.founded.site_files["city"].signing_seed),
            jurisdiction=Jurisdiction(self.founded.directory),
            profiles={self.profile.edition: self.profile},
            calendar=CALENDAR,
            now=lambda: self.now,
        )

    async def employ(self) -> None:
        password_hash = hash_password(PASSWORD)
        async with self.database.transaction(CODE) as tx:
            for place, unit in UNITS.items():
                for name, roles in (("clerk", ("clerk",)), ("leader", ("duty_leader",))):
                    staff = Staff(
                        staff_id=f"s-{place}-{name}", login=f"{place}-{name}", name="测试", unit=unit, roles=roles,
                        password_hash=password_hash, active=True, created_at=START,
                    )  # fmt: skip
                    await save_staff(tx, staff)

    async def desk(self, login: str) -> Desk:
        caller = await self.signed_in(login, CODE)
        return Desk(caller.client, self.profile, UNITS[login.split("-", maxsplit=1)[0]])


@pytest_asyncio.fixture
async def sixth(open_hall: OpenHall, folder: Path) -> SixthHall:
    founded = found_tenant(spec_of(read_plan(folder / "plan.toml"), folder, START))
    hall = SixthHall(open_hall.database, founded=founded, profile=load_profile(folder / "profile.toml"))
    await hall.employ()
    return hall


async def test_a_case_of_the_sixth_is_registered_climbs_by_its_own_clocks_and_ends(sixth: SixthHall) -> None:
    """Registered on Monday 2 March 2026 at a street: 2 working days there, 4 in the district, 6 to the answer."""
    street, district = await sixth.desk("street-clerk"), await sixth.desk("district-clerk")
    leader, city = await sixth.desk("district-leader"), await sixth.desk("city-clerk")
    case_id = await street.bring(case_type="ordinary")
    seen = await street.case(case_id)
    assert seen["number"] == f"{UNITS['street']}-20260302-001"

    await sixth.pass_until(beijing(2026, 3, 4, 17, 1), CODE)
    assert (await district.case(case_id))["holder_unit"]["code"] == UNITS["district"]
    await district.must(case_id, "accept")
    await district.must(case_id, "propose-result", outcome="solved", answer="已受理并办结")
    await leader.must(case_id, "verify-result")
    await district.must(case_id, "give-answer", text="已受理并办结")
    await district.must(case_id, "revisit", satisfied=True, rating=5)
    ended = await district.must(case_id, "strike-off")
    assert ended["stage"] == "struck_off"
    assert [entry["type"] for entry in await city.history(case_id)][:3] == ["Registered", "Escalated", "Received"]


async def test_the_clocks_of_the_sixth_are_those_of_its_page(sixth: SixthHall) -> None:
    street = await sixth.desk("street-clerk")
    case_id = await street.accepted(case_type="complex")
    clocks = {clock["name"]: clock["due_day"] for clock in (await street.case(case_id))["clocks"]}
    assert clocks["person"] == "2026-03-13", "nine working days after Monday 2 March"
    assert clocks["holder"] == "2026-03-04"
    assert clocks["step:consultation"] == "2026-03-05"
    sixth.now += timedelta(hours=1)
    await street.must(case_id, "record-step", step="consulted")
    met = await street.last(case_id, "ObligationsMoved")
    assert met["details"]["met"] == ["consultation"]
