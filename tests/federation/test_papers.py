"""Papers follow their entries from site to site, whole, through every cut, and to no site that takes no part."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
import pytest

from bancheng.federation.paper_wire import answer_bytes, read_answer, read_ask, read_request, request_bytes
from bancheng.kernel import commands as c
from bancheng.schema.events import Person
from bancheng.schema.messages import PaperAsk, PaperNotGiven, PaperPiece
from bancheng.schema.subjects import control_subject
from bancheng.store.papers import PaperRow, begin_storing, paper_stored, papers_of_case
from bancheng.store.signing import Signer
from tests.federation.linked_sites import eventually
from tests.support.papers import png, sha256_of
from tests.support.tiers import COUNTY, START, TOWN, TOWN_UNIT, UNIT_OF, VILLAGE

if TYPE_CHECKING:
    from pathlib import Path

    from bancheng.federation.client import NatsClient
    from tests.federation.linked_sites import LinkedSites

PHOTO = png(seed=5, size=5_000_000)


async def attach(line: LinkedSites, site: str, case_id: UUID, content: bytes) -> str:
    """What the window does: say that bytes come, write them, and attach them to the case."""
    name, at = sha256_of(content), line.sites[site]
    async with at.database.transaction(line.tenant) as tx:
        await begin_storing(tx, name, case_id, size=len(content), media_type="image/png", now=START)
    await line.papers[site].keep(line.tenant, name, io.BytesIO(content))
    async with at.database.transaction(line.tenant) as tx:
        assert await paper_stored(tx, name, case_id, size=len(content), media_type="image/png", now=START)
    command = c.AttachPaper(sha256=name, name="登记表.png", media_type="image/png", size=len(content))
    await line.command(site, case_id, command)
    line.wake(site)
    return name


async def row(line: LinkedSites, site: str, name: str, case_id: UUID) -> PaperRow | None:
    async with line.sites[site].database.transaction(line.tenant) as tx:
        return (await papers_of_case(tx, case_id)).get(name)


async def comes_to(line: LinkedSites, site: str, name: str, case_id: UUID, content: bytes) -> PaperRow:
    found = await eventually(
        lambda: row(line, site, name, case_id),
        lambda paper: paper is not None and paper.state == "complete",
        f"at the {site}",
    )
    assert found is not None
    kept = [piece async for piece in line.papers[site].content(line.tenant, name, len(content))]
    assert b"".join(kept) == content
    return found


class Ear:
    """Hears what is asked on a link, beside those who answer it."""

    def __init__(self, line: LinkedSites, child: str) -> None:
        self.line, self.child = line, child
        self.starts: list[int] = []

    async def listen(self) -> NatsClient:
        client = self.line.client("ear")
        client.start()
        assert await client.wait_connected(10)

        async def heard(data: bytes) -> bytes:
            site = self.line.sites[self.child].hosted
            requested = read_request(site, data)
            self.starts.append(read_ask(site, requested, requested.reader).start)
            return b""

        raw = client._client  # pyright: ignore[reportPrivateUsage]
        assert raw is not None

        async def arrived(message: object) -> None:
            await heard(getattr(message, "data", b""))

        subject = control_subject(self.line.tenant, self.child, "dn", "paper")
        await raw.subscribe(subject, cb=arrived)  # pyright: ignore[reportUnknownMemberType]
        await raw.flush()
        return client


async def test_a_photo_of_five_megabytes_comes_to_the_county_by_way_of_the_town(
    line: LinkedSites, tmp_path: Path
) -> None:
    await line.start()
    (case_id,) = await line.register()
    name = await attach(line, VILLAGE, case_id, PHOTO)
    at_town = await comes_to(line, TOWN, name, case_id, PHOTO)
    at_county = await comes_to(line, COUNTY, name, case_id, PHOTO)
    assert (at_town.peer, at_county.peer) == (VILLAGE, TOWN)
    assert (at_county.size, at_county.media_type, at_county.refused_copies) == (len(PHOTO), "image/png", 0)

    async def left_over() -> list[str]:
        return [path.name for path in (tmp_path / COUNTY).rglob("*") if path.is_file()]

    await eventually(left_over, lambda found: found == [name], "only the whole paper")


async def test_a_paper_of_the_town_comes_down_to_the_village_that_held_the_case(line: LinkedSites) -> None:
    await line.start()
    (case_id,) = await line.register()
    await line.hand_in(case_id)
    await line.arrived()
    name = await attach(line, TOWN, case_id, png(seed=9))
    await comes_to(line, VILLAGE, name, case_id, png(seed=9))
    await comes_to(line, COUNTY, name, case_id, png(seed=9))


async def _in_the_middle(line: LinkedSites, name: str, case_id: UUID, size: int) -> int:
    def is_between(paper: PaperRow | None) -> bool:
        return paper is not None and 0 < paper.received_bytes < size

    found = await eventually(lambda: row(line, TOWN, name, case_id), is_between, "some of it")
    assert found is not None
    return found.received_bytes


async def test_what_was_received_before_a_stop_is_not_fetched_again(line: LinkedSites) -> None:
    content = png(seed=6, size=20_000_000)
    await line.start(VILLAGE, TOWN)
    (case_id,) = await line.register()
    name = await attach(line, VILLAGE, case_id, content)
    await _in_the_middle(line, name, case_id, len(content))
    await line.stop(TOWN)
    left = await row(line, TOWN, name, case_id)
    assert left is not None
    assert 0 < left.received_bytes < len(content)
    ear = Ear(line, VILLAGE)
    client = await ear.listen()
    await line.start(TOWN)
    await comes_to(line, TOWN, name, case_id, content)
    await client.stop()
    assert ear.starts[0] == left.received_bytes
    assert min(ear.starts) == left.received_bytes


async def test_a_server_killed_in_the_middle_costs_time_and_no_bytes(line: LinkedSites) -> None:
    content = png(seed=7, size=20_000_000)
    await line.start(VILLAGE, TOWN)
    (case_id,) = await line.register()
    name = await attach(line, VILLAGE, case_id, content)
    await _in_the_middle(line, name, case_id, len(content))
    line.nats.kill()
    left = await row(line, TOWN, name, case_id)
    assert left is not None
    assert left.state == "fetching"
    line.nats.start()
    found = await comes_to(line, TOWN, name, case_id, content)
    assert found.refused_copies == 0


async def test_a_wrong_copy_is_refused_on_record_and_fetched_again(line: LinkedSites, tmp_path: Path) -> None:
    content = png(seed=8, size=600_000)
    (case_id,) = await line.register()
    name = await attach(line, VILLAGE, case_id, content)
    (stored,) = (tmp_path / VILLAGE).rglob(name)
    stored.write_bytes(content[:-100] + bytes(100))
    await line.start(VILLAGE, TOWN)
    refused = await eventually(
        lambda: row(line, TOWN, name, case_id),
        lambda paper: paper is not None and paper.refused_copies > 0,
        "a refusal",
    )
    assert refused is not None
    assert refused.state == "fetching"
    assert not await line.papers[TOWN].is_whole(line.tenant, name)
    # The village is told of the doubt, looks at its own copy and finds it broken.
    await eventually(
        lambda: row(line, VILLAGE, name, case_id),
        lambda paper: paper is not None and paper.state == "missing",
        "own copy lost",
    )
    audit = await line.fetch(TOWN, "SELECT detail FROM audit WHERE tenant = $1 AND action = 'paper_refused'")
    assert f"paper.hash_differs {VILLAGE} {name}" in [each[0] for each in audit]
    # Somebody uploads it once more.
    await line.papers[VILLAGE].keep(line.tenant, name, io.BytesIO(content))
    async with line.sites[VILLAGE].database.transaction(line.tenant) as tx:
        await paper_stored(tx, name, case_id, size=len(content), media_type="image/png", now=START)
    await comes_to(line, TOWN, name, case_id, content)


async def test_a_paper_that_a_site_lost_comes_back_from_a_neighbour(line: LinkedSites, tmp_path: Path) -> None:
    await line.start()
    (case_id,) = await line.register()
    name = await attach(line, VILLAGE, case_id, png(seed=3, size=300_000))
    await comes_to(line, COUNTY, name, case_id, png(seed=3, size=300_000))
    await line.stop(COUNTY)
    async with line.sites[COUNTY].database.transaction(line.tenant) as tx:
        await tx.execute("DELETE FROM paper WHERE tenant = $1", line.tenant)
        await tx.execute(
            "INSERT INTO paper SELECT $1, $2, $3, 'fetching', 0, '', 0, $4, $4, 0, $5, 0, '', $5, NULL",
            line.tenant, name, case_id, TOWN, START,
        )  # fmt: skip
    (tmp_path / TOWN / line.tenant / name[:2] / name).unlink()
    await line.start(COUNTY)
    await comes_to(line, COUNTY, name, case_id, png(seed=3, size=300_000))
    await comes_to(line, TOWN, name, case_id, png(seed=3, size=300_000))


async def _ask(line: LinkedSites, *, reader: str, at: str, ask: PaperAsk, signer: Signer | None = None) -> object:
    """What a site is told that asks its neighbour."""
    site = line.sites[reader].hosted
    if signer is not None:
        site = line.host(reader, line.directory())
        site.signer = signer
    child, direction = (reader, "up") if reader == VILLAGE or at == COUNTY else (at, "dn")
    client = line.client(reader)
    client.start()
    assert await client.wait_connected(10)
    subject = control_subject(line.tenant, child, direction, "paper")
    data = request_bytes(site, at, at, ask)

    async def answered() -> bytes:
        try:
            return await client.request(subject, data)
        except Exception:  # noqa: BLE001 - nobody listens yet
            return b""

    answer = await eventually(answered, bool, "an answer")
    await client.stop()
    return read_answer(site, at, at, answer)


async def test_a_paper_is_given_only_to_a_site_that_takes_part_in_its_case(line: LinkedSites) -> None:
    await line.start(VILLAGE, TOWN)
    (shared,) = await line.register()
    (own,) = await line.register(site=TOWN)
    name = await attach(line, TOWN, own, png(seed=4))
    theirs = await attach(line, VILLAGE, shared, png(seed=5))
    await comes_to(line, TOWN, theirs, shared, png(seed=5))
    ask = PaperAsk(case_id=own, sha256=name, start=0, most_bytes=100)
    assert await _ask(line, reader=VILLAGE, at=TOWN, ask=ask) == PaperNotGiven(code="paper.not_yours")
    # Naming a case in which it does take part opens no other case's paper.
    other = msgspec.structs.replace(ask, case_id=shared)
    assert await _ask(line, reader=VILLAGE, at=TOWN, ask=other) == PaperNotGiven(code="paper.not_yours")
    unknown = msgspec.structs.replace(ask, case_id=UUID(int=1))
    assert await _ask(line, reader=VILLAGE, at=TOWN, ask=unknown) == PaperNotGiven(code="paper.not_yours")
    shared_ask = PaperAsk(case_id=shared, sha256=theirs, start=0, most_bytes=100)
    given = await _ask(line, reader=VILLAGE, at=TOWN, ask=shared_ask)
    assert isinstance(given, PaperPiece)
    assert given.data == png(seed=5)[:100]
    forged = await _ask(line, reader=VILLAGE, at=TOWN, ask=shared_ask, signer=Signer(VILLAGE, b"9" * 32))
    assert forged == PaperNotGiven(code="paper.request_unsigned")


async def test_entries_arrive_before_their_paper_which_follows_when_it_can(line: LinkedSites) -> None:
    content = png(seed=11, size=300_000)
    (case_id,) = await line.register()
    name = await attach(line, VILLAGE, case_id, content)
    await line.papers[VILLAGE].remove(line.tenant, name)
    await line.hand_in(case_id)
    await line.start(VILLAGE, TOWN)
    await line.arrived()
    # The case stands before the town with all its entries, and has been there for a while without its paper.
    waiting = await eventually(
        lambda: row(line, TOWN, name, case_id),
        lambda paper: paper is not None and bool(paper.reason),
        "asked for in vain",
    )
    assert waiting is not None
    assert (waiting.state, waiting.reason) == ("fetching", "paper.not_here_yet")
    await line.papers[VILLAGE].keep(line.tenant, name, io.BytesIO(content))
    async with line.sites[VILLAGE].database.transaction(line.tenant) as tx:
        await paper_stored(tx, name, case_id, size=len(content), media_type="image/png", now=START)
    await comes_to(line, TOWN, name, case_id, content)


async def test_who_names_the_hash_of_another_case_gets_none_of_its_bytes(line: LinkedSites) -> None:
    await line.start(VILLAGE, TOWN)
    (own,) = await line.register(site=TOWN)
    (shared,) = await line.register()
    name = await attach(line, TOWN, own, png(seed=4))
    # The village does not have these bytes, and writes into its own case an entry that names them all the same.
    naming = c.AttachPaper(sha256=name, name="证明.png", media_type="image/png", size=len(png(seed=4)))
    await line.command(VILLAGE, shared, naming)
    line.wake(VILLAGE)
    wanted = await eventually(
        lambda: row(line, TOWN, name, shared), lambda paper: paper is not None and bool(paper.reason), "asked in vain"
    )
    assert wanted is not None
    assert (wanted.state, wanted.received_bytes, wanted.reason) == ("fetching", 0, "paper.not_here_yet")
    ask = PaperAsk(case_id=shared, sha256=name, start=0, most_bytes=100)
    assert await _ask(line, reader=VILLAGE, at=TOWN, ask=ask) == PaperNotGiven(code="paper.not_here_yet")
    # Who does have them gets there: the bytes came here for this case too.
    await line.papers[VILLAGE].keep(line.tenant, name, io.BytesIO(png(seed=4)))
    async with line.sites[VILLAGE].database.transaction(line.tenant) as tx:
        await begin_storing(tx, name, shared, size=1, media_type="image/png", now=START)
        await paper_stored(tx, name, shared, size=len(png(seed=4)), media_type="image/png", now=START)
    await comes_to(line, TOWN, name, shared, png(seed=4))


@pytest.mark.parametrize(("start", "most_bytes", "length"), [(0, 10**9, 256 * 1024), (-5, 10, 10), (10**9, 10, 0)])
async def test_no_piece_is_larger_than_a_message_takes(
    line: LinkedSites, start: int, most_bytes: int, length: int
) -> None:
    await line.start(VILLAGE, TOWN)
    (case_id,) = await line.register()
    name = await attach(line, VILLAGE, case_id, PHOTO)
    ask = PaperAsk(case_id=case_id, sha256=name, start=start, most_bytes=most_bytes)
    given = await _ask(line, reader=TOWN, at=VILLAGE, ask=ask)
    assert isinstance(given, PaperPiece)
    assert len(given.data) == length


async def test_a_paper_about_the_town_passes_the_town_unread(line: LinkedSites, tmp_path: Path) -> None:
    await line.start()
    case_id, content = UUID(int=77), png(seed=2, size=900_000)
    profile = line.sites[VILLAGE].hosted.current_profile()
    complaint = c.Register(
        case_id=case_id, number="77", unit=UNIT_OF[VILLAGE], channel="desk", kind=profile.kinds[0].key,
        case_type=profile.case_types[0].key, title="等了三个月", description="镇里一直不办",
        person=Person(name="周某某", phone="000-1234"), complained_unit=TOWN_UNIT,
    )  # fmt: skip
    await line.command(VILLAGE, case_id, complaint)
    name = await attach(line, VILLAGE, case_id, content)
    found = await comes_to(line, COUNTY, name, case_id, content)
    assert (found.peer, found.source) == (TOWN, VILLAGE)
    assert await row(line, TOWN, name, case_id) is None
    assert [path for path in (tmp_path / TOWN).rglob("*") if path.is_file()] == []


async def test_what_passes_a_site_between_is_sealed_both_ways(line: LinkedSites) -> None:
    village, county = line.sites[VILLAGE].hosted, line.sites[COUNTY].hosted
    ask = PaperAsk(case_id=UUID(int=7), sha256="a" * 64, start=0, most_bytes=10)
    asked = request_bytes(county, VILLAGE, TOWN, ask)
    assert ask.sha256.encode() not in asked
    requested = read_request(village, asked)
    assert (requested.reader, requested.at) == (COUNTY, VILLAGE)
    assert read_ask(village, requested, TOWN) == ask
    piece = PaperPiece(sha256="a" * 64, size=20, start=0, data=b"seen by no one between")
    answer = answer_bytes(village, COUNTY, TOWN, piece)
    assert piece.data not in answer
    assert read_answer(county, VILLAGE, TOWN, answer) == piece
