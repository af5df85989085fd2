"""Where the bytes of papers lie: a local folder, or a bucket that speaks S3, addressed by SHA-256.

Owns names in the store, atomic writing and the library (obstore, behind this one file). Must not know cases, links
nor which paper anybody may see. The database says what is here; a paper is written before it is said to be.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from collections.abc import AsyncIterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final
from uuid import UUID

from bancheng.schema.ids import is_token
from bancheng.store.errors import PaperGone, PaperStoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Generator

    from obstore.store import LocalStore, S3Store

READ_BYTES: Final = 1 << 20
_WRITE_BYTES: Final = 5 << 20
"""What S3 takes as the least part of an upload in parts."""
_CONNECT_SECONDS: Final = 3
_TRIES: Final = 3
_TRY_SECONDS: Final = 10
"""A bucket that cannot be reached is said within a few seconds: somebody waits with a form, and may send it again."""
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_S3: Final = "s3://"


def is_paper_hash(text: str) -> bool:
    """64 lower-case hex digits: nothing else ever becomes part of a path."""
    return _HASH.fullmatch(text) is not None


class PaperStore:
    """The papers of all tenants of one process, each below its tenant. Opened when it is first used."""

    def __init__(self, place: str) -> None:
        """A folder, or `s3://bucket/prefix`.

        Keys, region and endpoint of S3 come from the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
        AWS_REGION, AWS_ENDPOINT_URL, AWS_ALLOW_HTTP).
        """
        self._place = place
        self._folder = None if place.startswith(_S3) else Path(place).absolute()
        self._opened: LocalStore | S3Store | None = None

    @property
    def _store(self) -> LocalStore | S3Store:
        """Nothing is read or made before somebody has a paper. Raises PaperStoreUnavailable."""
        if self._opened is None:
            from obstore.store import LocalStore, S3Store

            if self._folder is None:
                self._opened = S3Store.from_url(
                    self._place,
                    # With options of ours the library no longer looks for this one in the environment.
                    client_options={
                        "connect_timeout": f"{_CONNECT_SECONDS} seconds",
                        "allow_http": os.environ.get("AWS_ALLOW_HTTP", "").lower() in {"1", "true"},
                    },
                    retry_config={"max_retries": _TRIES, "retry_timeout": timedelta(seconds=_TRY_SECONDS)},
                )
            else:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._opened = LocalStore(self._folder)
        return self._opened

    async def keep(self, tenant: str, sha256: str, content: IO[bytes] | AsyncIterator[bytes]) -> None:
        """Whole or not at all. `content` has been found to have this hash. Raises PaperStoreUnavailable."""
        import obstore

        path = _path(tenant, sha256)
        with _told(is_writing=True):
            await obstore.put_async(self._store, path, content, chunk_size=_WRITE_BYTES, max_concurrency=2)
            if self._folder is not None:
                # The database is about to say that it is here: a power cut must not make that untrue.
                await asyncio.to_thread(_flush, self._folder / path)

    async def size(self, tenant: str, sha256: str) -> int | None:
        """In bytes; None when it is not here. Raises PaperStoreUnavailable."""
        import obstore

        try:
            with _told():
                return (await obstore.head_async(self._store, _path(tenant, sha256)))["size"]
        except PaperGone:
            return None

    async def read(self, tenant: str, sha256: str, start: int, most_bytes: int) -> bytes:
        """From `start`, at most so many bytes; fewer at the end. Raises PaperGone, PaperStoreUnavailable."""
        return await self._piece(_path(tenant, sha256), start, most_bytes)

    async def content(self, tenant: str, sha256: str, size: int) -> AsyncIterator[bytes]:
        """All of it, a piece at a time. Raises PaperGone, also when it ends before `size`."""
        start = 0
        while start < size:
            piece = await self.read(tenant, sha256, start, READ_BYTES)
            if not piece:
                raise PaperGone
            yield piece
            start += len(piece)

    async def is_whole(self, tenant: str, sha256: str) -> bool:
        """Whether what lies here is what its name says: every byte is read."""
        size = await self.size(tenant, sha256)
        if size is None:
            return False
        found = hashlib.sha256()
        try:
            async for piece in self.content(tenant, sha256, size):
                found.update(piece)
        except PaperGone:
            return False
        return found.hexdigest() == sha256

    async def remove(self, tenant: str, sha256: str) -> None:
        """What nobody ever attached, or what turned out to be broken. No harm when it is not there."""
        await self._delete([_path(tenant, sha256)])

    async def keep_part(self, tenant: str, sha256: str, case_id: UUID, start: int, piece: bytes) -> None:
        """A piece of a paper that is on its way for a case; the same piece again changes nothing."""
        import obstore

        with _told(is_writing=True):
            await obstore.put_async(self._store, f"{_parts(tenant, sha256, case_id)}/{start:012d}", piece)

    async def parts(self, tenant: str, sha256: str, case_id: UUID) -> AsyncIterator[bytes]:
        """The pieces kept so far, in order."""
        for path in await self._part_names(tenant, sha256, case_id):
            start = 0
            while piece := await self._piece(path, start, READ_BYTES):
                yield piece
                start += len(piece)

    async def drop_parts(self, tenant: str, sha256: str, case_id: UUID) -> None:
        """They are one paper now, or worth nothing."""
        await self._delete(await self._part_names(tenant, sha256, case_id))
        if self._folder is not None:
            with suppress(OSError):
                (self._folder / _parts(tenant, sha256, case_id)).rmdir()

    async def probe(self) -> None:
        """Write, read and delete a few bytes, for `check`. Raises PaperStoreUnavailable."""
        import obstore

        with _told(is_writing=True):
            await obstore.put_async(self._store, "probe", b"probe")
            await obstore.delete_async(self._store, "probe")

    async def _piece(self, path: str, start: int, most_bytes: int) -> bytes:
        import obstore

        with _told():
            size = (await obstore.head_async(self._store, path))["size"]
            if start >= size:
                return b""
            end = min(size, start + most_bytes)
            if (start, end) == (0, size):
                # Some servers answer a range that is all of it as if none had been asked for.
                return bytes(await (await obstore.get_async(self._store, path)).bytes_async())
            return bytes(await obstore.get_range_async(self._store, path, start=start, end=end))

    async def _part_names(self, tenant: str, sha256: str, case_id: UUID) -> list[str]:
        import obstore

        names: list[str] = []
        with _told():
            listed = obstore.list(self._store, prefix=_parts(tenant, sha256, case_id))  # pyright: ignore[reportUnknownMemberType]
            async for some in listed:
                names.extend(each["path"] for each in some)
        return sorted(names)

    async def _delete(self, paths: list[str]) -> None:
        import obstore

        for path in paths:
            try:
                with _told():
                    await obstore.delete_async(self._store, path)
            except PaperGone:
                continue


def _path(tenant: str, sha256: str) -> str:
    """Folders of a 256th each: none grows beyond what a file system likes."""
    return f"{_checked(tenant, sha256)}/{sha256[:2]}/{sha256}"


def _parts(tenant: str, sha256: str, case_id: UUID) -> str:
    """Each case's own: what comes for one neither helps nor spoils what comes for another."""
    return f"{_checked(tenant, sha256)}/on-the-way/{case_id.hex}-{sha256}"


def _checked(tenant: str, sha256: str) -> str:
    if not is_token(tenant) or not is_paper_hash(sha256):
        raise ValueError("neither a tenant nor a hash")
    return tenant


def _flush(path: Path) -> None:
    """The file, then the folder that names it."""
    for each in (path, path.parent):
        descriptor = os.open(each, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _told(*, is_writing: bool = False) -> Generator[None]:
    """The library's errors as ours. Its words may hold addresses and paths: only their kind is kept.

    What is not found while it is written is no paper: it is the bucket.
    """
    from obstore.exceptions import BaseError

    try:
        yield
    except FileNotFoundError as error:
        if is_writing:
            raise PaperStoreUnavailable(reason="NoBucket") from error
        raise PaperGone from error
    except (BaseError, OSError) as error:
        raise PaperStoreUnavailable(reason=type(error).__name__) from error
