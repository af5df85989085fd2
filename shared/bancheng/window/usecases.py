"""What people do with cases: register one, give one a command.

Each loads, asks the rules, appends, and is committed at the edge, once for each idempotency key. Must not know HTTP
nor pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from bancheng.federation.desk import Desk
from bancheng.kernel.case import Case
from bancheng.kernel.commands import AnyCommand, CallDutyLeader, HandOverDuty, Register
from bancheng.kernel.duty import named
from bancheng.kernel.rejected import Rejected
from bancheng.schema.events import Agent, CaseEvent, Person
from bancheng.schema.events import Registered as RegisteredEvent
from bancheng.schema.ids import RANDOM_BYTES, uuid7
from bancheng.store.accounts import record_audit, staff_of_unit
from bancheng.store.append_desk import Written
from bancheng.store.casebook import append, load_cases
from bancheng.store.changes import AuditRecord
from bancheng.store.database import Transaction
from bancheng.store.tracing import step
from bancheng.store.visibility import seen_of
from bancheng.window.asking import ask_holder, asked_instead
from bancheng.window.command_registry import CaseCommand, RegisterBody
from bancheng.window.failures import ApiError
from bancheng.window.hosting import Hosting
from bancheng.window.idempotency import Answer, Refused, Request, answer_once, once, record_of
from bancheng.window.identity import Identity
from bancheng.window.permissions import may, sees_at_once, who_may


class DueView(msgspec.Struct, frozen=True, kw_only=True):
    """A running limit: when it is over. `provisional` (暂定): it lies in a year whose calendar is not official yet."""

    clock: str
    due_at: datetime
    due_day: date
    provisional: bool


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """The case as it was registered. `version` is what an If-Match names."""

    case_id: UUID
    number: str
    stage: str
    version: str
    dues: list[DueView]


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """The case after a command. `events` are the types of what was entered, in order."""

    case_id: UUID
    number: str
    stage: str
    version: str
    holder_unit: str
    in_transit_to: str | None
    events: list[str]


async def register(hosting: Hosting, identity: Identity, body: RegisterBody, request: Request) -> Answer:
    """登记. 201 with `Registered`."""
    if not may(identity.roles, Register, identity.site.current_profile()):
        raise await _refused_at_the_door(hosting, identity, "register")
    site = identity.site
    unit = body.unit or identity.unit

    case_id = uuid7(site.wall_now(), site.random(RANDOM_BYTES))
    command = _with_duty(_register_command(case_id, unit, body), identity)

    async def attempt() -> Answer:
        desk = Desk(site, case_id, None)
        desk.record(await _numbered(hosting, identity, unit, desk.judge(command, identity.actor)))
        answer = Answer(status=201, body=msgspec.json.encode(_registered(desk)))
        also = record_of(identity, request, answer, _audit(identity, "register", case_id))
        change = desk.change()
        await hosting.appends.append(site.tenant, Written(change=change, also=also, now=site.wall_now()))
        hosting.wake(site.tenant, {each.peer for each in change.outgoing})
        return answer

    with step(hosting.database.tracer, "command register", site.tenant, case_id):
        return await answer_once(hosting.database, identity, request, attempt)


def _register_command(case_id: UUID, unit: str, body: RegisterBody) -> Register:
    """Without a number: it is given when the rules have said yes."""
    person, agent = body.person, body.agent
    return Register(
        case_id=case_id,
        number="",
        unit=unit,
        channel=body.channel,
        kind=body.kind,
        case_type=body.case_type,
        title=body.title,
        description=body.description,
        ground=body.ground,
        person=Person(
            name=person.name,
            phone=person.phone,
            identity_number=person.identity_number,
            address=person.address,
        ),
        agent=None if agent is None else Agent(**msgspec.structs.asdict(agent)),
        department=body.department,
        matter=body.matter,
        complained_unit=body.complained_unit,
        is_restricted=body.is_restricted,
    )


def _with_duty(command: Register, identity: Identity) -> Register:
    """Who is on duty today and whether that is the one who registers: recorded, and no reason to refuse (NX-07)."""
    on_duty = identity.roster.on_duty(identity.today, "clerk")
    if not on_duty:
        return command
    was_on_duty = any(each.staff == identity.staff_id for each in on_duty)
    return msgspec.structs.replace(command, on_duty=named(on_duty), was_on_duty=was_on_duty)


async def _numbered(
    hosting: Hosting, identity: Identity, unit: str, events: Sequence[CaseEvent]
) -> tuple[CaseEvent, ...]:
    """With the next number of the unit's day, as the profile writes it; one that names no unit goes on with that of
    the day at the top window, or two windows would give the same (NX-13).

    Taken before the transaction, which would otherwise wait for a second connection while it holds the first.
    """
    site = identity.site
    day = site.calendar.local_day(events[0].at)
    written = site.current_profile().number_format
    units = site.jurisdiction.directory.units
    counted_at = unit if "{unit}" in written else next(each.code for each in units if each.parent is None)
    count = await hosting.numbers.take(site.tenant, counted_at, day)
    number = written.format(unit=unit, date=day, count=count)
    return tuple(
        msgspec.structs.replace(each, number=number) if isinstance(each, RegisteredEvent) else each for each in events
    )


async def give(
    hosting: Hosting,
    identity: Identity,
    case_id: UUID,
    spec: CaseCommand,
    body: msgspec.Struct,
    *,
    request: Request,
    version: bytes | None = None,
) -> Answer:
    """A command to a case: 200 with `Done`; what its holder is asked to enter: 202 with `Asked`.

    `version` is the head that the user saw. Raises ApiError `api.not_found`, `api.forbidden`, `api.stale_version`;
    Rejected.
    """
    command = spec.command(body)

    async def work(tx: Transaction) -> Answer:
        case = (await load_cases(tx, [case_id], lock=True)).get(case_id)
        seen = case is not None and (
            sees_at_once(identity.visible, case) or bool(await seen_of(tx, identity.visible, [case_id]))
        )
        case = _permitted(case if seen else None, case_id, spec, identity)
        require_version(case, version)
        desk = Desk(identity.site, case_id, case)
        try:
            given = await _filled_in(tx, command, identity)
            desk.decide(given, identity.actor_on(case))
        except Rejected as refusal:
            asked = asked_instead(command, refusal)
            if asked is None:
                raise
            return await ask_holder(tx, desk, case, asked, identity, request)
        return await finish(tx, desk, identity, request, spec.name)

    with step(hosting.database.tracer, f"command {spec.name}", identity.tenant, case_id):
        answer = await once(hosting.database, identity, request, work)
    hosting.wake(identity.tenant)
    return answer


async def _filled_in(tx: Transaction, command: AnyCommand, identity: Identity) -> AnyCommand:
    """With what this window knows. Raises Rejected `duty.unknown_staff` for who is no colleague of the same unit."""
    if isinstance(command, CallDutyLeader):
        leaders = identity.roster.on_duty(identity.today, "duty_leader")
        return msgspec.structs.replace(command, called=named(leaders))
    if not isinstance(command, HandOverDuty):
        return command
    colleagues = await staff_of_unit(tx, identity.unit)
    found = next((each for each in colleagues if each.staff_id == command.to_staff), None)
    if found is None:
        raise Rejected("duty.unknown_staff", field="to_staff")
    return msgspec.structs.replace(command, to_name=found.name)


def _permitted(case: Case | None, case_id: UUID, spec: CaseCommand, identity: Identity) -> Case:
    """Who may not see a case is told that there is none."""
    if case is None:
        raise Refused(404, "api.not_found", _audit(identity, f"refused:{spec.name}", case_id))
    profile = identity.site.profile(case.profile_edition)
    if not may(identity.roles, spec.kind, profile, case):
        roles = who_may(spec.kind, profile, case)
        raise Refused(403, "api.forbidden", _audit(identity, f"refused:{spec.name}", case_id), roles=roles)
    return case


def require_version(case: Case, version: bytes | None) -> None:
    if version is not None and version != case.head.hash:
        raise ApiError(412, "api.stale_version", version=case.head.hash.hex())


async def finish(tx: Transaction, desk: Desk, identity: Identity, request: Request, action: str) -> Answer:
    """Receive what stays at this site, file what is late, and store it all with the answer."""
    change = await desk.concluded(tx)
    answer = Answer(status=200, body=msgspec.json.encode(_done(desk)))
    also = record_of(identity, request, answer, _audit(identity, action, desk.case_id))
    await append(tx, [change], now=identity.site.wall_now(), also=[also])
    return answer


async def _refused_at_the_door(hosting: Hosting, identity: Identity, action: str) -> ApiError:
    async with hosting.database.transaction(identity.tenant) as tx:
        await record_audit(tx, [_audit(identity, f"refused:{action}", None)], now=identity.site.wall_now())
    return ApiError(403, "api.forbidden", roles=who_may(Register, identity.site.current_profile()))


def _audit(identity: Identity, action: str, case_id: UUID | None) -> AuditRecord:
    return AuditRecord(staff_id=identity.staff_id, unit=identity.unit, action=action, case_id=case_id)


def _registered(desk: Desk) -> Registered:
    case = _case(desk)
    return Registered(
        case_id=case.case_id,
        number=case.number,
        stage=case.stage,
        version=case.head.hash.hex(),
        dues=dues(case),
    )


def _done(desk: Desk) -> Done:
    case = _case(desk)
    return Done(
        case_id=case.case_id,
        number=case.number,
        stage=case.stage,
        version=case.head.hash.hex(),
        holder_unit=case.holder_unit,
        in_transit_to=case.in_transit.unit if case.in_transit is not None else None,
        events=[type(entry.event).__name__ for entry in desk.entries],
    )


def _case(desk: Desk) -> Case:
    if desk.case is None:
        raise Rejected("history.no_beginning")
    return desk.case


def dues(case: Case) -> list[DueView]:
    """The limits that run or are paused, the earliest first."""
    live = sorted((clock for clock in case.clocks.values() if clock.state != "stopped"), key=lambda clock: clock.due_at)
    return [
        DueView(clock=clock.name, due_at=clock.due_at, due_day=clock.due_day, provisional=clock.provisional)
        for clock in live
    ]
