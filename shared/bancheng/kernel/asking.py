"""请求: a site that does not hold a case asks its holder for one of its own staff's deeds.

Owns which commands can be asked for, and the bytes of an ask: the command's fields beside those of the ask, its name as
`type`. What the holder makes of it is decide.py's. Must not know how an ask finds the holder.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from bancheng.kernel.command import Command
from bancheng.kernel.record_commands import AddNote, AnswerOrder, CorrectPerson, IssueGuidance, RecordStep
from bancheng.schema.events import Actor

AskedCommand = AddNote | CorrectPerson | AnswerOrder | IssueGuidance | RecordStep
"""What the rules let somebody do who does not hold the case: anybody's note, the unit that registered, a department."""


class _Envelope(msgspec.Struct, frozen=True, kw_only=True):
    at: datetime
    actor: Actor
    ask_id: UUID
    case_id: UUID


class Ask(_Envelope, frozen=True, kw_only=True):
    """`actor` asks, and the deed will be theirs. `command` is None where this release knows none such, or its fields do
    not fit: then it is refused, so that whoever asked is told.
    """

    command: AskedCommand | None

    @property
    def asked(self) -> str:
        """The name of the command; empty where it is not known."""
        return "" if self.command is None else type(self.command).__name__


class AnswerAsk(Command, frozen=True, kw_only=True):
    """Enter or refuse what another site asks. `asked_site` signed it."""

    ask: Ask
    ask_hash: bytes
    asked_site: str


_encoder = msgspec.json.Encoder()
_envelope = msgspec.json.Decoder(_Envelope)
_command = msgspec.json.Decoder(AskedCommand)


def encode_ask(ask: Ask) -> bytes:
    plain = msgspec.to_builtins(ask)
    return _encoder.encode({**plain.pop("command"), **plain})


def decode_ask(payload: bytes) -> Ask:
    """Raises msgspec.MsgspecError for what is no ask at all: nobody could be answered."""
    envelope = _envelope.decode(payload)
    try:
        command = _command.decode(payload)
    except msgspec.ValidationError:
        command = None
    return Ask(at=envelope.at, actor=envelope.actor, ask_id=envelope.ask_id, case_id=envelope.case_id, command=command)
