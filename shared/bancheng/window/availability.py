"""What may be done with a case now, and why the rest may not: every command is tried on the rules, and not kept.

Owns the answer for each command. The rules decide; nothing here repeats one. What is tried is trials.py's.
"""

from __future__ import annotations

import msgspec

from bancheng.kernel import commands as c
from bancheng.kernel.case import Case
from bancheng.kernel.context import Context
from bancheng.kernel.decide import decide, decide_asked
from bancheng.kernel.profile import Profile
from bancheng.kernel.rejected import Rejected
from bancheng.window.asking import asked_instead
from bancheng.window.command_registry import CASE_COMMANDS, CaseCommand
from bancheng.window.identity import Identity
from bancheng.window.permissions import may, who_may
from bancheng.window.trials import trial

NOTHING_TO_CHOOSE = "action.nothing_to_choose"
COMES_WITH_IT = ("form.signature_missing",)
"""What a case lacks and whoever gives the command may bring along: the paper that shows a signature."""


class Availability(msgspec.Struct, frozen=True, kw_only=True):
    """One command for one member of staff. `code` is empty when it is allowed; `is_asked`: the holder enters it."""

    spec: CaseCommand
    is_asked: bool = False
    code: str = ""
    parameters: dict[str, str | int] = {}


def availabilities(case: Case, identity: Identity, profile: Profile) -> list[Availability]:
    """Every command, in the order of the registry."""
    context = identity.site.context(identity.actor, profile)
    return [_availability(spec, case, identity, context) for spec in CASE_COMMANDS.values()]


def may_attach(case: Case, identity: Identity, profile: Profile) -> bool:
    """Whether a paper of theirs would be taken in. It is no command of the registry: its bytes come with it."""
    paper = c.AttachPaper(sha256="0" * 64, name="-", media_type="image/png", size=1)
    if not may(identity.roles, c.AttachPaper, profile, case):
        return False
    try:
        decide(paper, case, identity.site.context(identity.actor, profile))
    except Rejected:
        return False
    return True


def _availability(spec: CaseCommand, case: Case, identity: Identity, context: Context) -> Availability:
    profile = context.profile
    if not may(identity.roles, spec.kind, profile, case):
        return Availability(spec=spec, code="api.forbidden", parameters={"roles": who_may(spec.kind, profile, case)})
    command, is_asked = trial(spec.kind, case, context), False
    try:
        is_asked = _is_asked(command, case, context)
    except Rejected as refusal:
        if refusal.code not in COMES_WITH_IT:
            code = NOTHING_TO_CHOOSE if refusal.field else refusal.code
            return Availability(spec=spec, code=code, parameters=dict(refusal.parameters))
    return Availability(spec=spec, is_asked=is_asked)


def _is_asked(command: c.AnyCommand, case: Case, context: Context) -> bool:
    """Whether the holder would be asked to enter it. Raises Rejected for what can neither be done nor asked for."""
    try:
        decide(command, case, context)
    except Rejected as refusal:
        asked = asked_instead(command, refusal)
        if asked is None:
            raise
        decide_asked(asked, case, context)
        return True
    return False
