"""How often somebody may ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bancheng.window.failures import ApiError
from bancheng.window.parts import Limits, Rate
from bancheng.window.rate_limits import RateLimit
from tests.window.town_hall import PASSWORD, XIAOSHAN

if TYPE_CHECKING:
    from tests.window.town_hall import TownHall


def test_a_burst_passes_then_one_for_each_step_of_time() -> None:
    now = 100.0
    limit = RateLimit(Rate(burst=3, seconds=30), remembered=10, seconds=lambda: now)
    for _ in range(3):
        limit.take("a")
    limit.take("b")
    with pytest.raises(ApiError) as refused:
        limit.take("a")
    assert refused.value.failure.retry_seconds == 10
    now += 10
    limit.take("a")
    with pytest.raises(ApiError):
        limit.take("a")
    now += 3_600
    for _ in range(3):
        limit.take("a")


def test_no_more_keys_are_remembered_than_allowed() -> None:
    limit = RateLimit(Rate(burst=1, seconds=3_600), remembered=5, seconds=lambda: 0.0)
    for number in range(1_000):
        limit.take(str(number))
    assert limit.remembered == 5
    limit.take("0")
    with pytest.raises(ApiError):
        limit.take("999")


async def test_guessing_a_password_is_slowed_by_login_and_by_address(hall: TownHall) -> None:
    by_login = hall.application_with(Limits(sign_in_by_login=Rate(burst=3, seconds=3_600)))
    wrong = {"tenant": XIAOSHAN, "login": "hall-clerk", "password": "wrong"}
    client = hall.client(by_login)
    assert [(await client.post("/api/v1/tokens", json=wrong)).status_code for _ in range(4)] == [401, 401, 401, 429]
    elsewhere = hall.client(by_login, address="127.0.0.2")
    blocked = await elsewhere.post("/api/v1/tokens", json={**wrong, "password": PASSWORD})
    assert (blocked.status_code, blocked.json()["code"]) == (429, "api.rate_limited")
    assert int(blocked.headers["retry-after"]) >= 1
    assert (await client.post("/api/v1/tokens", json={**wrong, "login": "town-clerk"})).status_code == 401

    by_address = hall.application_with(Limits(sign_in_by_address=Rate(burst=2, seconds=3_600)))
    client = hall.client(by_address)
    tries = [await client.post("/api/v1/tokens", json={**wrong, "login": f"nobody-{n}"}) for n in range(3)]
    assert [answer.status_code for answer in tries] == [401, 401, 429]
    other = await hall.client(by_address, address="127.0.0.2").post(
        "/api/v1/tokens", json={**wrong, "password": PASSWORD}
    )
    assert other.status_code == 201


async def test_signing_in_rightly_is_not_counted_against_the_login(hall: TownHall) -> None:
    client = hall.client(hall.application_with(Limits(sign_in_by_login=Rate(burst=2, seconds=3_600))))
    body = {"tenant": XIAOSHAN, "login": "hall-clerk", "password": PASSWORD}
    assert {(await client.post("/api/v1/tokens", json=body)).status_code for _ in range(5)} == {201}


async def test_a_whole_hall_signs_in_from_one_address_and_what_fails_still_counts(hall: TownHall) -> None:
    client = hall.client(hall.application_with(Limits(sign_in_by_address=Rate(burst=2, seconds=3_600))))
    body = {"tenant": XIAOSHAN, "login": "hall-clerk", "password": PASSWORD}
    wrong = {**body, "login": "town-clerk", "password": "wrong"}
    tries = [(await client.post("/api/v1/tokens", json=each)).status_code for each in (body, wrong, body, wrong, wrong)]
    assert tries == [201, 401, 201, 401, 429]


async def test_one_member_of_staff_cannot_ask_without_end(hall: TownHall) -> None:
    application = hall.application_with(Limits(requests=Rate(burst=5, seconds=3_600)))
    client = hall.client(application)
    tokens: list[str] = []
    for login in ("hall-clerk", "town-clerk"):
        body = {"tenant": XIAOSHAN, "login": login, "password": PASSWORD}
        tokens.append((await client.post("/api/v1/tokens", json=body)).json()["token"])
    headers = [{"Authorization": f"Bearer {token}"} for token in tokens]
    statuses = [(await client.get("/api/v1/me", headers=headers[0])).status_code for _ in range(6)]
    assert statuses == [200] * 5 + [429]
    assert (await client.get("/api/v1/me", headers=headers[1])).status_code == 200


async def test_health_is_open_and_readiness_names_what_is_wrong(hall: TownHall) -> None:
    client = hall.client()
    assert (await client.get("/healthz")).json() == {"status": "ok"}
    assert (await client.get("/readyz")).status_code == 200
    hall.problems.append("database.unavailable")
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["problems"]) == (503, ["database.unavailable"])


async def test_reading_whole_books_of_rules_is_limited_like_uploads(hall: TownHall) -> None:
    client = hall.client(hall.application_with(Limits(uploads=Rate(burst=2, seconds=3_600))))
    asked = {"tenant": XIAOSHAN, "login": "hall-administrator", "password": PASSWORD}
    token = (await client.post("/api/v1/tokens", json=asked)).json()["token"]
    bearer = {"Authorization": f"Bearer {token}"}
    statuses = [
        (await client.post(f"/api/v1/{path}", json={"text": "x"}, headers=bearer)).status_code
        for path in ("profiles/check", "profiles/preview", "calendars/preview")
    ]
    assert statuses == [200, 200, 429]
