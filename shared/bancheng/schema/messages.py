"""Messages between two sites that are no event of a case: reports, receipts, hello, resolutions.

Owns their form; signing and sending are elsewhere.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from bancheng.schema.events import Actor

MAX_EXCEPTIONS = 1_000
MAX_PIECE_BYTES = 256 * 1024
"""The most of a paper that travels in one message: well below what a nats-server takes."""
MAX_PAPER_BYTES = 64 * 1024 * 1024
"""No site fetches a longer paper, whatever another one took in."""


class ReportFiled(msgspec.Struct, frozen=True, kw_only=True, tag="ReportFiled", tag_field="type"):
    """A unit files for a period (`2026-02`) that there was nothing to report. `report` is the profile's key."""

    at: datetime
    actor: Actor
    report: str
    unit: str
    period: str


class CaseFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the cases that a window registered in a period, as they stood when the report was made.

    `in_time` and `late`: the person was answered; `overdue`: not, though it was due. The others are counted by keys.
    """

    registered: int
    open: int
    closed: int
    in_time: int
    late: int
    overdue: int
    kinds: dict[str, int] = {}
    case_types: dict[str, int] = {}
    outcomes: dict[str, int] = {}


class CasesReported(msgspec.Struct, frozen=True, kw_only=True, tag="CasesReported", tag_field="type"):
    """定期报备: a window's figures and numbers for a period, made by its site (PZ-04). No personal data.

    `is_complete` is False where there were more cases or numbers than a report holds.
    """

    at: datetime
    actor: Actor
    report: str
    unit: str
    period: str
    figures: CaseFigures
    numbers: tuple[str, ...] = ()
    is_complete: bool = True


class ReceiptException(msgspec.Struct, frozen=True, kw_only=True):
    """A stored frame that was not applied: `state` and a coded reason."""

    number: int
    state: Literal["deferred", "rejected"]
    reason: str


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What the receiver of one direction of a link has stored. Signed: it is evidence.

    `stopped` is the code for which the receiver has stopped the link; empty while it takes in.
    """

    link: str
    receiver: str
    epoch: int
    stored_up_to: int
    head_hash: bytes
    at: datetime
    exceptions: tuple[ReceiptException, ...] = ()
    stopped: str = ""


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes and who vouches for them: Ed25519 over SHA-256("fed/ms/1" ‖ body)."""

    body: bytes
    signer: str
    key_id: str
    signature: bytes


class Hello(msgspec.Struct, frozen=True, kw_only=True):
    """A site says at connect where it stands in both directions."""

    site: str
    up_receipt: Signed | None = None
    dn_receipt: Signed | None = None


class AgreedHead(msgspec.Struct, frozen=True, kw_only=True):
    """A place in the log of one direction, by which two ends know that they speak of the same frames."""

    number: int
    head_hash: bytes


class Resolution(msgspec.Struct, frozen=True, kw_only=True):
    """How one end of a link wants its next epoch to begin. Signed: it is evidence.

    `link` is the link's name without a direction. `receipt` is the signer's last receipt of what it took in, `points`
    are places in that, furthest first. `agreed` answers the other end's points: from there on the signer sends anew;
    None until those are known.
    """

    link: str
    site: str
    epoch: int
    receipt: Signed
    points: tuple[AgreedHead, ...]
    at: datetime
    agreed: AgreedHead | None = None


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a control request that could not be done; `code` is stable."""

    code: str
    detail: str = ""


class PaperAsk(msgspec.Struct, frozen=True, kw_only=True):
    """A site that has an entry of the case asks for a piece of a paper that comes with it.

    `doubts`: the last copy from there did not match its hash, so look at your own before you send it again.
    """

    case_id: UUID
    sha256: str
    start: int
    most_bytes: int
    doubts: bool = False


class PaperRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A PaperAsk on its way to the site `at`, signed by the site that asks. It is sealed to `at` where that is no
    neighbour; then the answer is sealed to the site that asks, and those between read neither.
    """

    at: str
    ask: bytes


class PaperPiece(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A piece of a paper of `size` bytes, from `start`."""

    sha256: str
    size: int
    start: int
    data: bytes


class PaperNotGiven(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Why no piece is given; `code` is stable."""

    code: str


def link_name(tenant: str, child: str, direction: Literal["up", "dn"]) -> str:
    """The name that a link's chain and receipts bear."""
    return f"{whole_link_name(tenant, child)}/{direction}"


def whole_link_name(tenant: str, child: str) -> str:
    """Of both directions."""
    return f"{tenant}/{child}"
