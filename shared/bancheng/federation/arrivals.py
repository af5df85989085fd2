"""What intake hands to custody, and what custody answers: the seam between the pipe and the cases.

Owns two shapes. Knows no database and no connection.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from bancheng.schema.frames import Frame, FrameHeader, Kind

AppliedState = Literal["applied", "deferred", "rejected", "duplicate", "late"]
"""What became of a stored frame. `deferred` blocks only its own case; `rejected` is for asks only: custody is
never refused."""


class Arrived(msgspec.Struct, frozen=True, kw_only=True):
    """One frame from a peer whose place in the link, chain and signature have been checked.

    `number` and `epoch` are the link's; `event_hash` is recomputed from the bytes, never taken from the sender.
    """

    number: int
    epoch: int
    kind: Kind
    frame: Frame
    header: FrameHeader
    event_hash: bytes
    link_hash: bytes


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the frame with that number. `reason` is a stable code, empty when applied."""

    number: int
    state: AppliedState
    reason: str = ""
