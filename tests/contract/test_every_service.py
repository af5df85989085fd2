"""One contract for the three services, each as a real process: health, figures, description, errors, keys."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from bancheng.runtime.metrics import METRICS
from bancheng.window.error_texts import every_code
from tests.support.api import PREFIX, Client, Refused, registration
from tests.support.processes import ServiceProcess
from tests.support.system import SERVICE_NAMES, System
from tests.support.tenants import PANAN, PASSWORD, XIAOSHAN

CLERKS = {"county": "county-clerk", "town": "town-clerk", "village": "village-clerk"}


@pytest.fixture(params=SERVICE_NAMES)
def service(request: pytest.FixtureRequest, system: System) -> ServiceProcess:
    return system.services[request.param]


@pytest.fixture
def clerk(service: ServiceProcess, system: System) -> Client:
    """At 萧山, where every service has a site."""
    return system.client(XIAOSHAN, CLERKS[service.name])


def error_of(response: httpx.Response) -> dict[str, Any]:
    """Every refusal has a documented code, a message and what to do next, and no trace of the program."""
    body: dict[str, Any] = response.json()
    assert body["code"] in every_code()
    assert body["message"]
    assert body["next_step"]
    assert "Traceback" not in response.text
    assert ".py" not in response.text
    return body


def test_it_says_that_it_lives_and_is_ready(service: ServiceProcess) -> None:
    assert httpx.get(f"{service.url}/healthz").status_code == 200
    ready = httpx.get(f"{service.url}/readyz")
    assert (ready.status_code, ready.json()["problems"]) == (200, [])
    asked = bancheng_health(httpx.URL(service.url).port or 0)
    assert (asked.returncode, asked.stdout.strip()) == (0, ready.text)


def test_the_command_of_an_engine_says_that_nobody_answers() -> None:
    asked = bancheng_health(1)
    assert asked.returncode == 1
    assert "no answer on port 1" in asked.stderr


def bancheng_health(port: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).parent / "bancheng-health")],
        env={"BANCHENG_PORT": str(port)}, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip


def test_it_gives_every_documented_figure_and_names_nobody(service: ServiceProcess, clerk: Client) -> None:
    clerk.register(title="不该出现在指标里")
    text = httpx.get(f"{service.url}/metrics").text
    missing = [name for name in METRICS if f"# TYPE {name.removesuffix('_total')}" not in text]
    assert not missing
    assert "不该出现" not in text
    assert "测试甲" not in text
    assert 'bancheng_sites{state="hosted"} ' in text
    assert 'route="/api/v1/cases"' in text


def test_its_description_has_every_route_and_error(service: ServiceProcess) -> None:
    described = httpx.get(f"{service.url}{PREFIX}/openapi.json").json()
    assert described["openapi"].startswith("3.")
    assert {f"{PREFIX}/cases", f"{PREFIX}/tokens"} <= set(described["paths"])


def test_a_key_makes_sending_twice_one_case(clerk: Client) -> None:
    key = str(uuid4())
    first = clerk.register(title="同一件事", key=key)
    again = clerk.register(title="同一件事", key=key)
    assert first == again
    with pytest.raises(Refused) as refused:
        clerk.register(title="另一件事", key=key)
    assert refused.value.code == "api.idempotency_conflict"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer nobody.at-all"}])
def test_whoever_is_not_signed_in_is_told_so(service: ServiceProcess, headers: dict[str, str]) -> None:
    answer = httpx.get(f"{service.url}{PREFIX}/cases", headers=headers)
    assert answer.status_code == 401
    assert error_of(answer)["code"] == "api.not_signed_in"


def test_an_unknown_tenant_is_said_plainly(service: ServiceProcess) -> None:
    body = {"tenant": "999999", "login": "x", "password": PASSWORD}
    answer = httpx.post(f"{service.url}{PREFIX}/tokens", json=body)
    assert answer.status_code == 404
    assert error_of(answer)["code"] == "api.unknown_tenant"


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b"{", 400, ""),
        (b"\xff\xfe", 400, ""),
        (b'{"channel":"desk"}', 422, "kind"),
        (b'{"surprise":1}', 422, "surprise"),
    ],
)
def test_a_bad_body_is_refused_with_a_code(clerk: Client, body: bytes, status: int, field: str) -> None:
    headers = {"Idempotency-Key": str(uuid4()), "Content-Type": "application/json"}
    answer = clerk.http.post(f"{PREFIX}/cases", content=body, headers=headers)
    assert answer.status_code == status, answer.text
    fields = {each["field"] for each in error_of(answer)["fields"]}
    assert not field or field in fields


def test_a_body_over_the_limit_is_refused_and_nothing_is_kept(clerk: Client) -> None:
    body = registration(XIAOSHAN) | {"description": "长" * 400_000}
    answer = clerk.http.post(f"{PREFIX}/cases", json=body, headers={"Idempotency-Key": str(uuid4())})
    assert answer.status_code == 413
    assert error_of(answer)["code"] == "api.body_too_large"


@pytest.mark.clause("U-04", part="through the API")
def test_another_tenants_case_does_not_exist(system: System) -> None:
    xiaoshan, panan = system.client(XIAOSHAN, "county-clerk"), system.client(PANAN, "panan-clerk")
    registered = xiaoshan.register(title="萧山的事")
    with pytest.raises(Refused) as refused:
        panan.case(registered.case_id)
    assert refused.value.status == 404
    assert registered.number not in {case["number"] for case in panan.get("/cases")["cases"]}


def test_a_new_case_is_found_by_a_two_character_word(clerk: Client) -> None:
    registered = clerk.register(title="化粪池满溢")
    found = [case["case_id"] for case in clerk.get("/cases/search", q="粪池")["cases"]]
    assert str(registered.case_id) in found
