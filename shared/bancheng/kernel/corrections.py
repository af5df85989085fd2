"""更正: the person's data as an entry puts it right.

Owns how a correction changes the person, and what it means for a form that was signed before. Refuses nothing.
"""

from __future__ import annotations

from msgspec.structs import replace

from bancheng.kernel.case import Case
from bancheng.kernel.record_commands import CorrectPerson
from bancheng.schema.events import Person, PersonCorrected


def corrected(person: Person, event: PersonCorrected) -> Person:
    """The person with every field of the event as it is right."""
    return replace(person, **{each.field: each.now for each in event.corrections})


def what_differs(command: CorrectPerson, person: Person) -> CorrectPerson:
    """The command without the fields that are so already: whoever carries it out may know of a later correction."""
    said = {field: getattr(command, field) for field in person.__struct_fields__}
    return replace(command, **{field: None for field, text in said.items() if text == getattr(person, field)})


def with_correction(case: Case, event: PersonCorrected) -> Case:
    """The case with the person corrected. A form that was signed before shows what was entered then, and says so."""
    signature = case.record.signature
    if signature is not None and not signature.is_before_correction:
        record = replace(case.record, signature=replace(signature, is_before_correction=True))
        case = replace(case, record=record)
    return replace(case, person=corrected(case.person, event))
