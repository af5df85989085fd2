"""What the person said and how they rated it are one opinion, where the tenant's scale says which ratings mean it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from bancheng.kernel import commands as c
from bancheng.kernel.rejected import Rejected
from bancheng.schema import events as e
from tests.kernel.tenant import PROFILE
from tests.kernel.world import Story, registered


def verified(least: int) -> Story:
    story = registered(profile=replace(PROFILE, satisfied_from_rating=least))
    for command in (
        c.Accept(),
        c.GiveAnswer(text="已恢复发放"),
        c.ProposeResult(outcome="solved", answer="已恢复发放"),
        c.VerifyResult(),
    ):
        story.do(command)
    return story


@pytest.mark.clause("PA-09", part="a rating that contradicts what the person said is refused, where the scale tells")
@pytest.mark.parametrize(("satisfied", "rating"), [(True, 1), (True, 2), (False, 3), (False, 4), (False, 5)])
def test_a_rating_that_contradicts_the_opinion_is_refused(*, satisfied: bool, rating: int) -> None:
    story = verified(3)
    with pytest.raises(Rejected) as refused:
        story.do(c.Revisit(satisfied=satisfied, rating=rating))
    assert (refused.value.code, refused.value.field) == ("revisit.rating_contradicts", "rating")
    assert refused.value.parameters["minimum"] == 3
    assert story.state.stage == "verified"


@pytest.mark.parametrize(("satisfied", "rating"), [(True, 3), (True, 5), (False, 1), (False, 2)])
def test_one_opinion_is_taken(*, satisfied: bool, rating: int) -> None:
    story = verified(3)
    event = story.do(c.Revisit(satisfied=satisfied, rating=rating))[0]
    assert isinstance(event, e.Revisited)
    assert (event.satisfied, event.rating) == (satisfied, rating)


@pytest.mark.parametrize(("satisfied", "rating"), [(True, 1), (False, 5)])
def test_where_no_scale_tells_every_rating_is_taken(*, satisfied: bool, rating: int) -> None:
    event = verified(0).do(c.Revisit(satisfied=satisfied, rating=rating))[0]
    assert isinstance(event, e.Revisited)
