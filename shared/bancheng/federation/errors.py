"""What can go wrong on the way to a peer, each with a stable code.

Owns the types. Every one of them is met by trying again later, with the state of the link showing the code; a
`Misconfigured` will not heal by itself and is kept for `check`.
"""

from __future__ import annotations

import msgspec


class LinkTrouble(Exception):
    """Base: nothing is lost, the link stands where it stood and tries again."""

    code = "link.trouble"

    def __init__(self, detail: str = "") -> None:
        super().__init__(f"{self.code}: {detail}" if detail else self.code)
        self.detail = detail


class NotConnected(LinkTrouble):
    """There is no connection at the moment."""

    code = "nats.not_connected"


class NoAnswer(LinkTrouble):
    """A request was sent and its time-out passed: whether it was done is unknown."""

    code = "nats.no_answer"


class NobodyListens(LinkTrouble):
    """No stream and no peer takes this subject just now."""

    code = "nats.nobody_listens"


class StreamMissing(LinkTrouble):
    """The mailbox does not exist: not yet made, or wiped. Only the parent makes it."""

    code = "stream.missing"


class ConsumerLost(LinkTrouble):
    """The consumer is gone or silent; a new one starts from our own position."""

    code = "stream.consumer_lost"


class Fenced(LinkTrouble):
    """The stream's last sequence is not the one we expected: another relay wrote, or the stream was changed."""

    code = "stream.fenced"


class BackPressure(LinkTrouble):
    """The mailbox or the server's storage is full (10077, 10047): wait for receipts."""

    code = "stream.full"


class StreamAhead(LinkTrouble):
    """The stream holds numbers that we never gave: our database is older than what was sent."""

    code = "stream.ahead"


class StreamBehind(LinkTrouble):
    """The stream ends before what the peer has receipted; its parent will move it forward."""

    code = "stream.behind"


class StreamOtherEpoch(LinkTrouble):
    """The mailbox belongs to another epoch than our end of the link: its parent makes it again."""

    code = "stream.other_epoch"


class StreamRefused(LinkTrouble):
    """Any other error of the JetStream API; the detail has its number and words."""

    code = "stream.refused"


class Misconfigured(LinkTrouble):
    """The server forbids what we must do: a wrong key, account or permission. Trying again does not help."""

    code = "nats.forbidden"


class LinkStopped(LinkTrouble):
    """The link was stopped for evidence; only an operator opens it again."""

    code = "link.stopped"


class Gap(LinkTrouble):
    """The next frame is not the one after our position."""

    code = "link.gap"


class KeyUnknown(LinkTrouble):
    """A frame is signed with a key that no directory here vouches for yet: one may be on its way by another link."""

    code = "frame.key_unknown"


class ConfigurationFault(msgspec.Struct, frozen=True, kw_only=True):
    """What `check` and the status page show: `code` is stable, `detail` is the server's own words."""

    code: str
    detail: str
