"""Who may see a case, who may do what with it, and whose personal data is shown in full.

Owns the roles, which units somebody sees (their own and those below it) and masking. What the state of a case allows
is the kernel's; the predicate that lists and searches go through is the store's, and one case is asked by it as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final, get_args
from weakref import WeakKeyDictionary

from msgspec.structs import replace

from bancheng.kernel import commands as c
from bancheng.kernel.asking import AskedCommand
from bancheng.kernel.case import Case
from bancheng.kernel.context import Jurisdiction
from bancheng.kernel.profile import Profile
from bancheng.kernel.roles import Role
from bancheng.schema.events import Agent, Correction, Person, PersonCorrected, PersonField
from bancheng.store.visibility import Visibility

_WINDOW: Final = frozenset({"clerk", "duty_leader", "coordinator"})
_APPROVES: Final = frozenset({"duty_leader", "coordinator", "leader"})
_CHECKS: Final = frozenset({"duty_leader", "coordinator"})
_DEPARTMENT: Final = _WINDOW | {"department_officer"}

MAY: Final[dict[type[c.Command], frozenset[str]]] = {
    c.Register: _WINDOW,
    c.AttachPaper: _DEPARTMENT,
    c.SignForm: _WINDOW,
    c.RequirePaper: _WINDOW,
    c.RecordRequiredPaper: _WINDOW,
    c.SubmitFile: _WINDOW,
    c.AddJointPerson: _WINDOW,
    c.CorrectPerson: _WINDOW,
    c.RecordOtherNumber: _WINDOW,
    c.Accept: _WINDOW,
    c.Seal: _WINDOW,
    c.ProposeDecline: _WINDOW,
    c.ApproveDecline: _APPROVES,
    c.RefuseDecline: _APPROVES,
    c.Classify: _WINDOW,
    c.RaiseLevel: _WINDOW | {"leader"},
    c.AddNote: _DEPARTMENT | {"leader"},
    c.RecordStep: _DEPARTMENT | {"leader"},
    c.CodeCause: _WINDOW,
    c.UsePolicyTool: _CHECKS,
    c.BookService: _WINDOW,
    c.CompleteService: _WINDOW,
    c.OfferAid: _WINDOW,
    c.RecordAidAnswer: _WINDOW,
    c.IssueGuidance: _DEPARTMENT,
    c.IssueOrder: _WINDOW | {"leader"},
    c.AnswerOrder: _DEPARTMENT,
    c.PassToBody: _WINDOW,
    c.RecordBodyReply: _WINDOW,
    c.Pause: _WINDOW,
    c.Resume: _WINDOW,
    c.RequestExtension: _WINDOW,
    c.ApproveExtension: _APPROVES,
    c.RefuseExtension: _APPROVES,
    c.GiveAnswer: _WINDOW,
    c.ProposeResult: _WINDOW,
    c.VerifyResult: _CHECKS,
    c.SendBackResult: _CHECKS,
    c.Revisit: _WINDOW,
    c.AttributeFault: _APPROVES,
    c.StrikeOff: _WINDOW,
    c.Withdraw: _WINDOW,
    c.Archive: _WINDOW,
    c.Escalate: _WINDOW | {"leader"},
    c.HandDown: _WINDOW | {"leader"},
    c.Return: _WINDOW,
    c.TakeBack: _APPROVES,
    c.HandOverDuty: _WINDOW,
    c.AdoptLateOutcome: _CHECKS,
    c.OverruleLate: _CHECKS,
    c.CallDutyLeader: _WINDOW,
    c.RecordOutsideReply: _WINDOW | {"leader"},
    c.Urge: frozenset({"leader", "supervisor"}),
}
"""Every command that a person may give, and the roles that may give it, where the tenant's rules say no other. A paper
is attached by whoever sends it, through an address of its own, which reads the bytes.
"""

CHANGES_NOTHING: Final = frozenset({"supervisor"})
"""Whoever supervises changes no case, whatever other roles they have (PA-04) …"""
ONLY_ASKS: Final = frozenset[type[c.Command]]({c.Urge})
"""… and may do only this, which asks and changes nothing (XS-14)."""
SEES_NO_CASE: Final = frozenset({"reviewer", "administrator"})
"""Roles that by themselves show no case: reviewers see samples without names, administrators look after units."""


def roles_for(command: type[c.Command], profile: Profile, case: Case | None = None) -> frozenset[str]:
    """Who may give the command: as the tenant's rules name them, else as MAY does.

    Who may say no approves a decline and verifies that something cannot be done.
    """
    match command:
        case c.ApproveDecline | c.RefuseDecline:
            return frozenset(profile.decline_approvers)
        case c.ApproveExtension | c.RefuseExtension:
            return frozenset(profile.extension_approvers)
        case c.UsePolicyTool:
            return frozenset(profile.policy_tool_roles)
        case c.VerifyResult if case is not None and case.outcome == "cannot_be_done":
            return frozenset(profile.decline_approvers) if profile.negative_needs_approval else MAY[command]
        case _:
            return MAY.get(command, frozenset())


def may(roles: Iterable[str], command: type[c.Command], profile: Profile, case: Case | None = None) -> bool:
    """Whether one of the roles may give the command."""
    held = frozenset(roles)
    if held & CHANGES_NOTHING and command not in ONLY_ASKS:
        return False
    return bool(held & roles_for(command, profile, case))


def who_may(command: type[c.Command], profile: Profile, case: Case | None = None) -> str:
    """The roles that may give the command, by commas, in the order of `Role`: what a refusal names."""
    allowed = roles_for(command, profile, case)
    return ",".join(role for role in get_args(Role) if role in allowed)


def sees_at_once(visible: Visibility, case: Case) -> bool:
    """Whether the state alone tells that the case is seen; else the ledger's predicate is asked (`seen_of`)."""
    if case.is_restricted or case.complained_unit:
        return False
    return visible.sees(case.holder_unit) or visible.sees(case.registered_unit)


