"""Papers lie in a folder under their hash and their tenant, whole or not at all; a row says which are here."""

from __future__ import annotations

import io
import secrets
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from prometheus_client import generate_latest

from bancheng.runtime.checks import papers_finding
from bancheng.runtime.measuring import measure_papers
from bancheng.runtime.metrics import Meters
from bancheng.store.errors import PaperGone, PaperStoreUnavailable
from bancheng.store.paper_store import PaperStore
from bancheng.store.paper_tidying import tidy_papers
from bancheng.store.papers import (
    Source,
    Wanted,
    begin_storing,
    forget_unattached,
    is_named_elsewhere,
    next_wanted,
    paper_lost,
    paper_stored,
    papers_of_case,
    part_received,
    put_off,
    refuse_copy,
    try_now,
    unattached,
    waiting_papers,
    want_papers,
)
from tests.store.stories import NOW
from tests.support.papers import png, sha256_of

if TYPE_CHECKING:
    from pathlib import Path

    from bancheng.store.database import Database

CASE, OTHER_CASE = UUID(int=1), UUID(int=2)
TENANT = "t-papers"


def wanted_of(name: str, case_id: UUID = CASE, peer: str = "village") -> Wanted:
    return Wanted(sha256=name, case_id=case_id, peer=peer, source=peer)


@pytest.fixture
def papers(tmp_path: Path) -> PaperStore:
    return PaperStore(str(tmp_path / "papers"))


async def test_a_paper_is_read_as_it_was_kept(papers: PaperStore, tmp_path: Path) -> None:
    content = png(seed=1, size=3_000_000)
    name = sha256_of(content)
    await papers.keep(TENANT, name, io.BytesIO(content))
    assert await papers.size(TENANT, name) == len(content)
    assert b"".join([piece async for piece in papers.content(TENANT, name, len(content))]) == content
    assert await papers.read(TENANT, name, 1_000_000, 256) == content[1_000_000:1_000_256]
    assert await papers.read(TENANT, name, len(content) - 10, 256) == content[-10:]
    assert await papers.read(TENANT, name, len(content), 256) == b""
    assert [path.name for path in (tmp_path / "papers").rglob("*") if path.is_file()] == [name]
    assert await papers.is_whole(TENANT, name)


async def test_one_tenants_papers_are_not_anothers(papers: PaperStore) -> None:
    content = png()
    await papers.keep(TENANT, sha256_of(content), io.BytesIO(content))
    assert await papers.size("t-other", sha256_of(content)) is None
    with pytest.raises(PaperGone):
        await papers.read("t-other", sha256_of(content), 0, 10)


@pytest.mark.parametrize("name", ["", "..", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "/x"])
async def test_nothing_but_a_hash_becomes_part_of_a_path(papers: PaperStore, name: str) -> None:
    with pytest.raises(ValueError, match="neither"):
        await papers.keep(TENANT, name, io.BytesIO(b"x"))
    with pytest.raises(ValueError, match="neither"):
        await papers.read(TENANT, name, 0, 1)


