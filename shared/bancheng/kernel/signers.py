"""签字: who stands by name for the process and the result of a case, part by part (NX-09).

Owns which entries are such a signature. Everybody signs by doing it: the entry bears their name and their site's key.
"""

from __future__ import annotations

from msgspec.structs import replace

from bancheng.kernel.record import Record, SignedPart, Signer
from bancheng.schema import events as e
from bancheng.schema.event import SYSTEM_STAFF


def signed(record: Record, event: e.CaseEvent) -> Record:
    """The record with the signature that the event is, if it is one: the last of each part in this round."""
    if isinstance(event, e.Redone):
        return replace(record, signers=()) if record.signers else record
    part = _part(event)
    if part is None or event.actor.staff == SYSTEM_STAFF:
        return record
    said_by = event.said_by if isinstance(event, e.OrderAnswered) else ""
    signer = Signer(
        part=part, name=said_by or event.actor.name, unit=event.actor.unit, at=event.at,
        stands_in_for="" if said_by else event.actor.stands_in_for,
    )  # fmt: skip
    return replace(record, signers=(*(each for each in record.signers if each.part != part), signer))


def _part(event: e.CaseEvent) -> SignedPart | None:
    match event:
        case e.ResultProposed() | e.DeclineProposed():
            return "handled"
        case e.OrderAnswered(reply="result"):
            return "department"
        case e.ResultVerified():
            return "verified"
        case e.Declined() | e.ExtensionApproved():
            return "approved"
        case e.Revisited():
            return "revisited"
        case _:
            return None
