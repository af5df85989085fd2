"""Events of taking a matter in: the signed form, the file, papers, guidance, who looks after it and on whose behalf.

Owns their form. What may follow what is the kernel's.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec

from bancheng.schema.clocks import Clock
from bancheng.schema.event import Event, Person

SignatureMethod = Literal["drawn", "paper", "thumbprint"]
"""On the screen, on the printed form, or by thumbprint on it: the last two need the paper that shows it."""
PersonField = Literal["name", "phone", "identity_number", "address"]
"""The fields of `Person`, in the order in which they are said."""
PaperKind = Literal["signed_form", "entrustment", "evidence", "guidance", "answer", "consent", "other"]


class FormSigned(Event, frozen=True, kw_only=True):
    """签收: the applicant, or who acts for them, checked the form item by item and signed it (PA-R10)."""

    method: SignatureMethod
    signer: str
    paper: str = ""


class FileSubmitted(Event, frozen=True, kw_only=True):
    """资料提交: the complete file is with the working group, whichever window took it in (PA-R10)."""

    note: str = ""


class PaperAttached(Event, frozen=True, kw_only=True):
    """材料. The bytes are elsewhere, under `sha256` (hex); `size` is in bytes."""

    sha256: str
    name: str
    media_type: str
    size: int
    paper_kind: PaperKind = "other"


class PaperRequired(Event, frozen=True, kw_only=True):
    """容缺受理: a paper that is missing, and the day it is due (PA-R24). `number` counts from 1."""

    number: int
    name: str
    due_on: date
    clocks: tuple[Clock, ...]


class RequiredPaperCame(Event, frozen=True, kw_only=True):
    """补齐: a paper that was missing is there (PA-R24)."""

    number: int
    paper: str = ""
    clocks: tuple[Clock, ...] = ()


class GuidanceIssued(Event, frozen=True, kw_only=True):
    """受理指导意见书: which documents and conditions the department concerned wants (PA-R9)."""

    department: str
    documents: str
    conditions: str = ""
    said_by: str = ""
    said_how: str = ""
    paper: str = ""


class JointPersonAdded(Event, frozen=True, kw_only=True):
    """共同反映人: one problem brought by many is one case, and every one of them is answered."""

    person: Person


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """One field of the person's data: what was entered by mistake, and what is right."""

    field: PersonField
    was: str
    now: str


class PersonCorrected(Event, frozen=True, kw_only=True):
    """更正反映人信息: the fields that were entered wrong, and why. What stood before stays where it was entered."""

    corrections: tuple[Correction, ...]
    reason: str


class OtherNumberRecorded(Event, frozen=True, kw_only=True):
    """The number that another system (12345, petitions, the provincial platform) gave the same matter."""

    system: str
    number: str


class DutyHandedOver(Event, frozen=True, kw_only=True):
    """The duty to follow the case goes to a colleague, on record (NX-16, PA-R7)."""

    to_staff: str
    to_name: str
    reason: str


class Sealed(Event, frozen=True, kw_only=True):
    """盖章: the window's promise to get it done; from here on the case is under supervision (XS-08)."""

    note: str = ""
