"""What a case's record holds beside the loop: papers, orders, offers, steps. Parts of the case's state.

Owns the form of these parts; numbers count from 1 in the order of entry. How they come from events is `evolve_record`.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

import msgspec

from bancheng.schema.event import Person
from bancheng.schema.intake_events import PaperKind, SignatureMethod
from bancheng.schema.remedy_events import FaultSide


class _Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Most cases have few of these: what is not said is not stored."""


class Signature(_Part, frozen=True, kw_only=True):
    """`is_before_correction`: the person's data was corrected after the form was signed."""

    method: SignatureMethod
    signer: str
    signed_at: datetime
    paper: str = ""
    is_before_correction: bool = False


class Paper(_Part, frozen=True, kw_only=True):
    """Named by the SHA-256 of its bytes, hex; `size` in bytes."""

    sha256: str
    name: str
    media_type: str
    size: int
    paper_kind: PaperKind
    attached_at: datetime
    attached_by: str


class RequiredPaper(_Part, frozen=True, kw_only=True):
    """容缺: `came_at` is None while it is missing."""

    number: int
    name: str
    due_on: date
    came_at: datetime | None = None
    paper: str = ""


class JointPerson(_Part, frozen=True, kw_only=True):
    person: Person
    answered_at: datetime | None = None


class OtherNumber(_Part, frozen=True, kw_only=True):
    system: str
    number: str


class Officer(_Part, frozen=True, kw_only=True):
    """Somebody who follows the case, by name."""

    staff: str
    name: str
    unit: str


class Service(_Part, frozen=True, kw_only=True):
    """`took_place` is None while it is booked."""

    number: int
    form: str
    on: date
    helper: str = ""
    took_place: bool | None = None


class Aid(_Part, frozen=True, kw_only=True):
    """`taken_up` is None until the person has answered."""

    number: int
    programme: str
    taken_up: bool | None = None


class Order(_Part, frozen=True, kw_only=True):
    """`answer` is the department's last answer as given; `reported_at` of the last progress or result."""

    number: int
    to_unit: str
    handler: str
    request: str
    issued_at: datetime
    answer: str = ""
    reported_at: datetime | None = None
    is_done: bool = False


class Transfer(_Part, frozen=True, kw_only=True):
    """A matter that another body has, and what became of it."""

    number: int
    body: str
    helper: str
    passed_at: datetime
    last_reply: str = ""
    is_done: bool = False


class Fault(_Part, frozen=True, kw_only=True):
    side: FaultSide
    unit: str
    department_text: str
    told_text: str
    opinion: str


SignedPart = Literal["handled", "department", "verified", "approved", "revisited"]
"""经办 · 责任部门 · 核查 · 批准 · 回访."""


class Signer(_Part, frozen=True, kw_only=True):
    """Who signed a part of the process by doing it; a department that answered by phone or on paper by who said it."""

    part: SignedPart
    name: str
    unit: str
    at: datetime
    stands_in_for: str = ""


class Record(_Part, frozen=True, kw_only=True):
    """Everything entered beside the loop, in order of entry. `milestones`: when each was last reached.

    `officer` is the person's contact: who took the matter in follows it to its end, wherever it goes (NX-16, PZ-02).
    `handler` follows it at another unit that holds it: nobody until somebody there acts. `owed` and `met` are the keys
    of the obligations that are open, and of those met in this round. `told` is what the person was last told.
    `signers` signed each a part of this round.
    """

    milestones: dict[str, datetime] = {}
    signature: Signature | None = None
    file_submitted_at: datetime | None = None
    sealed_at: datetime | None = None
    level: str = ""
    officer: Officer | None = None
    handler: Officer | None = None
    papers: tuple[Paper, ...] = ()
    required_papers: tuple[RequiredPaper, ...] = ()
    guidance: tuple[str, ...] = ()
    joint_persons: tuple[JointPerson, ...] = ()
    other_numbers: tuple[OtherNumber, ...] = ()
    causes: tuple[str, ...] = ()
    policy_tools: tuple[str, ...] = ()
    services: tuple[Service, ...] = ()
    aid: tuple[Aid, ...] = ()
    orders: tuple[Order, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    faults: tuple[Fault, ...] = ()
    satisfied: bool | None = None
    rating: int = 0
    urged: int = 0
    owed: tuple[str, ...] = ()
    met: tuple[str, ...] = ()
    told: str = ""
    signers: tuple[Signer, ...] = ()

    def has_paper(self, sha256: str) -> bool:
        return any(paper.sha256 == sha256 for paper in self.papers)
