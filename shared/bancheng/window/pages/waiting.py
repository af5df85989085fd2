"""What a case goes no further without, told to whoever may not do it: what it is, who does it, and where nobody can.

Owns that choice for a case's page. What may be given is the rules' to say. Must not know templates.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from bancheng.kernel.case import Case, Stage
from bancheng.kernel.profile import Profile
from bancheng.store.accounts import Staff
from bancheng.window.command_registry import CASE_COMMANDS
from bancheng.window.identity import Identity
from bancheng.window.permissions import may

_BY_STAGE: Final[dict[Stage, str]] = {"decline_proposed": "approve-decline", "result_proposed": "verify-result"}


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """The command that is waited for. `is_nobody_here`: no colleague of the holder's, whose page it is, may give it."""

    name: str
    is_nobody_here: bool


def waiting(case: Case, profile: Profile, identity: Identity, colleagues: Sequence[Staff]) -> Waiting | None:
    """None where nothing is waited for. `colleagues` are those of the reader's own unit, without the reader."""
    name = _BY_STAGE.get(case.stage, "approve-extension" if case.extension is not None else "")
    if not name or case.in_transit is not None:
        return None
    kind = CASE_COMMANDS[name].kind
    could = any(may(each.roles, kind, profile, case) for each in colleagues)
    return Waiting(name=name, is_nobody_here=not could and case.holder_unit == identity.unit)
