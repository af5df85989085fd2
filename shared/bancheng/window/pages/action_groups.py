"""Which commands stand together on a case's page, and which come first at each stage.

Owns this order. What may be given is the rules' to say. Must not know templates.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bancheng.kernel.case import Stage
from bancheng.kernel.profile import Profile

GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "record": (
        "sign-form", "submit-file", "require-paper", "record-required-paper", "correct-person", "add-joint-person",
        "record-other-number", "issue-guidance", "seal",
    ),
    "handling": (
        "accept", "propose-decline", "approve-decline", "refuse-decline", "classify", "raise-level", "add-note",
        "record-step", "code-cause", "use-policy-tool", "book-service", "complete-service", "offer-aid",
        "record-aid-answer",
    ),
    "together": ("issue-order", "answer-order", "pass-to-body", "record-body-reply", "call-duty-leader", "urge"),
    "answer": (
        "give-answer", "propose-result", "verify-result", "send-back-result", "revisit", "attribute-fault",
        "strike-off", "withdraw", "archive",
    ),
    "custody": (
        "escalate", "hand-down", "return", "take-back", "hand-over-duty", "pause", "resume", "request-extension",
        "approve-extension", "refuse-extension", "adopt-late-outcome", "overrule-late", "record-outside-reply",
    ),
}  # fmt: skip
"""Every command, once."""

NEXT: Final[dict[Stage, tuple[str, ...]]] = {
    "registered": ("sign-form", "submit-file", "accept", "propose-decline"),
    "decline_proposed": ("approve-decline", "refuse-decline"),
    "accepted": ("classify", "answer-order", "issue-order", "add-note", "give-answer"),
    "in_hand": ("answer-order", "add-note", "issue-order", "give-answer", "propose-result"),
    "result_proposed": ("verify-result", "send-back-result", "give-answer"),
    "verified": ("give-answer", "revisit"),
    "revisited": ("strike-off",),
    "struck_off": ("archive",),
    "declined": ("archive",),
    "withdrawn": ("archive",),
    "archived": (),
}
"""What usually comes next at each stage."""
ALWAYS_NEXT: Final = ("approve-extension", "refuse-extension", "adopt-late-outcome", "overrule-late", "resume")
"""What somebody waits for, whenever it may be given."""


def next_commands(stage: Stage, allowed: Iterable[str]) -> list[str]:
    """Of those that may be given: what usually comes next."""
    may_be_given = set(allowed)
    return [name for name in (*NEXT[stage], *ALWAYS_NEXT) if name in may_be_given]


def unused(profile: Profile) -> frozenset[str]:
    """Commands that this tenant's rules have nothing for: they are not shown at all."""
    lacking = {
        "code-cause": not profile.causes,
        "use-policy-tool": not profile.policy_tools,
        "book-service": not profile.service_forms,
        "complete-service": not profile.service_forms,
        "offer-aid": not profile.aid_programmes,
        "record-aid-answer": not profile.aid_programmes,
        "raise-level": not profile.levels,
        "record-step": not profile.steps,
        "propose-decline": not profile.exclusions,
        "pause": not profile.pause_reasons,
        "seal": profile.seal == "never",
    }
    return frozenset(name for name, is_lacking in lacking.items() if is_lacking)
