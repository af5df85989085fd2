"""What is told of the frames of a batch to whoever collects traces: each in the trace of its case.

Owns those facts. A document is of no case and is not told. Nothing of this travels: a trace follows from the case.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from bancheng.federation.arrivals import Applied, Arrived
from bancheng.schema.frames import decode_header
from bancheng.store.links import NumberedFrame
from bancheng.store.tracing import Facts


def relayed(link: str, frames: Sequence[NumberedFrame]) -> Iterable[tuple[UUID, Facts]]:
    """Frames of our own outbox that the stream has taken."""
    for each in frames:
        case_id = decode_header(each.frame.header).case_id
        if case_id is not None:
            yield case_id, {"link": link, "number": each.number, "kind": each.kind}


def taken_in(link: str, arrived: Sequence[Arrived], applied: Sequence[Applied]) -> Iterable[tuple[UUID, Facts]]:
    """Frames that are stored, and what became of each."""
    states = {each.number: each for each in applied}
    for each in arrived:
        became = states.get(each.number)
        if each.header.case_id is not None:
            yield (
                each.header.case_id,
                {
                    "link": link,
                    "number": each.number,
                    "kind": each.kind,
                    "state": "stored" if became is None else became.state,
                    "reason": "" if became is None else became.reason,
                },
            )
