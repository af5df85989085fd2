"""设窗口、改名、合并、撤窗口: an administrator of the top tier changes the units, and a directory is published (PA-01).

Owns the bodies and the directory that the next one is made from. What may be done to it is the kernel's; where the
open cases of a closed unit go is federation's succession.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import msgspec
from msgspec import Meta

from bancheng.kernel.command import Key, Name
from bancheng.kernel.units import add_unit, change_unit, close_unit
from bancheng.schema.documents import Directory, UnitEntry
from bancheng.store.database import Transaction
from bancheng.store.documents import editions
from bancheng.window.failures import ApiError
from bancheng.window.hosting import Hosting
from bancheng.window.idempotency import Answer, Request
from bancheng.window.identity import Identity
from bancheng.window.registers.changing import Change, publish_register

_directory = msgspec.json.Decoder(Directory)

Code = Annotated[str, Meta(pattern=r"^\S{1,64}$")]


class AddUnitBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """新设. `parent`: the unit a case climbs to. Without `site` and `tier` the unit is where its parent is."""

    code: Code
    name: Name
    parent: Key
    site: Annotated[str, Meta(max_length=64)] = ""
    tier: Annotated[str, Meta(max_length=64)] = ""
    is_window: bool = True
    serves_enterprises: bool = False


class ChangeUnitBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """改名, or whether it serves enterprises. What is left out stays."""

    unit: Key
    name: Name | None = None
    serves_enterprises: bool | None = None


class MergeUnitBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """合并: `unit` is closed, and its open cases go to `into`."""

    unit: Key
    into: Key


class CloseUnitBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """撤销: its open cases go to the unit above."""

    unit: Key


async def add(hosting: Hosting, identity: Identity, body: AddUnitBody, request: Request) -> Answer:
    """By an administrator at the top; in effect at once, at every site that the directory reaches."""

    def entry(directory: Directory) -> UnitEntry:
        above = next((each for each in directory.units if each.code == body.parent), None)
        site = body.site or (above.site if above is not None else "")
        there = next((each for each in directory.sites if each.site == site), None)
        return UnitEntry(
            code=body.code, name=body.name, site=site, parent=body.parent, is_window=body.is_window,
            tier=body.tier or (there.tier if there is not None else ""), serves_enterprises=body.serves_enterprises,
        )  # fmt: skip

    change = Change(action="unit-added", request=request, detail=body.code)
    profile = identity.site.current_profile()
    return await _published(hosting, identity, change, lambda directory: add_unit(directory, entry(directory), profile))


async def alter(hosting: Hosting, identity: Identity, body: ChangeUnitBody, request: Request) -> Answer:
    """The code stays, since cases name it."""
    return await _published(
        hosting,
        identity,
        Change(action="unit-changed", request=request, detail=body.unit),
        lambda directory: change_unit(directory, body.unit, name=body.name, serves_enterprises=body.serves_enterprises),
    )


async def merge(hosting: Hosting, identity: Identity, body: MergeUnitBody, request: Request) -> Answer:
    """Nothing is registered at it any more, and its open cases go to the other."""
    change = Change(action="unit-merged", request=request, detail=f"{body.unit} -> {body.into}")
    return await _closed(hosting, identity, change, body.unit, body.into)


async def close(hosting: Hosting, identity: Identity, body: CloseUnitBody, request: Request) -> Answer:
    """Nothing is registered at it any more, and its open cases go to the unit above."""
    return await _closed(hosting, identity, Change(action="unit-closed", request=request, detail=body.unit), body.unit)


async def _closed(
    hosting: Hosting, identity: Identity, change: Change, unit: str, successor: str | None = None
) -> Answer:
    site = identity.site
    today = site.calendar.local_day(site.now())
    return await _published(
        hosting, identity, change, lambda directory: close_unit(directory, unit, on=today, successor=successor)
    )


async def _published(
    hosting: Hosting, identity: Identity, change: Change, next_of: Callable[[Directory], Directory]
) -> Answer:
    async def make(tx: Transaction, edition: int) -> msgspec.Struct:
        return msgspec.structs.replace(next_of(await _newest(tx, identity)), edition=edition)

    return await publish_register(hosting, identity, change, "directory", make)


async def _newest(tx: Transaction, identity: Identity) -> Directory:
    """What is published now. One that is still to come would undo this change when it comes: it must come first."""
    site = identity.site
    known = await editions(tx, "directory", 1)
    if not known:
        return site.jurisdiction.directory
    if known[0].document.effective_on > site.calendar.local_day(site.now()):
        raise ApiError(409, "publish.directory_to_come")
    return _directory.decode(known[0].document.body)
