"""Who is told of the work on a case, if anybody is: the seam between the work and a collector of traces.

Owns the shape. A tracer belongs to a service's database, through which all its work goes. What is told are names of
steps, links, numbers and codes: no text of a case, no person, no member of staff, and not the case's id.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol
from uuid import UUID

Facts = Mapping[str, str | int]
"""By name, without a prefix: `link`, `number`, `state`."""


class Tracer(Protocol):
    """What a collector of traces is behind."""

    def step(self, name: str, tenant: str, case_id: UUID) -> AbstractContextManager[None]:
        """One step of a case, which lasts as long as the context does."""
        ...

    def record(self, name: str, tenant: str, done: Iterable[tuple[UUID, Facts]], *, began_ns: int) -> None:
        """A step that was done for several cases at once, and ends now. `began_ns`: nanoseconds of the Unix era."""
        ...


def step(tracer: Tracer | None, name: str, tenant: str, case_id: UUID) -> AbstractContextManager[None]:
    """Nothing where nobody is told."""
    return nullcontext() if tracer is None else tracer.step(name, tenant, case_id)


def record(tracer: Tracer | None, name: str, tenant: str, done: Iterable[tuple[UUID, Facts]], *, began_ns: int) -> None:
    """Nothing where nobody is told; `done` is not gone through then."""
    if tracer is not None:
        tracer.record(name, tenant, done, began_ns=began_ns)


def began(tracer: Tracer | None) -> int:
    """When a step begins; 0 where nobody is told."""
    return 0 if tracer is None else time.time_ns()
