"""Papers at the window: what is taken in, what is refused and leaves nothing, and who may see one."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import httpx
import pytest

from bancheng.window.parts import Limits
from tests.support.papers import empty_zip, jpeg, pdf, png, sha256_of
from tests.window.town_hall import XIAOSHAN, Caller, TownHall

if TYPE_CHECKING:
    from bancheng.store.database import Row


async def upload(
    caller: Caller,
    case_id: str,
    content: bytes,
    *,
    name: str = "登记表.png",
    kind: str = "signed_form",
    key: str | None = None,
) -> httpx.Response:
    return await caller.client.post(
        f"/api/v1/cases/{case_id}/papers",
        files={"file": (name, content, "text/html")},
        data={"paper_kind": kind},
        headers={"Idempotency-Key": key or secrets.token_hex(8)},
    )


async def rows(hall: TownHall, statement: str) -> list[Row]:
    async with hall.database.transaction(XIAOSHAN) as tx:
        return await tx.fetch(statement, XIAOSHAN)


async def test_a_scan_is_attached_listed_and_given_back_as_it_was(hall: TownHall) -> None:
    clerk = await hall.signed_in("village-clerk")
    case_id = await clerk.register()
    answer = await upload(clerk, case_id, png(seed=1, size=400_000))
    assert answer.status_code == 200, answer.text
    assert answer.json()["events"] == ["PaperAttached"]
    (paper,) = (await clerk.get(f"/cases/{case_id}/papers")).json()
    assert paper["sha256"] == sha256_of(png(seed=1, size=400_000))
    assert (paper["name"], paper["media_type"], paper["state"]) == ("登记表.png", "image/png", "here")
    given = await clerk.get(f"/cases/{case_id}/papers/{paper['sha256']}")
    assert given.content == png(seed=1, size=400_000)
    assert given.headers["content-type"] == "image/png"
    assert given.headers["x-content-type-options"] == "nosniff"
    assert given.headers["content-security-policy"].startswith("sandbox")
    read = await rows(hall, "SELECT detail FROM audit WHERE tenant = $1 AND action = 'read_paper'")
    assert [each[0] for each in read] == [paper["sha256"]]


@pytest.mark.clause("PA-R10", part="a form signed on paper is scanned, attached and signed for")
@pytest.mark.parametrize("method", ["drawn", "paper", "thumbprint"])
async def test_a_signed_form_is_a_paper_of_the_case(hall: TownHall, method: str) -> None:
    clerk = await hall.signed_in("village-clerk")
    case_id = await clerk.register()
    refused = await clerk.give(case_id, "sign-form", method=method, signer="周某某", paper="a" * 64)
    assert (refused.status_code, refused.json()["code"]) == (422, "paper.unknown")
    assert (await upload(clerk, case_id, png())).status_code == 200
    await clerk.must(case_id, "sign-form", method=method, signer="周某某", paper=sha256_of(png()))


async def test_sent_twice_it_is_one_paper_and_one_answer(hall: TownHall) -> None:
    clerk = await hall.signed_in("village-clerk")
    case_id = await clerk.register()
    first = await upload(clerk, case_id, png(), key="once")
    again = await upload(clerk, case_id, png(), key="once")
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    other = await upload(clerk, case_id, pdf(), key="once")
    assert (other.status_code, other.json()["code"]) == (409, "api.idempotency_conflict")
    assert len((await clerk.get(f"/cases/{case_id}/papers")).json()) == 1


@pytest.mark.parametrize(
    ("content", "code", "status"),
    [
        (b"", "paper.empty", 422),
        (b"<html><script>alert(1)</script>", "paper.type_refused", 422),
        (png()[:-5], "paper.broken", 422),
        (jpeg(after=empty_zip()), "paper.two_in_one", 422),
        (png(size=200_000), "paper.too_large", 413),
    ],
)
async def test_what_is_no_photo_or_scan_is_refused_and_leaves_nothing(
    hall: TownHall, content: bytes, code: str, status: int
) -> None:
    hall.application = hall.application_with(Limits(paper_bytes=100_000))
    clerk = await hall.signed_in("village-clerk")
    case_id = await clerk.register()
    answer = await upload(clerk, case_id, content)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (status, code, "file")
    assert (await clerk.get(f"/cases/{case_id}/papers")).json() == []
    assert await rows(hall, "SELECT sha256 FROM paper WHERE tenant = $1") == []


async def test_a_form_without_a_file_or_with_an_unknown_kind_is_told_which_field(hall: TownHall) -> None:
    clerk = await hall.signed_in("village-clerk")
    case_id = await clerk.register()
    wrong = await upload(clerk, case_id, png(), kind="secret")
    assert (wrong.status_code, wrong.json()["field"]) == (422, "paper_kind")
    none = await clerk.client.post(
        f"/api/v1/cases/{case_id}/papers", data={"paper_kind": "other"}, headers={"Idempotency-Key": "k"}
    )
    assert (none.status_code, none.json()["code"]) == (422, "paper.no_file")
    keyless = await clerk.client.post(f"/api/v1/cases/{case_id}/papers", files={"file": ("a.png", png())})
    assert (keyless.status_code, keyless.json()["code"]) == (400, "api.idempotency_key_missing")


async def test_who_may_not_see_or_change_the_case_stores_and_reads_nothing(hall: TownHall) -> None:
    clerk = await hall.signed_in("village-clerk")
    case_id = await clerk.register()
    for login, status in (("other-clerk", 404), ("town-supervisor", 403), ("hall-administrator", 404)):
        refused = await upload(await hall.signed_in(login), case_id, png())
        assert refused.status_code == status, login
    assert await rows(hall, "SELECT sha256 FROM paper WHERE tenant = $1") == []
    assert (await upload(clerk, case_id, png())).status_code == 200
    path = f"/cases/{case_id}/papers/{sha256_of(png())}"
    assert (await (await hall.signed_in("other-clerk")).get(path)).status_code == 404
    # The town sees the case, but has not had to do with it: it is told that there is a paper, and not what it says.
    town = await hall.signed_in("town-clerk")
    (seen,) = (await town.get(f"/cases/{case_id}/papers")).json()
    assert seen["name"] == ""
    for shown in (await town.get(f"/cases/{case_id}"), await town.get(f"/cases/{case_id}/history")):
        assert shown.status_code == 200
        assert "登记表" not in shown.text
    hidden = await town.get(path)
    assert (hidden.status_code, hidden.json()["code"]) == (403, "paper.hidden")
    assert (await (await hall.signed_in("town-supervisor")).get(path)).status_code == 200


async def test_a_paper_that_has_not_come_yet_is_said_to_be_on_its_way(hall: TownHall) -> None:
    clerk = await hall.signed_in("village-clerk")
    case_id = await clerk.register()
    await upload(clerk, case_id, png())
    async with hall.database.transaction(XIAOSHAN) as tx:
        await tx.execute("UPDATE paper SET state = 'fetching', received_bytes = 7 WHERE tenant = $1", XIAOSHAN)
    (paper,) = (await clerk.get(f"/cases/{case_id}/papers")).json()
    assert (paper["state"], paper["received_bytes"]) == ("on_its_way", 7)
    answer = await clerk.get(f"/cases/{case_id}/papers/{paper['sha256']}")
    assert (answer.status_code, answer.json()["code"]) == (409, "paper.not_here_yet")
