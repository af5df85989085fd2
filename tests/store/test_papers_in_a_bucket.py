"""Papers in a bucket that speaks S3: the same as in a folder, and said with a code when it cannot be reached."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from bancheng.store.errors import PaperGone, PaperStoreUnavailable
from bancheng.store.paper_store import PaperStore
from tests.support.bucket_server import BUCKET, BucketServer
from tests.support.papers import png, sha256_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

TENANT, CASE, OTHER_CASE = "t-bucket", UUID(int=1), UUID(int=2)
PHOTO = png(seed=3, size=12_000_000)
"""More than two parts of an upload in parts."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BucketServer]:
    with BucketServer(tmp_path_factory.mktemp("bucket")) as server:
        yield server


@pytest.fixture
def server(running: BucketServer, monkeypatch: pytest.MonkeyPatch) -> BucketServer:
    for name, value in running.environment.items():
        monkeypatch.setenv(name, value)
    return running


@pytest.fixture
def bucket(server: BucketServer) -> PaperStore:
    """As a service opens it: by the setting and the environment."""
    assert server.environment["AWS_ENDPOINT_URL"]
    return PaperStore(f"s3://{BUCKET}/of-the-county")


async def test_a_paper_in_a_bucket_is_read_as_it_was_kept(bucket: PaperStore, server: BucketServer) -> None:
    name = sha256_of(PHOTO)
    await bucket.probe()
    await bucket.keep(TENANT, name, io.BytesIO(PHOTO))
    assert server.file_of(f"of-the-county/{TENANT}/{name[:2]}/{name}").read_bytes() == PHOTO
    assert await bucket.size(TENANT, name) == len(PHOTO)
    assert b"".join([piece async for piece in bucket.content(TENANT, name, len(PHOTO))]) == PHOTO
    assert await bucket.read(TENANT, name, 7_000_000, 256) == PHOTO[7_000_000:7_000_256]
    assert await bucket.read(TENANT, name, len(PHOTO) - 10, 256) == PHOTO[-10:]
    assert await bucket.read(TENANT, name, len(PHOTO), 256) == b""
    assert await bucket.is_whole(TENANT, name)
    await bucket.remove(TENANT, name)
    await bucket.remove(TENANT, name)
    assert await bucket.size(TENANT, name) is None
    with pytest.raises(PaperGone):
        await bucket.read(TENANT, name, 0, 10)
    assert not await bucket.is_whole(TENANT, name)


async def test_pieces_in_a_bucket_are_one_paper_and_each_cases_own(bucket: PaperStore) -> None:
    content = png(seed=4, size=700_000)
    name = sha256_of(content)
    for start in (400_000, 0, 200_000, 600_000, 200_000):
        await bucket.keep_part(TENANT, name, CASE, start, content[start : start + 200_000])
    await bucket.keep_part(TENANT, name, OTHER_CASE, 0, b"something else")
    await bucket.keep(TENANT, name, bucket.parts(TENANT, name, CASE))
    assert await bucket.is_whole(TENANT, name)
    await bucket.drop_parts(TENANT, name, CASE)
    assert [piece async for piece in bucket.parts(TENANT, name, CASE)] == []
    assert b"".join([piece async for piece in bucket.parts(TENANT, name, OTHER_CASE)]) == b"something else"


async def test_what_breaks_off_on_its_way_to_a_bucket_is_not_there(bucket: PaperStore) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield bytes(6 << 20)
        raise ConnectionError("the sender went away")

    name = sha256_of(b"never whole")
    with pytest.raises(PaperStoreUnavailable):
        await bucket.keep(TENANT, name, broken())
    assert await bucket.size(TENANT, name) is None


async def test_bytes_that_changed_in_a_bucket_are_found_out(bucket: PaperStore, server: BucketServer) -> None:
    name = sha256_of(png())
    await bucket.keep(TENANT, name, io.BytesIO(png()))
    server.file_of(f"of-the-county/{TENANT}/{name[:2]}/{name}").write_bytes(png()[:-1] + b"?")
    assert not await bucket.is_whole(TENANT, name)


async def test_a_bucket_that_is_not_there_or_not_ours_is_said_with_a_code(
    server: BucketServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(PaperStoreUnavailable, match=r"paper\.store_unavailable"):
        await PaperStore("s3://no-such-bucket/papers").keep(TENANT, sha256_of(png()), io.BytesIO(png()))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-the-key")
    with pytest.raises(PaperStoreUnavailable) as refused:
        await PaperStore(f"s3://{BUCKET}/of-the-county").probe()
    assert server.environment["AWS_ACCESS_KEY_ID"] not in str(refused.value)


async def test_a_server_that_is_down_is_said_and_costs_no_paper(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with BucketServer(tmp_path) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        bucket = PaperStore(f"s3://{BUCKET}/papers")
        kept, refused = sha256_of(png(seed=1)), sha256_of(png(seed=2))
        await bucket.keep(TENANT, kept, io.BytesIO(png(seed=1)))
        server.stop()
        with pytest.raises(PaperStoreUnavailable, match=r"paper\.store_unavailable"):
            await bucket.keep(TENANT, refused, io.BytesIO(png(seed=2)))
        with pytest.raises(PaperStoreUnavailable):
            await bucket.read(TENANT, kept, 0, 10)
        with pytest.raises(PaperStoreUnavailable):
            await bucket.size(TENANT, kept)
        server.start()
        assert await bucket.is_whole(TENANT, kept)
        assert await bucket.size(TENANT, refused) is None
        await bucket.keep(TENANT, refused, io.BytesIO(png(seed=2)))
        assert await bucket.is_whole(TENANT, refused)