def sees_no_case(roles: Iterable[str]) -> bool:
    """Whether the roles show no case at all, by design."""
    return not frozenset(roles) - SEES_NO_CASE


_children: WeakKeyDictionary[Jurisdiction, dict[str, list[str]]] = WeakKeyDictionary()


def visibility(jurisdiction: Jurisdiction, unit: str, roles: Iterable[str]) -> Visibility:
    """The unit and those below it; a window at the top sees all. A unit that no directory names sees its own.

    Who supervises also sees what is restricted to the units that deal with it (PA-04).
    """
    tenant = jurisdiction.directory.tenant
    held = frozenset(roles)
    if sees_no_case(held):
        return Visibility(tenant=tenant, units=())
    entry = jurisdiction.unit(unit)
    if entry is not None and entry.parent is None:
        return Visibility(tenant=tenant, units=None, own=unit, sees_restricted=bool(held & CHANGES_NOTHING))
    below = _children.get(jurisdiction)
    if below is None:
        below = _children[jurisdiction] = _units_by_parent(jurisdiction)
    seen: set[str] = set()
    waiting = [unit]
    while waiting:
        code = waiting.pop()
        if code not in seen:
            seen.add(code)
            waiting.extend(below.get(code, ()))
    found = tuple(sorted(seen))
    return Visibility(tenant=tenant, units=found, own=unit, sees_restricted=bool(held & CHANGES_NOTHING))


def _units_by_parent(jurisdiction: Jurisdiction) -> dict[str, list[str]]:
    """Whoever follows a merged unit sees what was registered there."""
    below: dict[str, list[str]] = defaultdict(list)
    for each in jurisdiction.directory.units:
        if each.parent is not None:
            below[each.parent].append(each.code)
        if each.successor is not None:
            below[each.successor].append(each.code)
    return below


def is_involved(case: Case, unit: str) -> bool:
    """Whether the unit registered the case, holds it or is sent it; who ever did the ledger knows (`had_to_do`)."""
    sent_to = case.in_transit.unit if case.in_transit is not None else ""
    return unit in {case.registered_unit, case.holder_unit, sent_to}


def has_the_file(case: Case, jurisdiction: Jurisdiction, unit: str) -> bool:
    """Whether the complete file was handed to the unit: the working group sits at the top window (PA-R10)."""
    entry = jurisdiction.unit(unit)
    is_top = entry is not None and entry.parent is None and entry.is_window
    return is_top and case.record.file_submitted_at is not None


def masked(person: Person) -> Person:
    """What those see who need not know whose matter it is: 张*, 000****1234."""
    return Person(
        name=masked_name(person.name),
        phone=_middle_hidden(person.phone, 3, 4),
        identity_number=_middle_hidden(person.identity_number, 3, 2),
        address=person.address[:3] + "***" if person.address else "",
    )


def masked_correction(event: PersonCorrected) -> PersonCorrected:
    """Which fields were corrected stays; what they were and are is masked like the person, and reasons often say it."""
    hidden = tuple(
        Correction(field=each.field, was=_masked_field(each.field, each.was), now=_masked_field(each.field, each.now))
        for each in event.corrections
    )
    return replace(event, corrections=hidden, reason="")


def masked_command(command: AskedCommand) -> AskedCommand:
    """What is asked for of the person, as it would be told once it was entered."""
    if not isinstance(command, c.CorrectPerson):
        return command
    said = {field: text for field in get_args(PersonField) if (text := getattr(command, field)) is not None}
    return replace(command, **{field: _masked_field(field, text) for field, text in said.items()}, reason="")


def _masked_field(field: PersonField, text: str) -> str:
    found: str = getattr(masked(replace(_NOBODY, **{field: text})), field)
    return found


_NOBODY: Final = Person(name="")


def masked_agent(agent: Agent) -> Agent:
    """Who acts for somebody is as little known; how they stand to them stays."""
    return Agent(name=masked_name(agent.name), relation=agent.relation, phone=_middle_hidden(agent.phone, 3, 4))


def masked_name(name: str) -> str:
    return name[:1] + "*" * (len(name) - 1)


def _middle_hidden(text: str, first: int, last: int) -> str:
    if len(text) <= first + last:
        return "*" * len(text)
    return text[:first] + "*" * (len(text) - first - last) + text[-last:]
