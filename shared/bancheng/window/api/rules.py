"""Days and rules: what a notice or an edition would do, and publishing it. The top tier's administrator only."""

from __future__ import annotations

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody

from bancheng.window.api.answers import NEEDS_KEY, Key, answered
from bancheng.window.api.bodies import body_of
from bancheng.window.idempotency import request_of
from bancheng.window.publishing import (
    CalendarBody,
    CalendarPreview,
    CalendarQuestion,
    ProblemView,
    ProfileBody,
    ProfilePreview,
    preview_calendar,
    preview_profile,
    publish_days,
    publish_rules,
)
from bancheng.window.registers.changing import Published
from bancheng.window.requests import StaffRequest
from bancheng.window.window import Window


@post(
    "/calendars/preview",
    dto=body_of(CalendarQuestion),
    return_dto=None,
    status_code=200,
    summary="What a notice would change",
    tags=["rules"],
    responses={each: NEEDS_KEY[each] for each in (403, 409, 422)},
)
async def preview_days(
    request: StaffRequest, data: JSONBody[CalendarQuestion], window: NamedDependency[Window]
) -> CalendarPreview:
    """The days that change, how many open cases, and a page of them by number and dates. Changes nothing."""
    window.limit_uploads(request.user)
    return await preview_calendar(window.hosting, request.user, window.parts.books, data)


@post(
    "/calendars",
    dto=body_of(CalendarBody),
    return_dto=None,
    status_code=201,
    summary="Publish a notice",
    tags=["rules"],
    responses={201: ResponseSpec(Published, description="Published"), **NEEDS_KEY},
)
async def publish_notice(
    request: StaffRequest, data: JSONBody[CalendarBody], window: NamedDependency[Window], idempotency_key: Key = None
) -> Response[bytes]:
    """The next edition of the calendar: it flows down, and the dates of open cases are counted anew."""
    window.limit_uploads(request.user)
    wanted = request_of(idempotency_key, "publish_calendar", data)
    return answered(await publish_days(window.hosting, request.user, window.parts.books, data, wanted))


@post(
    "/profiles/check",
    dto=body_of(ProfileBody),
    return_dto=None,
    status_code=200,
    summary="Check a rule profile",
    tags=["rules"],
    responses={each: NEEDS_KEY[each] for each in (403, 409, 422)},
)
async def check_rules(
    request: StaffRequest, data: JSONBody[ProfileBody], window: NamedDependency[Window]
) -> list[ProblemView]:
    """Every mistake with its line and field; empty when it could be published."""
    window.limit_uploads(request.user)
    return (await preview_profile(window.hosting, request.user, window.parts.books, data)).problems


@post(
    "/profiles/preview",
    dto=body_of(ProfileBody),
    return_dto=None,
    status_code=200,
    summary="What an edition would change",
    tags=["rules"],
    responses={each: NEEDS_KEY[each] for each in (403, 409, 422)},
)
async def preview_rules(
    request: StaffRequest, data: JSONBody[ProfileBody], window: NamedDependency[Window]
) -> ProfilePreview:
    """What differs from the newest edition, from when, and which open cases would be stranded. Changes nothing."""
    window.limit_uploads(request.user)
    return await preview_profile(window.hosting, request.user, window.parts.books, data)


@post(
    "/profiles/publish",
    dto=body_of(ProfileBody),
    return_dto=None,
    status_code=201,
    summary="Publish an edition of the rules",
    tags=["rules"],
    responses={201: ResponseSpec(Published, description="Published"), **NEEDS_KEY},
)
async def publish_edition(
    request: StaffRequest, data: JSONBody[ProfileBody], window: NamedDependency[Window], idempotency_key: Key = None
) -> Response[bytes]:
    """It flows down and binds new cases from its day on; a case keeps the edition it was registered under."""
    window.limit_uploads(request.user)
    wanted = request_of(idempotency_key, "publish_profile", data)
    return answered(await publish_rules(window.hosting, request.user, window.parts.books, data, wanted))


ROUTES = [preview_days, publish_notice, check_rules, preview_rules, publish_edition]
