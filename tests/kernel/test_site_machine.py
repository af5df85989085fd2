"""Three tiers and two, driven at random: cases, people, clocks, cut links, crashes. The oracle judges."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from itertools import product
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bancheng.kernel import commands as c
from bancheng.kernel.asking import Ask, AskedCommand
from bancheng.kernel.rejected import Rejected
from bancheng.schema.documents import Directory
from tests.kernel.oracle import assert_agreement, assert_every_state_is_its_history, assert_nothing_is_forgotten
from tests.kernel.sites import Network
from tests.kernel.tenant import CENTRE, COUNTY, STATION, THREE_TIERS, TOWN, TWO_TIERS, UNIT_OF, VILLAGE
from tests.kernel.world import clerk, system

MOST_CASES = 3
BY_PEOPLE: tuple[c.AnyCommand, ...] = (
    c.Accept(),
    c.ProposeDecline(ground="litigation", explanation="已进入诉讼程序"),
    c.ApproveDecline(),
    c.RefuseDecline(reason="应予受理"),
    c.Classify(kind="approval", case_type="special"),
    c.AddNote(text="已电话联系"),
    c.CorrectPerson(phone="000-4321", reason="登记时记错一位"),
    c.Pause(reason="waiting_for_papers", until=date(2026, 3, 20)),
    c.Resume(),
    c.RequestExtension(workdays=2, reason="等待上级答复"),
    c.ApproveExtension(),
    c.GiveAnswer(text="已恢复发放"),
    c.ProposeResult(outcome="solved", answer="已恢复发放"),
    c.VerifyResult(),
    c.SendBackResult(reason="补贴未到账"),
    c.Revisit(satisfied=True, rating=5),
    c.Revisit(satisfied=False, rating=1),
    c.StrikeOff(),
    c.Escalate(reason="本级解决不了"),
    c.Return(reason="不属本级"),
    c.HandDown(to_unit=STATION, reason="由村里办理"),
    c.HandDown(to_unit=CENTRE, reason="由镇里办理", limit_workdays=4),
    c.TakeBack(reason="收回办理"),
)


ASKED: tuple[AskedCommand, ...] = (
    c.AddNote(text="本人补交材料"),
    c.CorrectPerson(phone="000-1111", reason="登记时记错一位"),
)
SOLVED: list[c.AnyCommand] = [
    c.Accept(),
    c.Classify(kind="allowance", case_type="complex"),
    c.GiveAnswer(text="已恢复发放"),
    c.ProposeResult(outcome="solved", answer="已恢复发放"),
]
SEEN: list[c.AnyCommand] = [c.VerifyResult(), c.Revisit(satisfied=True, rating=5), c.StrikeOff()]
DOWN: list[c.AnyCommand] = [
    c.HandDown(to_unit=STATION, reason="由村里办理"),
    c.HandDown(to_unit=CENTRE, reason="由镇里办理", limit_workdays=4),
]
MATTERS: list[list[c.AnyCommand]] = [
    SOLVED,
    SOLVED[:2],
    SEEN,
    [*SOLVED, *SEEN],
    DOWN,
    DOWN,
    [c.Return(reason="不属本级")],
    [c.Escalate(reason="本级解决不了")],
    [c.TakeBack(reason="收回办理")],
    [c.AddNote(text="已联系民政所")],
    [c.Pause(reason="waiting_for_papers", until=date(2026, 3, 20))],
]
NUMBERS = st.integers(0, 2)
CASES = st.integers(0, MOST_CASES - 1)
STAFF = st.sampled_from(["clerk", "leader"])


class Sites(RuleBasedStateMachine):
    """What may happen at any moment, at any site, whatever the others know."""

    directory: Directory = THREE_TIERS

    @initialize(skews=st.lists(st.sampled_from([-24, 0, 0, 24]), min_size=3, max_size=3))
    def begin(self, skews: list[int]) -> None:
        self.network = Network(self.directory)
        for site, hours in zip(self.network.sites.values(), skews, strict=False):
            site.skew = timedelta(hours=hours)
        self.register(self._lowest())

    def _lowest(self) -> str:
        return list(self.network.sites)[-1]

    def _site(self, number: int) -> str:
        return list(self.network.sites)[number % len(self.network.sites)]

    @precondition(lambda self: len(self.network.cases) < MOST_CASES)
    @rule(number=st.integers(0, 2))
    def register_somewhere(self, number: int) -> None:
        self.register(self._site(number))

    def register(self, site: str) -> None:
        self.network.register(site)

    @rule(
        number=NUMBERS,
        which=CASES,
        commands=st.lists(st.sampled_from(BY_PEOPLE), min_size=1, max_size=4),
        staff=STAFF,
        crash=st.sampled_from([False, False, False, True]),
    )
    def commands(self, number: int, which: int, commands: list[c.AnyCommand], staff: str, crash: bool) -> None:
        """By whoever sits at that window; much of it is refused, and may be."""
        self._give(self._site(number), self._case(which), commands, staff, crash=crash)

    @rule(which=CASES, commands=st.sampled_from(MATTERS), staff=STAFF)
    def work_where_somebody_thinks_to_hold(self, which: int, commands: list[c.AnyCommand], staff: str) -> None:
        for site in self._believers(self._case(which)):
            self._give(site, self._case(which), commands, staff)

    @rule(which=CASES, adopt=st.booleans())
    def decide_what_is_late(self, which: int, adopt: bool) -> None:
        case_id = self._case(which)
        for site in self._believers(case_id):
            opened = [each for each in self.network.state(site, case_id).late_entries if each.decision == "open"]
            for key in [each.event_hash.hex() for each in opened[:1]]:
                command = c.AdoptLateOutcome(event_hash=key) if adopt else c.OverruleLate(event_hash=key, reason="不实")
                self._give(site, case_id, [command], "leader")

    @rule(which=CASES, number=st.integers(1, 3), asks=st.integers(0, 2), command=st.sampled_from(ASKED))
    def answer_an_ask(self, which: int, number: int, asks: int, command: AskedCommand) -> None:
        """The same few asks come again and again, to everybody who takes himself for the holder."""
        case_id, asking = self._case(which), self._site(asks)
        ask = Ask(
            at=self.network.now, actor=clerk(UNIT_OF[asking]), ask_id=UUID(int=number), case_id=case_id, command=command
        )
        answer = c.AnswerAsk(ask=ask, ask_hash=bytes([number]) * 32, asked_site=asking)
        for site in self._believers(case_id):
            with suppress(Rejected):
                self.network.give(site, case_id, answer, system(UNIT_OF[site]))

    @invariant()
    def no_ask_is_answered_twice_on_one_line(self) -> None:
        if hasattr(self, "network"):
            for site, case_id in product(self.network.sites, self.network.cases):
                case = self.network.case(site, case_id)
                assert case is None or len(set(case.answered_asks)) == len(case.answered_asks)

    def _give(self, site: str, case_id: UUID, commands: list[c.AnyCommand], staff: str, *, crash: bool = False) -> None:
        for command in commands:
            try:
                self.network.give(site, case_id, command, clerk(UNIT_OF[site], staff), crash=crash)
            except Rejected:
                continue

    def _case(self, which: int) -> UUID:
        return self.network.cases[which % len(self.network.cases)]

    def _believers(self, case_id: UUID) -> list[str]:
        """The sites that take themselves for the holder: more than one while a link is cut."""
        states = [(site, self.network.case(site, case_id)) for site in self.network.sites]
        return [site for site, case in states if case is not None and case.holder_site == site]

    @rule(hours=st.sampled_from([3, 24, 72]), asleep=st.sampled_from(["", "", COUNTY, TOWN, VILLAGE]))
    def pass_time(self, hours: int, asleep: str) -> None:
        """Every site that is up acts on what is due by then."""
        self.network.now += timedelta(hours=hours)
        self.network.sweep(*(site for site in self.network.sites if site != asleep))

    @rule(number=st.integers(1, 2))
    def cut(self, number: int) -> None:
        names = list(self.network.sites)
        if number < len(names):
            self.network.cut_link(names[number - 1], names[number])

    @rule(
        number=st.integers(0, 1),
        up=st.booleans(),
        crash=st.sampled_from([False, False, True]),
        again=st.sampled_from([False, False, True]),
        times=st.sampled_from([1, 2, 5, 50]),
    )
    def deliver(self, number: int, up: bool, crash: bool, again: bool, times: int) -> None:
        names = list(self.network.sites)
        if number + 1 < len(names):
            above, below = names[number], names[number + 1]
            link = (below, above) if up else (above, below)
            self.network.deliver(*link, crash=crash, again=again)
            for _ in range(times - 1):
                self.network.deliver(*link)

    @rule(number=st.integers(0, 5))
    def mend_one_link(self, number: int) -> None:
        """Of several that are cut, any may be mended first; what waited on it comes through."""
        if self.network.cut:
            cut = sorted(self.network.cut, key=sorted)
            self.network.cut.remove(cut[number % len(cut)])
            self.network.carry_all()

    @rule()
    def heal(self) -> None:
        self.network.heal()
        assert_agreement(self.network)

    @invariant()
    def every_state_is_its_history(self) -> None:
        if hasattr(self, "network"):
            assert_every_state_is_its_history(self.network)

    def teardown(self) -> None:
        if hasattr(self, "network"):
            self.network.heal()
            assert_agreement(self.network)
            assert_nothing_is_forgotten(self.network)


class TwoTiers(Sites):
    directory = TWO_TIERS


TestThreeTiers = Sites.TestCase
TestTwoTiers = TwoTiers.TestCase
TestThreeTiers.settings = settings(max_examples=120, stateful_step_count=50, deadline=None)
TestTwoTiers.settings = settings(max_examples=30, stateful_step_count=40, deadline=None)
