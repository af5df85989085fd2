"""The oracle bites: each way in which a history could be wrong is found and named."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from bancheng.schema.documents import Directory
from tests.support.oracle import judge, problems_of
from tests.support.standing import SiteStanding, Standing
from tests.support.system import System
from tests.support.tenants import TOWN, XIAOSHAN

Change = Callable[[SiteStanding], None]


@pytest.fixture(scope="module")
def directories(system: System) -> Mapping[str, Directory]:
    return {tenant: founded.directory for tenant, founded in system.founded.items()}


@pytest.fixture(scope="module")
def whole(system: System) -> Standing:
    """A standing in which a case has climbed to the town."""
    village, town = system.client(XIAOSHAN, "village-clerk"), system.client(XIAOSHAN, "town-clerk")
    registered = village.register(title="供核对的案件")
    clocks: Any = village.case(registered.case_id)["clocks"]
    due_at = next(datetime.fromisoformat(each["due_at"]) for each in clocks if each["name"] == "holder")
    system.clock.advance_to(max(due_at, system.clock.now()))
    town.wait_for_case(registered.case_id, holder_unit=TOWN)
    return system.quiesce()


def test_it_finds_nothing_wrong_in_what_is_right(whole: Standing, directories: Mapping[str, Directory]) -> None:
    judge(whole, directories)


def _flip_a_bit(site: SiteStanding) -> None:
    row = site.events[0]
    payload = bytearray(row.frame.payload or b"")
    payload[len(payload) // 2] ^= 1
    site.events[0] = replace(row, frame=msgspec.structs.replace(row.frame, payload=bytes(payload)))


def _forge_a_column(site: SiteStanding) -> None:
    site.events[0] = replace(site.events[0], seq=site.events[0].seq + 7)


def _forge_a_signature(site: SiteStanding) -> None:
    row = site.events[0]
    site.events[0] = replace(row, frame=msgspec.structs.replace(row.frame, signature=bytes(64)))


def _lose_an_event(site: SiteStanding) -> None:
    del site.events[-1]


def _lose_what_arrived(site: SiteStanding) -> None:
    del site.inbox[-1]


def _queue_twice(site: SiteStanding) -> None:
    site.outbox.append(replace(site.outbox[-1], number=(site.outbox[-1].number or 0) + 1))


def _swap_two(site: SiteStanding) -> None:
    first, second = site.outbox[0], site.outbox[1]
    site.outbox[0], site.outbox[1] = replace(first, number=second.number), replace(second, number=first.number)


def _leave_deferred(site: SiteStanding) -> None:
    site.inbox[0] = replace(site.inbox[0], state="deferred", reason="event.schema_unknown")


def _forget_a_receipt(site: SiteStanding) -> None:
    for peer, link in site.links.items():
        site.links[peer] = msgspec.structs.replace(link, receipted_number=link.receipted_number - 1)


def _change_a_projection(site: SiteStanding) -> None:
    case_id, row = next(iter(site.cases.items()))
    site.cases[case_id] = replace(row, case=msgspec.structs.replace(row.case, holder_unit="330109101202"))


def _lose_a_projection(site: SiteStanding) -> None:
    site.cases.pop(next(iter(site.cases)))


def _see_an_equivocation(site: SiteStanding) -> None:
    object.__setattr__(site, "equivocations", 1)


@pytest.mark.clause("ST-02", part="a change of what was written is found and named")
@pytest.mark.parametrize(
    "change",
    [
        _flip_a_bit, _forge_a_column, _forge_a_signature, _lose_an_event, _lose_what_arrived, _queue_twice, _swap_two,
        _leave_deferred, _forget_a_receipt, _change_a_projection, _lose_a_projection, _see_an_equivocation,
    ],
    ids=lambda change: change.__name__.strip("_"),
)  # fmt: skip
def test_it_finds_what_was_changed(whole: Standing, directories: Mapping[str, Directory], change: Change) -> None:
    changed = copy.deepcopy(whole)
    change(changed.sites[XIAOSHAN, "town"])
    assert list(problems_of(changed, directories, {}))


def test_it_misses_a_case_that_was_answered_and_is_nowhere(
    whole: Standing, directories: Mapping[str, Directory]
) -> None:
    assert list(problems_of(whole, directories, {XIAOSHAN: [uuid4()]}))
