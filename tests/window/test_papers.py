"""Papers at the window: what is taken in, what is refused and leaves nothing, and who may see one."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import httpx
import pytest

from bancheng.store.paper_store import PaperStore
from bancheng.window.parts import Limits
from tests.support.papers import empty_zip, jpeg, pdf, png, sha256_of
from tests.window.town_hall import XIAOSHAN, Caller, TownHall

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

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


async def sign(
    caller: Caller, case_id: str, content: bytes, *, method: str = "drawn", key: str | None = None, **fields: str
) -> httpx.Response:
    return await caller.client.post(
        f"/api/v1/cases/{case_id}/signature",
        files={"file": ("签名.png", content)},
        data={"method": method, "signer": "周某某", **fields},
        headers={"Idempotency-Key": key or secrets.token_hex(8)},
    )


@pytest.mark.clause("PA-R10", part="what the applicant drew on the screen is attached and signed for in one step")
async def test_a_drawn_signature_is_attached_and_signed_for_at_once(hall: TownHall) -> None:
    clerk = await hall.signed_in("village-clerk")
    case_id = await clerk.register()
    answer = await sign(clerk, case_id, png(seed=1), key="once")
    assert answer.status_code == 200, answer.text
    assert answer.json()["events"] == ["PaperAttached", "FormSigned"]
    again = await sign(clerk, case_id, png(seed=1), key="once")
    assert (again.content, again.headers["idempotency-replayed"]) == (answer.content, "true")
    record = (await clerk.case(case_id))["record"]
    assert (record["signature"]["method"], record["signature"]["signer"]) == ("drawn", "周某某")
    assert record["signature"]["paper"] == sha256_of(png(seed=1))
    (paper,) = (await clerk.get(f"/cases/{case_id}/papers")).json()
    assert (paper["paper_kind"], paper["state"]) == ("signed_form", "here")
    second = await sign(clerk, case_id, png(seed=2))
    assert (second.status_code, second.json()["code"]) == (409, "form.already_signed")
    assert len(await rows(hall, "SELECT sha256 FROM paper WHERE tenant = $1")) == 1


@pytest.mark.clause("PA-R10", part="a photo of the form signed or thumbprinted on paper does as well")
@pytest.mark.parametrize("method", ["paper", "thumbprint"])
async def test_a_photo_of_the_signed_paper_is_attached_and_signed_for_at_once(hall: TownHall, method: str) -> None:
    clerk = await hall.signed_in("village-clerk")
    case_id = await clerk.register()
    assert (await sign(clerk, case_id, pdf(), method=method)).status_code == 200
    assert (await clerk.case(case_id))["record"]["signature"]["method"] == method


@pytest.mark.parametrize(
    ("method", "content", "fields", "code", "field"),
    [
        ("drawn", jpeg(), {}, "form.drawing_not_png", "file"),
        ("drawn", b"", {}, "paper.empty", "file"),
        ("drawn", png(), {"signer": " "}, "api.empty_field", "signer"),
        ("stamp", png(), {}, "api.wrong_value", "method"),
    ],
)
async def test_a_signature_that_does_not_fit_names_its_field_and_leaves_nothing(
    hall: TownHall, method: str, content: bytes, fields: dict[str, str], code: str, field: str
) -> None:
    clerk = await hall.signed_in("village-clerk")
    case_id = await clerk.register()
    answer = await sign(clerk, case_id, content, method=method, **fields)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, code, field)
    assert await rows(hall, "SELECT sha256 FROM paper WHERE tenant = $1") == []
    assert (await clerk.case(case_id))["record"]["papers"] == []


async def test_who_saw_an_older_state_of_the_case_signs_nothing(hall: TownHall) -> None:
    clerk = await hall.signed_in("village-clerk")
    case_id = await clerk.register()
    seen = (await clerk.case(case_id))["version"]
    await clerk.must(case_id, "add-note", note_kind="progress", text="电话核实")
    clerk.client.headers["If-Match"] = seen
    stale = await sign(clerk, case_id, png())
    assert (stale.status_code, stale.json()["code"]) == (412, "api.stale_version")
    assert (await clerk.case(case_id))["record"]["papers"] == []


async def test_a_paper_whose_bytes_are_lost_is_said_to_be_missing_and_can_be_uploaded_again(hall: TownHall) -> None:
    clerk = await hall.signed_in("village-clerk")
    case_id = await clerk.register()
    await upload(clerk, case_id, png())
    await hall.hosting.papers.remove(XIAOSHAN, sha256_of(png()))
    gone = await clerk.get(f"/cases/{case_id}/papers/{sha256_of(png())}")
    assert (gone.status_code, gone.json()["code"]) == (409, "paper.gone")
    (paper,) = (await clerk.get(f"/cases/{case_id}/papers")).json()
    assert (paper["state"], paper["reason"]) == ("missing", "paper.gone")
    again = await upload(clerk, case_id, png())
    assert (again.status_code, again.json()["events"]) == (200, [])
    assert (await clerk.get(f"/cases/{case_id}/papers/{sha256_of(png())}")).content == png()


async def test_the_same_bytes_in_two_cases_are_each_cases_own(hall: TownHall) -> None:
    clerk, other = await hall.signed_in("village-clerk"), await hall.signed_in("other-clerk")
    first, second = await clerk.register(), await other.register()
    await upload(clerk, first, png())
    path = f"/cases/{second}/papers/{sha256_of(png())}"
    assert (await other.get(path)).status_code == 404
    assert (await upload(other, second, png())).status_code == 200
    assert (await other.get(path)).content == png()
    stored = await rows(hall, "SELECT case_id::text FROM paper WHERE tenant = $1 AND state = 'complete'")
    assert {each[0] for each in stored} == {first, second}


async def test_a_place_for_papers_that_cannot_be_used_is_said_and_nothing_is_lost(hall: TownHall) -> None:
    clerk = await hall.signed_in("village-clerk")
    case_id = await clerk.register()
    in_the_way = hall.hosting.papers
    hall.hosting.papers = PaperStore("/dev/null/papers")
    refused = await upload(clerk, case_id, png(), key="again")
    assert (refused.status_code, refused.json()["code"]) == (503, "paper.store_unavailable")
    assert (await clerk.get(f"/cases/{case_id}/papers")).json() == []
    hall.hosting.papers = in_the_way
    assert (await upload(clerk, case_id, png(), key="again")).status_code == 200


async def test_what_says_that_it_is_too_large_is_refused_before_it_is_read(hall: TownHall) -> None:
    hall.application = hall.application_with(Limits(paper_bytes=100_000))
    clerk = await hall.signed_in("village-clerk")
    case_id = await clerk.register()
    given = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal given
        for _ in range(1_000):
            given += 1_000
            yield bytes(1_000)

    answer = await clerk.client.post(
        f"/api/v1/cases/{case_id}/papers",
        content=body(),
        headers={
            "Content-Type": "multipart/form-data; boundary=x",
            "Content-Length": "1000000",
            "Idempotency-Key": "k",
        },
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "paper.too_large")
    assert given < 10_000