async def test_what_breaks_off_while_it_is_written_is_not_there(papers: PaperStore, tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield bytes(6 << 20)
        raise ConnectionError("the sender went away")

    name = sha256_of(b"never whole")
    with pytest.raises(PaperStoreUnavailable):
        await papers.keep(TENANT, name, broken())
    assert await papers.size(TENANT, name) is None
    assert [path for path in (tmp_path / "papers").rglob(name) if path.is_file()] == []


async def test_parts_are_one_paper_in_order_whatever_came_first(papers: PaperStore) -> None:
    content = png(seed=2, size=700_000)
    name = sha256_of(content)
    for start in (400_000, 0, 200_000, 600_000, 200_000):
        await papers.keep_part(TENANT, name, CASE, start, content[start : start + 200_000])
    assert b"".join([piece async for piece in papers.parts(TENANT, name, CASE)]) == content
    await papers.keep(TENANT, name, papers.parts(TENANT, name, CASE))
    await papers.drop_parts(TENANT, name, CASE)
    assert [piece async for piece in papers.parts(TENANT, name, CASE)] == []
    assert await papers.is_whole(TENANT, name)


async def test_bytes_that_changed_on_the_disk_are_found_out(papers: PaperStore, tmp_path: Path) -> None:
    content = png()
    name = sha256_of(content)
    await papers.keep(TENANT, name, io.BytesIO(content))
    (path,) = (tmp_path / "papers").rglob(name)
    path.write_bytes(content[:-1] + b"?")
    assert not await papers.is_whole(TENANT, name)
    await papers.remove(TENANT, name)
    await papers.remove(TENANT, name)
    assert not await papers.is_whole(TENANT, name)


async def test_a_folder_that_cannot_be_made_is_said_with_a_code(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(PaperStoreUnavailable, match=r"paper\.store_unavailable"):
        await PaperStore(str(tmp_path / "file" / "papers")).probe()


async def test_bytes_that_nobody_attached_are_found_and_forgotten(database: Database, tenant: str) -> None:
    left, taken = secrets.token_hex(32), secrets.token_hex(32)
    async with database.transaction(tenant) as tx:
        for name in (left, taken):
            await begin_storing(tx, name, CASE, size=5, media_type="image/png", now=NOW)
        assert await paper_stored(tx, taken, CASE, size=5, media_type="image/png", now=NOW)
        assert not await paper_stored(tx, "0" * 64, CASE, size=5, media_type="image/png", now=NOW)
        assert await unattached(tx, before=NOW) == []
        assert await unattached(tx, before=NOW + timedelta(hours=1)) == [(left, CASE)]
        await forget_unattached(tx, left, CASE)
        await forget_unattached(tx, taken, CASE)
        assert set(await papers_of_case(tx, CASE)) == {taken}


async def test_a_paper_is_wanted_until_it_is_whole(database: Database, tenant: str) -> None:
    name = secrets.token_hex(32)
    async with database.transaction(tenant) as tx:
        await want_papers(tx, [wanted_of(name)], now=NOW)
        wanted = await next_wanted(tx, "village", now=NOW)
        assert wanted is not None
        assert (wanted.sha256, wanted.case_id, wanted.state, wanted.received_bytes) == (name, CASE, "fetching", 0)
        assert await next_wanted(tx, "county", now=NOW) is None
        assert await part_received(tx, wanted, size=100, received_bytes=60)
        assert not await part_received(tx, wanted, size=100, received_bytes=60), "another process was faster"
        waiting = await waiting_papers(tx)
        assert (waiting.papers, waiting.bytes, waiting.oldest_known_at) == (1, 40, NOW)
        assert await paper_stored(tx, name, CASE, size=100, media_type="image/png", now=NOW)
        assert await next_wanted(tx, "village", now=NOW) is None
        await want_papers(tx, [wanted_of(name, peer="county")], now=NOW)
        (row,) = (await papers_of_case(tx, CASE)).values()
        assert (row.state, row.received_bytes, row.peer) == ("complete", 100, "village")
        assert (await waiting_papers(tx)).papers == 0


async def test_bytes_that_are_here_for_one_case_are_not_here_for_another_that_names_them(
    database: Database, tenant: str
) -> None:
    name = secrets.token_hex(32)
    async with database.transaction(tenant) as tx:
        await begin_storing(tx, name, CASE, size=5, media_type="image/png", now=NOW)
        await paper_stored(tx, name, CASE, size=5, media_type="image/png", now=NOW)
        await want_papers(tx, [wanted_of(name, OTHER_CASE)], now=NOW)
        (named,) = (await papers_of_case(tx, OTHER_CASE)).values()
        assert (named.state, named.received_bytes) == ("fetching", 0)
        assert await is_named_elsewhere(tx, name, CASE)
        assert not await is_named_elsewhere(tx, secrets.token_hex(32), CASE)
        assert await paper_lost(tx, name, reason="paper.gone", ask=Source(peer="town", source="town"), now=NOW)
        (lost,) = (await papers_of_case(tx, CASE)).values()
        assert (lost.state, lost.peer) == ("missing", "town")


async def test_what_is_put_off_comes_after_the_others_and_at_once_when_a_neighbour_is_back(
    database: Database, tenant: str
) -> None:
    first, second = sorted((secrets.token_hex(32), secrets.token_hex(32)))
    later = NOW + timedelta(minutes=1)
    async with database.transaction(tenant) as tx:
        await want_papers(tx, [wanted_of(first), wanted_of(second)], now=NOW)
        rows = await papers_of_case(tx, CASE)
        await put_off(
            tx, rows[first], reason="paper.not_here_yet", ask=Source(peer="village", source="village"), until=later
        )
        wanted = await next_wanted(tx, "village", now=NOW)
        assert wanted is not None
        assert wanted.sha256 == second
        await put_off(
            tx, rows[second], reason="paper.not_here_yet", ask=Source(peer="county", source="county"), until=later
        )
        assert await next_wanted(tx, "village", now=NOW) is None
        assert await try_now(tx, "village", now=NOW) == 1
        again = await next_wanted(tx, "village", now=NOW)
        assert again is not None
        assert (again.sha256, again.tries, again.reason) == (first, 1, "paper.not_here_yet")


async def test_a_refused_copy_is_counted_and_begun_again(database: Database, tenant: str) -> None:
    name = secrets.token_hex(32)
    async with database.transaction(tenant) as tx:
        await want_papers(tx, [wanted_of(name)], now=NOW)
        wanted = await next_wanted(tx, "village", now=NOW)
        assert wanted is not None
        await part_received(tx, wanted, size=100, received_bytes=100)
        ask = Source(peer="village", source="village")
        await refuse_copy(tx, wanted, reason="paper.hash_differs", ask=ask, until=NOW)
        again = await next_wanted(tx, "village", now=NOW)
        assert again is not None
        assert (again.received_bytes, again.size, again.refused_copies) == (0, 0, 1)
        assert (await waiting_papers(tx)).refused_copies == 1


async def test_a_paper_that_is_lost_is_wanted_again(database: Database, tenant: str) -> None:
    name = secrets.token_hex(32)
    async with database.transaction(tenant) as tx:
        await begin_storing(tx, name, CASE, size=5, media_type="image/png", now=NOW)
        await paper_stored(tx, name, CASE, size=5, media_type="image/png", now=NOW)
        assert await paper_lost(tx, name, reason="paper.gone", ask=Source(peer="town", source="town"), now=NOW)
        assert not await paper_lost(tx, name, reason="paper.gone", ask=Source(peer="town", source="town"), now=NOW)
        wanted = await next_wanted(tx, "town", now=NOW)
        assert wanted is not None
        assert (wanted.state, wanted.received_bytes) == ("missing", 0)


async def test_what_nobody_attached_is_removed_and_what_another_case_has_stays(
    database: Database, tenant: str, papers: PaperStore
) -> None:
    refused, shared, kept = png(seed=1), png(seed=2), png(seed=3)
    async with database.transaction(tenant) as tx:
        for content in (refused, shared, kept):
            await begin_storing(tx, sha256_of(content), CASE, size=1, media_type="image/png", now=NOW)
        await begin_storing(tx, sha256_of(shared), OTHER_CASE, size=1, media_type="image/png", now=NOW)
        for content, case_id in ((shared, OTHER_CASE), (kept, CASE)):
            await paper_stored(tx, sha256_of(content), case_id, size=1, media_type="image/png", now=NOW)
    for content in (refused, shared, kept):
        await papers.keep(tenant, sha256_of(content), io.BytesIO(content))
    assert await tidy_papers(database, tenant, papers, before=NOW) == 0
    assert await tidy_papers(database, tenant, papers, before=NOW + timedelta(hours=1)) == 2
    assert await papers.size(tenant, sha256_of(refused)) is None
    assert await papers.is_whole(tenant, sha256_of(shared))
    assert await papers.is_whole(tenant, sha256_of(kept))
    assert await tidy_papers(database, tenant, papers, before=NOW + timedelta(hours=1)) == 0


async def test_the_figures_of_papers_on_their_way_are_measured(database: Database, tenant: str) -> None:
    meters, first, second = Meters(), secrets.token_hex(32), secrets.token_hex(32)
    async with database.transaction(tenant) as tx:
        await want_papers(tx, [wanted_of(first), wanted_of(second)], now=NOW)
        rows = await papers_of_case(tx, CASE)
        await part_received(tx, rows[first], size=100, received_bytes=60)
        await refuse_copy(tx, rows[second], reason="paper.hash_differs", ask=Source(), until=NOW)
        measure_papers(meters, "a-tenant", await waiting_papers(tx), NOW + timedelta(minutes=2))
    said = generate_latest(meters.registry).decode()
    for name, value in (("", 2), ("_bytes", 40), ("_age_seconds", 120)):
        assert f'bancheng_papers_waiting{name}{{tenant="a-tenant"}} {value}.0' in said
    assert 'bancheng_papers_copies_refused{tenant="a-tenant"} 1.0' in said
    async with database.transaction(tenant) as tx:
        for each in (first, second):
            await paper_stored(tx, each, CASE, size=100, media_type="image/png", now=NOW)
        measure_papers(meters, "a-tenant", await waiting_papers(tx), NOW + timedelta(minutes=3))
    assert 'bancheng_papers_waiting_age_seconds{tenant="a-tenant"} 0.0' in generate_latest(meters.registry).decode()


async def test_check_says_whether_papers_can_be_kept(papers: PaperStore, tmp_path: Path) -> None:
    fit = (await papers_finding(papers, "a folder")).told("en")
    assert (fit.level, fit.subject, fit.said) == ("ok", "papers", "a folder can be written and read")
    (tmp_path / "file").write_text("in the way")
    broken = (await papers_finding(PaperStore(str(tmp_path / "file" / "papers")), "another folder")).told("en")
    assert (broken.level, broken.text) == ("failed", "paper.store_unavailable")
    assert broken.said.startswith("another folder: ")
    assert "BANCHENG_PAPERS_PLACE" in broken.todo
