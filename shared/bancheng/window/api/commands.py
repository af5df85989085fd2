"""Commands to a case: one address each, made from the one registry, so that the description shows each one's body."""

from __future__ import annotations

from uuid import UUID

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody

from bancheng.kernel.asking import AskedCommand
from bancheng.window.api.answers import TO_A_CASE, Key, Version, answered
from bancheng.window.api.bodies import body_of
from bancheng.window.asking import Asked
from bancheng.window.command_registry import CASE_COMMANDS, CaseCommand
from bancheng.window.idempotency import request_of
from bancheng.window.requests import StaffRequest, version_of
from bancheng.window.usecases import Done, give
from bancheng.window.window import Window


def _handler(spec: CaseCommand) -> HTTPRouteHandler:
    async def give_command(
        *,
        request: StaffRequest,
        window: NamedDependency[Window],
        case_id: FromPath[UUID],
        data: JSONBody[msgspec.Struct],
        idempotency_key: Key = None,
        if_match: Version = None,
    ) -> Response[bytes]:
        wanted = request_of(idempotency_key, f"{spec.name}/{case_id}", data)
        answer = await give(
            window.hosting, request.user, case_id, spec, data, request=wanted, version=version_of(request)
        )
        return answered(answer)

    give_command.__doc__ = spec.kind.__doc__
    give_command.__annotations__["data"] = JSONBody[spec.body]
    if all(not field.required for field in msgspec.structs.fields(spec.body)):
        give_command.__kwdefaults__ = {**(give_command.__kwdefaults__ or {}), "data": spec.body()}
    give_command.__name__ = spec.name.replace("-", "_")
    responses = {200: ResponseSpec(Done, description="Done"), **TO_A_CASE}
    if issubclass(spec.kind, AskedCommand):
        responses[202] = ResponseSpec(Asked, description="The holder was asked to enter it")
    return post(
        f"/cases/{{case_id:uuid}}/{spec.name}",
        dto=body_of(spec.body),
        return_dto=None,
        status_code=200,
        operation_id=f"{spec.kind.__name__}",
        summary=spec.name,
        tags=["commands"],
        responses=responses,
    )(give_command)


ROUTES = [_handler(spec) for spec in CASE_COMMANDS.values()]
