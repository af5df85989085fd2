"""What the tests of partitions have in common: a case that all know of, solved, healed, looked at."""

from __future__ import annotations

from uuid import UUID

import pytest

from bancheng.kernel import commands as c
from bancheng.kernel.case import Case, Position
from bancheng.kernel.history import lines
from bancheng.kernel.rejected import Rejected
from tests.kernel.oracle import assert_agreement, assert_every_state_is_its_history
from tests.kernel.sites import Network
from tests.kernel.tenant import COUNTY, STATION, VILLAGE

DOWN = c.HandDown(to_unit=STATION, reason="由村里办理")


def known_everywhere(network: Network, site: str = VILLAGE) -> UUID:
    case_id = network.register(site)
    network.carry_all()
    return case_id


def solve(network: Network, site: str, case_id: UUID) -> None:
    for command in (
        c.Accept(),
        c.Classify(kind="allowance", case_type="complex"),
        c.GiveAnswer(text="已恢复发放"),
        c.ProposeResult(outcome="solved", answer="已恢复发放"),
    ):
        network.give(site, case_id, command)


def healed(network: Network, case_id: UUID) -> Case:
    """The state that all agree on, once everything has come through."""
    network.heal()
    assert_agreement(network)
    assert_every_state_is_its_history(network)
    return network.state(COUNTY, case_id)


def main_line(network: Network, case_id: UUID) -> list[str]:
    return [type(entry.event).__name__ for entry in lines(network.entries(COUNTY, case_id).values()).main]


def opened(case: Case) -> list[str]:
    return [each.event_hash.hex() for each in case.late_entries if each.decision == "open"]


def late_of(network: Network, site: str, case_id: UUID) -> list[tuple[Position, str]]:
    late = lines(network.entries(site, case_id).values()).late
    return [(entry.position, type(entry.event).__name__) for entry in late]


def refusal(network: Network, site: str, case_id: UUID, command: c.AnyCommand) -> str:
    with pytest.raises(Rejected) as refused:
        network.give(site, case_id, command)
    return refused.value.code
