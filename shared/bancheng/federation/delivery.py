"""Where an entry stands on its way to a neighbour, by our own numbers and the neighbour's signed receipt.

Owns the words for it. `waiting` has no number yet, `sent` has one, `deferred` is stored by the neighbour and cannot be
applied there yet, `applied` has arrived and counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import msgspec

from bancheng.schema.messages import Receipt, Signed
from bancheng.store.deliveries import QueuedEntry

DeliveryState = Literal["waiting", "sent", "deferred", "applied"]

_signed = msgspec.json.Decoder(Signed)
_receipt = msgspec.json.Decoder(Receipt)


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One entry on the link with one peer. `reason` is the peer's code when it deferred the entry."""

    peer: str
    state: DeliveryState
    reason: str = ""


def deliveries(queued: Sequence[QueuedEntry]) -> dict[bytes, tuple[Delivery, ...]]:
    """By event hash."""
    found: dict[bytes, tuple[Delivery, ...]] = {}
    for each in queued:
        found[each.event_hash] = (*found.get(each.event_hash, ()), _delivery(each))
    return found


def _delivery(queued: QueuedEntry) -> Delivery:
    if queued.number is None:
        return Delivery(peer=queued.peer, state="waiting")
    if queued.number > queued.receipted_number:
        return Delivery(peer=queued.peer, state="sent")
    reason = _exceptions(queued.receipt).get(queued.number)
    if reason is not None:
        return Delivery(peer=queued.peer, state="deferred", reason=reason)
    return Delivery(peer=queued.peer, state="applied")


@lru_cache(maxsize=64)
def _exceptions(receipt: bytes | None) -> dict[int, str]:
    """The numbers that the peer stored and did not apply. It was verified when it came."""
    if receipt is None:
        return {}
    try:
        decoded = _receipt.decode(_signed.decode(receipt).body)
    except msgspec.MsgspecError:
        return {}
    return {each.number: each.reason for each in decoded.exceptions}
