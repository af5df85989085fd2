"""A receipt as bytes that somebody vouches for: made here, and believed or not when it comes from a peer.

Owns the form and what a receipt must say to be one for this link. Whether it fits the log is for receipts to judge.
"""

from __future__ import annotations

import msgspec

from bancheng.federation.site import HostedSite, Peer
from bancheng.schema.messages import MAX_EXCEPTIONS, Receipt, Signed, link_name
from bancheng.store.database import Transaction
from bancheng.store.links import LinkRow, exceptions_of
from bancheng.store.signing import SignatureRefused, sign_message, verify_message

_encoder = msgspec.json.Encoder()
_receipt = msgspec.json.Decoder(Receipt)


class ReceiptRefused(Exception):
    """A receipt that cannot be believed. `code` is stable; nothing was changed by it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


async def make_receipt(tx: Transaction, site: HostedSite, peer: Peer, row: LinkRow) -> Signed:
    """Ours, for where the link stands in this transaction."""
    exceptions = await exceptions_of(tx, peer.site)
    receipt = Receipt(
        link=link_name(site.tenant, peer.child_of_link(site.site), peer.incoming),
        receiver=site.site,
        epoch=row.in_epoch,
        stored_up_to=row.in_number,
        head_hash=row.in_head,
        at=site.wall_now(),
        exceptions=tuple(exceptions[:MAX_EXCEPTIONS]),
        stopped=row.reason if row.state == "stopped" else "",
    )
    return sign_message(site.signer, _encoder.encode(receipt))


def verified_receipt(site: HostedSite, peer: Peer, signed: Signed) -> Receipt:
    """The peer's, for what we sent it. Raises ReceiptRefused."""
    try:
        body = verify_message(site.keyring, signed)
        receipt = _receipt.decode(body)
    except SignatureRefused as error:
        raise ReceiptRefused("receipt.signature") from error
    except msgspec.MsgspecError as error:
        raise ReceiptRefused("receipt.unreadable") from error
    if (signed.signer, receipt.receiver) != (peer.site, peer.site):
        raise ReceiptRefused("receipt.receiver")
    if receipt.link != link_name(site.tenant, peer.child_of_link(site.site), peer.outgoing):
        raise ReceiptRefused("receipt.link")
    return receipt
