"""The registers of the tenant, to be looked at."""

from __future__ import annotations

from litestar import get

from bancheng.kernel.catalogue import Matter
from bancheng.kernel.entrustments import Entrustment
from bancheng.window.requests import StaffRequest


@get("/entrustments", summary="Entrustment documents 委托文件", tags=["registers"])
async def entrustments(request: StaffRequest) -> list[Entrustment]:
    """All that the top tier recorded, those that have ended too; every tier decides by them."""
    return list(request.user.site.registers.entrustments.documents)


@get("/matters", summary="The catalogue of matters 事项目录", tags=["registers"])
async def matters(request: StaffRequest) -> list[Matter]:
    """Each with the tier at which it is done and the papers that it needs."""
    return list(request.user.site.registers.catalogue.matters)


ROUTES = [entrustments, matters]
