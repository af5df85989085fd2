"""Papers made for tests: small, real files of each type, and large ones that nobody else has.

Owns their bytes. Nothing here is a photo of anybody.
"""

from __future__ import annotations

import atexit
import hashlib
import random
import secrets
import shutil
import struct
import tempfile
import zlib
from pathlib import Path

from bancheng.store.paper_store import PaperStore


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(seed: int = 0, size: int = 0) -> bytes:
    """A picture of one point; `size` bytes of it are noise in a private chunk, another one for each seed."""
    noise = random.Random(seed).randbytes(max(0, size - 200))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
        + chunk(b"noIs", noise + bytes([seed % 256]))
        + chunk(b"IDAT", zlib.compress(b"\0\xff"))
        + chunk(b"IEND", b"")
    )


def jpeg(after: bytes = b"") -> bytes:
    """The frame of a JPEG, and what a camera appended to it."""
    return b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00" + bytes(64) + b"\xff\xd9" + after


def pdf(body: bytes = b"1 0 obj <</Type /Catalog>> endobj\n") -> bytes:
    return b"%PDF-1.7\n" + body + b"trailer <</Root 1 0 R>>\n%%EOF\n"


def empty_zip(comment: bytes = b"") -> bytes:
    """The end of an archive with nothing in it."""
    return b"PK\x05\x06" + bytes(16) + struct.pack("<H", len(comment)) + comment


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def a_place_for_papers() -> PaperStore:
    """A folder of its own, made when it is first used and gone after the run."""
    folder = Path(tempfile.gettempdir()) / f"bancheng-papers-{secrets.token_hex(6)}"
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return PaperStore(str(folder))
