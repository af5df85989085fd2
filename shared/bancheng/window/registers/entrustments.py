"""委托文件: what each department has signed over to the hall, recorded and published at the top (PA-17).

Owns the bodies and what is refused. The third exclusion is decided by it at every tier, also one that is cut off.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from bancheng.kernel.command import Key
from bancheng.kernel.entrustments import Entrustment, Entrustments
from bancheng.kernel.rejected import Rejected
from bancheng.store.database import Transaction
from bancheng.store.documents import editions
from bancheng.window.hosting import Hosting
from bancheng.window.idempotency import Answer, Request
from bancheng.window.identity import Identity
from bancheng.window.registers.changing import Change, publish_register, require_department

DocumentNumber = Annotated[str, Meta(min_length=1, max_length=100)]

_decoder = msgspec.json.Decoder(Entrustments)


class EntrustBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One signed document. `matters` are keys; none: all of the department's. `paper`: the SHA-256 of its scan."""

    document: DocumentNumber
    department: Key
    signed_on: date
    matters: Annotated[tuple[Key, ...], Meta(max_length=1000)] = ()
    ends_on: date | None = None
    paper: Annotated[str, Meta(pattern="^([0-9a-f]{64})?$")] = ""


class EndEntrustmentBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`ends_on` is the last day on which it holds."""

    document: DocumentNumber
    ends_on: date


async def entrust(hosting: Hosting, identity: Identity, body: EntrustBody, request: Request) -> Answer:
    """By an administrator at the top. It holds from the day on which it was signed."""

    def with_it(known: Entrustments) -> Entrustments:
        require_department(identity, body.department, "department")
        if any(each.document == body.document for each in known.documents):
            raise Rejected("entrustment.exists", field="document", document=body.document)
        _require_order(body.signed_on, body.ends_on)
        new = Entrustment(**{name: getattr(body, name) for name in body.__struct_fields__})
        return Entrustments(documents=(*known.documents, new))

    async def make(tx: Transaction, _: int) -> msgspec.Struct:
        return with_it(await newest(tx))

    change = Change(action="entrustment-recorded", request=request, detail=body.document)
    return await publish_register(hosting, identity, change, "entrustments", make)


async def end(hosting: Hosting, identity: Identity, body: EndEntrustmentBody, request: Request) -> Answer:
    """The document stays on record: what was decided by it while it held stands."""

    async def make(tx: Transaction, _: int) -> msgspec.Struct:
        known = await newest(tx)
        found = next((each for each in known.documents if each.document == body.document), None)
        if found is None:
            raise Rejected("entrustment.unknown", field="document", document=body.document)
        _require_order(found.signed_on, body.ends_on)
        ended = msgspec.structs.replace(found, ends_on=body.ends_on)
        return Entrustments(documents=tuple(ended if each is found else each for each in known.documents))

    change = Change(action="entrustment-ended", request=request, detail=body.document)
    return await publish_register(hosting, identity, change, "entrustments", make)


async def newest(tx: Transaction) -> Entrustments:
    """As they were published last."""
    known = await editions(tx, "entrustments", 1)
    return _decoder.decode(known[0].document.body) if known else Entrustments()


def _require_order(signed_on: date, ends_on: date | None) -> None:
    if ends_on is not None and ends_on < signed_on:
        raise Rejected("entrustment.ends_before", field="ends_on")
