"""What the rules must answer: every command in every situation. The one place where this is written down.

An outcome is the names of the events, `nothing`, or the code of the refusal. A row says what the answer is where the
unit asked holds the case and it is open, with the exceptions by name; then where it is closed, on its way, or held by
somebody else, each the same for nearly every command.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tests.kernel.situations import ALL

CLOSED: Final = ("struck_off", "declined", "withdrawn", "archived")
ON_ITS_WAY: Final = tuple(name for name in ALL if name.startswith("on its way"))
ELSEWHERE: Final = tuple(name for name in ALL if "seen " in name)
HELD: Final = tuple(name for name in ALL if name not in {*CLOSED, *ON_ITS_WAY, *ELSEWHERE})

UNDECIDED: Final = "late decision open | verified, late decision open"
"""A late result waits for its decision, within its limit: the person is sent nothing."""
LATE: Final = f"{UNDECIDED} | late decision overdue"
BESIDE_IN_HAND: Final = (
    "at the top | reported outside | paused | extension asked | late decision open | late decision overdue | overdue | "
    "calendar arrived | everything entered | everything ended"
)
"""Situations whose stage is in_hand."""
IN_HAND: Final = f"in_hand | {BESIDE_IN_HAND}"
NEW: Final = "registered | came from nobody"
BEFORE_RESULT: Final = f"{NEW} | accepted | {IN_HAND}"
BY_THE_SITE: Final = "seen by another unit of the site | ordered, seen by the department"
"""What asks for the site and not for a unit of it."""
ENTERED: Final = "everything entered"
ENDED: Final = "everything ended"
ANSWERED: Final = "result_proposed | verified | revisited | verified, late decision open"
"""The person has been told."""


def _row(
    held: str,
    exceptions: Mapping[str, str] | None = None,
    *,
    closed: str = "case.closed",
    on_its_way: str = "case.in_transit",
    elsewhere: str = "case.not_holder",
) -> Mapping[str, str]:
    row = dict.fromkeys(HELD, held) | dict.fromkeys(CLOSED, closed)
    row |= dict.fromkeys(ON_ITS_WAY, on_its_way) | dict.fromkeys(ELSEWHERE, elsewhere)
    for outcome, where in (exceptions or {}).items():
        for name in where.split(" | "):
            assert name in row, name
            row[name] = outcome
    return row


_FORBIDDEN: Final = "case.stage_forbids"
_ALWAYS: Final = "case.already_registered"
_NO_SUCH: Final = "record.unknown_number"
_NOT_ABOVE: Final = "handover.not_above_holder"
_NOTHING: Final = {"closed": "nothing", "on_its_way": "nothing", "elsewhere": "nothing"}

EXPECTED: Final[Mapping[str, Mapping[str, str]]] = {
    "Register": _row(_ALWAYS, closed=_ALWAYS, on_its_way=_ALWAYS, elsewhere=_ALWAYS),
    "Accept": _row(_FORBIDDEN, {"Accepted": NEW}),
    "ProposeDecline": _row(_FORBIDDEN, {"DeclineProposed": NEW}),
    "ApproveDecline": _row(_FORBIDDEN, {"Declined": "decline_proposed"}),
    "RefuseDecline": _row(_FORBIDDEN, {"DeclineRefused": "decline_proposed"}),
    "Classify": _row(_FORBIDDEN, {"Classified": f"accepted | {IN_HAND}"}),
    "AddNote": _row("NoteAdded"),
    "Pause": _row(_FORBIDDEN, {"Paused": BEFORE_RESULT, "pause.already_paused": "paused"}),
    "Resume": _row("pause.not_paused", {"Resumed": "paused"}),
    "RequestExtension": _row(
        _FORBIDDEN,
        {
            "ExtensionRequested": BEFORE_RESULT,
            "extension.clock_not_running": "paused",
            "extension.already_requested": "extension asked",
            "extension.too_late": "overdue",
        },
    ),
    "ApproveExtension": _row("extension.none_requested", {"ExtensionApproved": "extension asked"}),
    "RefuseExtension": _row("extension.none_requested", {"ExtensionRefused": "extension asked"}),
    "GiveAnswer": _row(
        "AnswerGiven",
        {_FORBIDDEN: f"{NEW} | decline_proposed | revisited", "case.late_decision_open": UNDECIDED},
    ),
    "ProposeResult": _row(_FORBIDDEN, {"ResultProposed": f"accepted | {IN_HAND}"}),
    "VerifyResult": _row(_FORBIDDEN, {"ResultVerified": "result_proposed"}),
    "SendBackResult": _row(_FORBIDDEN, {"ResultSentBack": "result_proposed"}),
    "Revisit": _row(_FORBIDDEN, {"Revisited": "verified", "case.late_decision_open": "verified, late decision open"}),
    "StrikeOff": _row(_FORBIDDEN, {"StruckOff": "revisited"}),
    "Withdraw": _row("Withdrawn"),
    "Archive": _row(_FORBIDDEN, {_FORBIDDEN: "archived", "Archived": "struck_off | declined | withdrawn"}),
    "Escalate": _row("Escalated", {"ReportedOutside": "at the top | reported outside"}),
    "HandDown": _row(
        _FORBIDDEN,
        {"HandedDown": BEFORE_RESULT, "handover.not_below": "came from nobody | at the top | reported outside"},
    ),
    "Return": _row(_FORBIDDEN, {"Returned": BEFORE_RESULT, "handover.came_from_nobody": "came from nobody"}),
    "Receive": _row(
        "handover.not_granted_here",
        {"Received": "on its way up, at the receiver | on its way down, at the receiver"},
        closed="handover.not_granted_here",
        on_its_way="handover.not_granted_here",
        elsewhere="handover.not_granted_here",
    ),
    "TakeOver": _row(
        "nothing",
        {"TakenOver": "on its way down too long, at the sender | overdue, seen from above"},
        **_NOTHING,
    ),
    "TakeBack": _row(
        _NOT_ABOVE,
        {
            "TakenOver": "on its way down, at the sender | on its way down too long, at the sender | seen from above | "
            "overdue, seen from above",
            "case.closed": "closed, seen from above",
        },
        on_its_way=_NOT_ABOVE,
        elsewhere=_NOT_ABOVE,
    ),
    "FileLateEntry": _row(
        "LateEntryFiled",
        # Filed for the site, so the unit that the clock acts for does not matter.
        {"nothing": LATE, "LateEntryFiled": BY_THE_SITE},
        closed="LateEntryFiled",
        on_its_way="nothing",
        elsewhere="nothing",
    ),
    "AdoptLateOutcome": _row("late.unknown_entry", {"LateOutcomeAdopted": LATE}),
    "OverruleLate": _row("late.unknown_entry", {"LateOverruled": LATE}),
    "PassDeadline": _row(
        "nothing",
        {
            "DeadlinePassed + DeadlineWarned": "late decision overdue",
            # The warnings of the holder's and the person's clock were due as well; the climb comes last.
            "DeadlineWarned + DeadlineWarned + Escalated": "overdue",
        },
        **_NOTHING,
    ),
    "CallDutyLeader": _row("DutyLeaderCalled"),
    "RecomputeDues": _row("nothing", {"DuesRecomputed": "calendar arrived"}, **_NOTHING),
    "LeaveClosedUnit": _row("nothing", {}, **_NOTHING),
    "RecordOutsideReply": _row("outside.not_reported", {"OutsideReplied": "reported outside"}),
    "AnswerAsk": _row("NoteAdded + AskAccepted", {"NoteAdded + AskAccepted": BY_THE_SITE}, closed="AskRefused"),
    "SignForm": _row("paper.unknown", {"form.already_signed": f"{ENTERED} | {ENDED}"}),
    "SubmitFile": _row("file.not_signed", {"FileSubmitted": ENTERED, "file.already_submitted": ENDED}),
    "AttachPaper": _row("PaperAttached", {"nothing": f"{ENTERED} | {ENDED}"}),
    "RequirePaper": _row("PaperRequired"),
    "RecordRequiredPaper": _row(_NO_SUCH, {"RequiredPaperCame": ENTERED, "paper.already_came": ENDED}),
    "IssueGuidance": _row(
        "GuidanceIssued + ObligationsMoved",
        {"GuidanceIssued + ObligationsMoved": "ordered, seen by the department"},
    ),
    "AddJointPerson": _row(_FORBIDDEN, {"JointPersonAdded": BEFORE_RESULT}),
    "CorrectPerson": _row("PersonCorrected"),
    "RecordOtherNumber": _row("OtherNumberRecorded", {"nothing": f"{ENTERED} | {ENDED}"}),
    "HandOverDuty": _row("DutyHandedOver"),
    "Seal": _row("Sealed", {"seal.already_sealed": ENDED}),
    "CodeCause": _row("CauseCoded"),
    "UsePolicyTool": _row("PolicyToolUsed"),
    "BookService": _row("ServiceBooked"),
    "CompleteService": _row(_NO_SUCH, {"ServiceRendered": ENTERED, "service.already_completed": ENDED}),
    "OfferAid": _row("AidOffered"),
    "RecordAidAnswer": _row(_NO_SUCH, {"AidAnswered": ENTERED, "aid.already_answered": ENDED}),
    "IssueOrder": _row(_FORBIDDEN, {"OrderIssued": BEFORE_RESULT}),
    "AnswerOrder": _row(
        _NO_SUCH,
        {"OrderAnswered": f"{ENTERED} | ordered, seen by the department", "order.already_answered": ENDED}
        | {"case.closed": "closed, seen from above"},
        on_its_way=_NO_SUCH,
        elsewhere=_NO_SUCH,
    ),
    "PassToBody": _row(_FORBIDDEN, {"PassedToBody": BEFORE_RESULT}),
    "RecordBodyReply": _row(_NO_SUCH, {"BodyReplied": ENTERED, "body.already_done": ENDED}),
    "RaiseLevel": _row("LevelRaised"),
    "RecordStep": _row("StepRecorded", {"StepRecorded": "ordered, seen by the department"}),
    "AttributeFault": _row("fault.nobody_was_told", {"FaultAttributed": ANSWERED}),
    "Urge": _row("Urged", {"Urged": BY_THE_SITE, "case.closed": "closed, seen from above"}),
}
