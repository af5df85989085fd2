"""The short fault run, as part of every test run. `make faults` is the long one."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from uuid import uuid4

import pytest
from msgspec import structs

from tests.faults.__main__ import SHORT_SECONDS
from tests.faults.plan import RELAY, SERVICES, WIPES, make_plan
from tests.faults.run import Outcome, run
from tests.support.business import Business, broken_promises
from tests.support.oracle import problems_of
from tests.support.standing import SiteStanding, Standing
from tests.support.tenants import PANAN

SEED = 20_260_302


def test_a_seed_draws_the_same_plan_again_and_another_seed_another_one() -> None:
    assert make_plan(SEED, 60) == make_plan(SEED, 60)
    assert make_plan(SEED, 60).lines() != make_plan(SEED + 1, 60).lines()


def test_every_plan_breaks_everything() -> None:
    for seed in range(50):
        faults = make_plan(seed, SHORT_SECONDS).faults
        killed = [fault.target for fault in faults if fault.attack in {"kill", "wipe"}]
        assert {*SERVICES, "nats", "postgres"} <= set(killed)
        assert sum(fault.attack == "wipe" for fault in faults) == WIPES
        assert any(fault.target == RELAY for fault in faults)


def test_faults_of_one_target_never_overlap_and_end_within_the_run() -> None:
    for seed in range(50):
        plan = make_plan(seed, 120)
        for target in {fault.target for fault in plan.faults}:
            own = [fault for fault in plan.faults if fault.target == target]
            for before, after in pairwise(own):
                assert before.at + before.seconds <= after.at
            assert own[-1].at + own[-1].seconds <= plan.seconds


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Village, town, county, NATS and PostgreSQL killed, the NATS store deleted twice, links cut, the clock moved."""
    return run(make_plan(SEED, SHORT_SECONDS), tmp_path_factory.mktemp("faults"))


@pytest.mark.timeout(240)
@pytest.mark.clause("ST-02", part="nothing that was acknowledged is missing")
def test_nothing_is_lost_or_doubled_while_everything_is_killed_cut_and_wiped(ran: Outcome) -> None:
    assert not ran.problems, "\n".join(ran.lines())
    # A run in which nothing happened would hold as well.
    assert sum(ran.attacks.values()) == len(make_plan(SEED, SHORT_SECONDS).faults)
    assert min(ran.counts[name] for name in ("registered", "commands done", "climbs", "late entries filed")) > 0


def found(ran: Outcome, sites: Mapping[str, SiteStanding]) -> list[str]:
    """What the oracle says when a tenant's sites are as given instead of as they were."""
    changed = Standing(sites=ran.standing.sites | {(PANAN, name): site for name, site in sites.items()})
    directory = {PANAN: ran.directories[PANAN]}
    return [*problems_of(changed, directory, {}), *broken_promises(changed, ran.business)]


def sites_of(ran: Outcome) -> dict[str, SiteStanding]:
    return {name: site for (tenant, name), site in ran.standing.sites.items() if tenant == PANAN}


def named(problems: Sequence[str], *words: str) -> bool:
    return any(all(word in problem for word in words) for problem in problems)


def test_the_oracle_names_a_frame_that_was_not_taken_in(ran: Outcome) -> None:
    sites = sites_of(ran)
    county = sites["county"]
    assert named(found(ran, sites | {"county": replace(county, inbox=county.inbox[:-1])}), "330727/town/up", "stored")


def test_the_oracle_names_a_frame_that_was_not_queued(ran: Outcome) -> None:
    sites = sites_of(ran)
    town = sites["town"]
    problems = found(ran, sites | {"town": replace(town, outbox=town.outbox[:3] + town.outbox[4:])})
    assert named(problems, "330727/town/up: number 5 where 4 belongs")


def test_the_oracle_names_a_byte_that_was_changed(ran: Outcome) -> None:
    sites = sites_of(ran)
    town = sites["town"]
    row = next(each for each in town.events if each.type == "Registered")
    forged = (row.frame.payload or b"").replace(b"panan", b"panam", 1)
    changed = replace(row, frame=structs.replace(row.frame, payload=forged))
    events = [changed if each is row else each for each in town.events]
    assert named(found(ran, sites | {"town": replace(town, events=events)}), str(row.case_id), "frame.payload_hash")


def test_the_oracle_names_a_case_that_was_registered_twice(ran: Outcome) -> None:
    """The same person's matter under another id, as a retry without a key would leave it."""
    sites = sites_of(ran)
    town = sites["town"]
    registered = next(row for row in town.events if row.type == "Registered")
    double = replace(registered, case_id=uuid4(), event_hash=secrets.token_bytes(32))
    problems = found(ran, sites | {"town": replace(town, events=[*town.events, double])})
    assert named(problems, "stands in history 2 times")
    assert named(problems, str(double.case_id), "nobody was answered")


def test_the_oracle_names_what_was_acknowledged_and_is_gone_from_every_site(ran: Outcome) -> None:
    """So cleanly gone that all sites agree: only the record of those who were answered knows better."""
    sites = sites_of(ran)
    deed = next(each for each in ran.business.deeds if each.tenant == PANAN and each.status == 201)
    without = {
        name: replace(
            site,
            events=[row for row in site.events if row.case_id != deed.case_id],
            cases={case_id: row for case_id, row in site.cases.items() if case_id != deed.case_id},
        )
        for name, site in sites.items()
    }
    assert named(found(ran, without), deed.mark, "is nowhere")


def test_the_oracle_names_what_was_refused_and_done_all_the_same(ran: Outcome) -> None:
    done = next(each for each in ran.business.deeds if each.status == 200 and each.tries == 1)
    lied = Business(deeds=[replace(each, status=409) if each is done else each for each in ran.business.deeds])
    assert named(list(broken_promises(ran.standing, lied)), done.mark, "and yet it was done")


def test_the_oracle_names_an_ask_that_was_never_answered(ran: Outcome) -> None:
    asked = next(each for each in ran.business.deeds if each.status == 202)
    lied = Business(deeds=[replace(each, ask_id=uuid4()) if each is asked else each for each in ran.business.deeds])
    assert named(list(broken_promises(ran.standing, lied)), asked.mark, "does not know of it")
