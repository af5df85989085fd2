"""Whatever is sent, the answer is a coded refusal that names the field, and nothing is kept."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bancheng import window
from bancheng.window.command_registry import RegisterBody
from bancheng.window.error_texts import every_code
from bancheng.window.failures import ApiError
from bancheng.window.field_problems import FORBIDDEN, InvalidInput
from bancheng.window.input_text import decode_body
from bancheng.window.parts import Limits
from tests.window.town_hall import register_body

if TYPE_CHECKING:
    from tests.window.town_hall import Caller, TownHall


async def raw(
    caller: Caller, body: bytes, path: str = "/cases", content_type: str = "application/json"
) -> httpx.Response:
    headers = {"Idempotency-Key": "raw", "Content-Type": content_type}
    return await caller.client.post("/api/v1/cases", content=body, headers=headers)


def person(**changes: Any) -> dict[str, Any]:
    return {"name": "周某", **changes}


FIELDS: list[tuple[dict[str, Any], str, str]] = [
    ({"title": None}, "title", "api.missing_field"),
    ({"title": ""}, "title", "api.empty_field"),
    ({"title": " \n "}, "title", "api.empty_field"),
    ({"title": "长" * 201}, "title", "api.too_long"),
    ({"description": "长" * 4001}, "description", "api.too_long"),
    ({"title": 3}, "title", "api.wrong_type"),
    ({"title": ["a"]}, "title", "api.wrong_type"),
    ({"title": "a\x00b"}, "title", "api.control_characters"),
    ({"title": "a\x1bb"}, "title", "api.control_characters"),
    ({"title": "a\u202eb"}, "title", "api.control_characters"),
    ({"description": "第一行\r\n第二行"}, "description", "api.control_characters"),
    ({"person": person(name="")}, "person.name", "api.empty_field"),
    ({"person": person(name="长" * 101)}, "person.name", "api.too_long"),
    ({"person": {}}, "person.name", "api.missing_field"),
    ({"person": person(phone="\x7f")}, "person.phone", "api.control_characters"),
    ({"person": person(age=3)}, "person.age", "api.unknown_field"),
    ({"person": "周某"}, "person", "api.wrong_type"),
    ({"channel": "pigeon"}, "channel", "api.wrong_value"),
    ({"case_id": "0"}, "case_id", "api.unknown_field"),
    ({"number": "330109-1"}, "number", "api.unknown_field"),
    ({"kind": "no-such"}, "kind", "registration.unknown_kind"),
    ({"case_type": "no-such"}, "case_type", "registration.unknown_case_type"),
    ({"ground": "no-such"}, "ground", "registration.unknown_ground"),
    ({"unit": "999"}, "unit", "unit.unknown"),
    ({"unit": "330109001"}, "unit", "unit.not_yours"),
    ({"unit": "330109001009"}, "unit", "unit.not_here"),
]


async def test_each_field_that_does_not_fit_is_named_with_its_code(hall: TownHall) -> None:
    clerk = await hall.signed_in("hall-clerk")
    for changes, field, code in FIELDS:
        answer = await clerk.post("/cases", register_body(**changes))
        found = answer.json()
        assert (answer.status_code, found["field"], found["code"]) == (422, field, code), (changes, found)
        assert found["message"]
        assert found["next_step"]
        assert "[" not in found["message"], found["message"]
    assert (await clerk.get("/cases")).json()["cases"] == []


async def test_all_fields_that_do_not_fit_are_named_at_once(hall: TownHall) -> None:
    clerk = await hall.signed_in("hall-clerk")
    answer = await clerk.post("/cases", register_body(title="", description=None, person=person(phone="\x00"), extra=1))
    assert {each["field"]: each["code"] for each in answer.json()["fields"]} == {
        "title": "api.empty_field",
        "description": "api.missing_field",
        "person.phone": "api.control_characters",
        "extra": "api.unknown_field",
    }


async def test_the_reader_is_told_in_their_language(hall: TownHall) -> None:
    clerk = await hall.signed_in("hall-clerk")
    for asked, given_language, text in (
        ("zh-CN,zh;q=0.9", "zh", "“标题”太长，最多 200 个字。"),
        ("en-GB,en;q=0.9,zh;q=0.2", "en", "“title” is too long: 200 characters at most."),
        ("fr", "zh", "“标题”太长，最多 200 个字。"),
        ("", "zh", "“标题”太长，最多 200 个字。"),
    ):
        clerk.client.headers["Accept-Language"] = asked
        answer = await clerk.post("/cases", register_body(title="长" * 201))
        assert answer.headers["content-language"] == given_language
        assert answer.json()["message"] == text


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "api.unreadable_body"),
        (b"{}", "api.missing_field"),
        (b"{", "api.unreadable_body"),
        (b"[]", "api.unreadable_body"),
        (b"null", "api.unreadable_body"),
        (b'"text"', "api.unreadable_body"),
        (b"title=x", "api.unreadable_body"),
        (b"[" * 100_000, "api.unreadable_body"),
        ("标题".encode("gb18030"), "api.wrong_encoding"),
        (json.dumps(register_body(), ensure_ascii=False).encode("gb18030"), "api.wrong_encoding"),
        (json.dumps(register_body(), ensure_ascii=False).encode("utf-16"), "api.wrong_encoding"),
        (b"\xef\xbb\xbf{}", "api.unreadable_body"),
        (b'{"title": "\\ud800"}', "api.control_characters"),
        (b'{"title": "a\x01b"}', "api.control_characters"),
        (b'{"title": "\xff"}', "api.wrong_encoding"),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused_with_the_reason(hall: TownHall, body: bytes, code: str) -> None:
    clerk = await hall.signed_in("hall-clerk")
    answer = await raw(clerk, body)
    assert answer.status_code in {400, 422}
    assert answer.json()["code"] == code


async def test_other_content_types_too_much_and_wrong_addresses_have_their_codes(hall: TownHall) -> None:
    clerk = await hall.signed_in("hall-clerk")
    case_id = await clerk.register()
    text = json.dumps(register_body()).encode()
    expected = [
        (await raw(clerk, text, content_type="text/plain"), 415, "api.unsupported_media_type"),
        (await raw(clerk, b'{"title": "' + b"x" * (257 * 1024) + b'"}'), 413, "api.body_too_large"),
        (await clerk.get("/cases/not-a-uuid"), 404, "api.not_found"),
        (await clerk.get("/no-such-thing"), 404, "api.not_found"),
        (await clerk.get(f"/cases/{case_id}/accept"), 405, "api.method_not_allowed"),
        (await clerk.post(f"/cases/{case_id}/no-such-command"), 404, "api.not_found"),
        (await clerk.get("/cases", limit=201), 422, "api.too_great"),
        (await clerk.get("/cases", limit=0), 422, "api.too_small"),
        (await clerk.get("/cases", limit="many"), 422, "api.wrong_type"),
        (await clerk.get("/cases", stage="no-such"), 422, "api.wrong_value"),
        (await clerk.get("/cases", due_before="yesterday"), 422, "api.wrong_value"),
        (await clerk.get("/cases", after="garbage"), 422, "api.wrong_value"),
        (await clerk.get("/cases", sort="holder_due_at", is_closed=True), 422, "ledger.sort_not_indexed"),
        (await clerk.get("/cases/search", q="补"), 422, "search.too_short"),
        (await clerk.get("/cases/search"), 422, "search.too_short"),
        (await clerk.get("/cases/search", q="补" * 101), 422, "api.too_long"),
        (
            await clerk.post(f"/cases/{case_id}/pause", {"reason": "nap", "until": "2026-03-06"}),
            422,
            "pause.unknown_reason",
        ),
        (await clerk.post(f"/cases/{case_id}/pause", {"reason": "nap", "until": "soon"}), 422, "api.wrong_value"),
        (
            await clerk.post(f"/cases/{case_id}/escalate", {"reason": "x", "cause": "deadline"}),
            422,
            "api.unknown_field",
        ),
        (await clerk.post(f"/cases/{case_id}/hand-down", {"to_unit": "0", "reason": "x"}), 422, "unit.unknown"),
    ]
    for answer, status, code in expected:
        assert answer.headers["content-type"] == "application/json", answer.text
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert [row["stage"] for row in (await clerk.get("/cases")).json()["cases"]] == ["registered"]


async def test_an_error_nobody_foresaw_has_a_reference_and_shows_nothing_else(
    hall: TownHall, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> None:
        raise ValueError("secret: 周某某 00012345678")

    clerk = await hall.signed_in("hall-clerk")
    monkeypatch.setattr("bancheng.store.alerts.open_alerts", broken)
    monkeypatch.setattr("bancheng.window.queries.open_alerts", broken)
    answer = await clerk.get("/alerts")
    found = answer.json()
    assert (answer.status_code, found["code"]) == (500, "api.internal")
    assert len(found["reference"]) == 12
    assert found["reference"] in found["next_step"]
    logged = [record for record in caplog.records if getattr(record, "reference", "") == found["reference"]]
    assert len(logged) == 1
    assert getattr(logged[0], "error", "") == "ValueError"
    for text in (answer.text, caplog.text, str(vars(logged[0]))):
        assert "00012345678" not in text
        assert "Traceback" not in answer.text


async def test_when_every_connection_is_taken_the_answer_is_busy_and_when_to_try_again(hall: TownHall) -> None:
    clerk = await hall.signed_in("hall-clerk")
    await clerk.get("/me")
    held = [hall.database.transaction("330109") for _ in range(hall.database.pool_status().size)]
    for each in held:
        await each.__aenter__()
    try:
        answer = await clerk.get("/cases")
    finally:
        for each in held:
            await each.__aexit__(None, None, None)
    assert (answer.status_code, answer.json()["code"]) == (503, "api.busy")
    assert int(answer.headers["retry-after"]) == Limits().retry_seconds
    assert (await clerk.get("/cases")).status_code == 200


texts = st.text(st.characters(exclude_categories=()), max_size=30)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
near_bodies = st.fixed_dictionaries(
    {},
    optional={
        "channel": st.sampled_from(["desk", "phone"]) | anything,
        "kind": texts | anything,
        "case_type": texts | anything,
        "title": texts | anything,
        "description": texts | anything,
        "ground": texts | anything,
        "unit": texts | anything,
        "person": st.dictionaries(st.sampled_from(["name", "phone", "address", "x"]), texts | anything) | anything,
        "surplus": anything,
    },
)


@given(body=near_bodies.map(lambda body: json.dumps(body).encode("utf-8", "surrogatepass")) | st.binary(max_size=200))
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_bytes_are_a_registration_or_a_coded_refusal(body: bytes) -> None:
    refused = decoded = None
    try:
        decoded = decode_body(body, RegisterBody)
    except InvalidInput as refusal:
        refused = [problem.code for problem in refusal.problems]
    except ApiError as refusal:
        refused = [refusal.code]
    if decoded is None:
        assert refused
        assert set(refused) <= set(every_code())
        return
    said = [decoded.title, decoded.description, decoded.person.name, decoded.person.phone, decoded.person.address]
    assert not any(FORBIDDEN.search(text) for text in said)
    assert decoded.title.strip()


def test_every_code_that_the_window_spells_has_its_words() -> None:
    source = Path(window.__file__).parent
    spelled = {
        code for path in source.rglob("*.py") for code in re.findall(r'"((?:api|action)\.[a-z_]+)"', path.read_text())
    }
    assert len(spelled) > 20
    assert spelled <= set(every_code())
