"""How `make test` divides the tests among its workers (pytest-xdist).

Owns which files stay on one worker, one after the other, which begin first, and each worker's ports. Each worker has
servers of its own; a file that is not named here is a unit by itself and comes after those that are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from xdist.scheduler import LoadFileScheduling

from bancheng.runtime.local_process import FIRST_PORT

if TYPE_CHECKING:
    import pytest
    from xdist.remote import Producer

UNITS: Final[Sequence[tuple[str, ...]]] = (
    # The longest first, so that no worker is left alone with one of them at the end.
    ("tests/contract/test_outages.py",),
    ("tests/demo/",),
    # Both take all that the machine has: never beside each other.
    ("tests/bench/", "tests/faults/test_short_run.py"),
    ("tests/faults/test_cut_off.py",),
    ("tests/contract/test_joining.py",),
    # All others of this folder share one running system.
    ("tests/contract/",),
    ("tests/federation/test_link.py",),
    ("tests/partition/",),
    ("tests/window/test_across_sites.py",),
)
"""Beginnings of file names; the first unit with one that fits is the file's."""


_PORTS_END: Final = 22_000
"""Above it the demo's tests look for five ports in a row."""
_PORT_PARTS: Final = 8


def _place(node_id: str) -> int:
    """Where the test's unit stands in UNITS, or after all of them."""
    return next((place for place, unit in enumerate(UNITS) if node_id.startswith(unit)), len(UNITS))


def port_range(worker: str) -> str:
    """Each worker's own part of the ports: while a server is down, none of another worker's may take its place."""
    number = int(worker.removeprefix("gw")) % _PORT_PARTS
    width = (_PORTS_END - FIRST_PORT) // _PORT_PARTS
    return f"{FIRST_PORT + number * width}-{FIRST_PORT + (number + 1) * width - 1}"


def order(items: list[pytest.Item]) -> None:
    """By unit, in place; within a unit as they were collected."""
    items.sort(key=lambda item: _place(item.nodeid))


class UnitScheduling(LoadFileScheduling):
    """Gives a worker the next unit whenever it has nearly done what it had."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        # By itself it would begin with the units of the most tests, which are quick ones.
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        place = _place(nodeid)
        return UNITS[place][0] if place < len(UNITS) else super()._split_scope(nodeid)
