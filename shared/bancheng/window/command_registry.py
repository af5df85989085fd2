"""The commands that people may give a case: their names in addresses and the body each of them takes.

Owns that list and the bodies' bounds. A body is the kernel's command, and no field that it does not know. Must not
know who may give a command nor what comes of it.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, cast

import msgspec
from msgspec import Meta

from bancheng.kernel import commands as c
from bancheng.kernel.record_commands import PaperHash
from bancheng.schema.events import Channel
from bancheng.window.permissions import MAY

UNLIKELY_LONG_NAME: Final = 100


class PersonBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """反映人. Only the name is required: many who come have neither phone nor papers with them."""

    name: Annotated[str, Meta(min_length=1, max_length=UNLIKELY_LONG_NAME)]
    phone: Annotated[str, Meta(max_length=32)] = ""
    identity_number: Annotated[str, Meta(max_length=32)] = ""
    address: Annotated[str, Meta(max_length=300)] = ""


class AgentBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """代办人: who came for the person. `authority` is the SHA-256 of the paper that shows it, if it is there."""

    name: Annotated[str, Meta(min_length=1, max_length=UNLIKELY_LONG_NAME)]
    relation: Annotated[str, Meta(min_length=1, max_length=100)]
    phone: Annotated[str, Meta(max_length=32)] = ""
    authority: PaperHash = ""


class RegisterBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """登记. `unit` is where the person came: by default the unit of whoever registers.

    `complained_unit` is asked for by kinds that concern conduct: that unit sees nothing of the case (XS-04).
    `is_restricted`: only the units that deal with it see it.
    """

    channel: Channel
    kind: c.Key
    case_type: c.Key
    title: c.Title
    description: c.Body
    person: PersonBody
    ground: Annotated[str, Meta(max_length=64)] = ""
    unit: Annotated[str, Meta(max_length=64)] = ""
    agent: AgentBody | None = None
    department: Annotated[str, Meta(max_length=64)] = ""
    matter: Annotated[str, Meta(max_length=64)] = ""
    complained_unit: Annotated[str, Meta(max_length=64)] = ""
    is_restricted: bool = False


class CaseCommand(msgspec.Struct, frozen=True, kw_only=True):
    """One command to a case. `name` stands in its address, for example `propose-decline`."""

    name: str
    kind: type[c.Command]
    body: type[msgspec.Struct]

    def command(self, body: msgspec.Struct) -> c.AnyCommand:
        """The kernel's command with what the body says; what the window fills in itself is still empty."""
        fields = {name: getattr(body, name) for name in body.__struct_fields__}
        return cast("c.AnyCommand", self.kind(**fields, **dict.fromkeys(FILLED_IN.get(self.kind, ()), "")))


FILLED_IN: Final[dict[type[c.Command], tuple[str, ...]]] = {c.HandOverDuty: ("to_name",), c.CallDutyLeader: ("called",)}
"""Fields that no sender says: a colleague's name is the one that this window knows, who is on duty its roster's."""

_WORDS: Final = re.compile(r"(?<!^)(?=[A-Z])")


def kebab(name: str) -> str:
    """`ProposeDecline` in an address: `propose-decline`."""
    return _WORDS.sub("-", name).lower()


def _body(kind: type[c.Command]) -> type[msgspec.Struct]:
    fields = [
        (field.name, field.type) if field.required else (field.name, field.type, field.default)
        for field in msgspec.structs.fields(kind)
        if field.name not in FILLED_IN.get(kind, ())
    ]
    return msgspec.defstruct(
        f"{kind.__name__}Body",
        fields,
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=True,
        module=__name__,
        namespace={"__doc__": kind.__doc__ or kebab(kind.__name__)},
    )


CASE_COMMANDS: Final[dict[str, CaseCommand]] = {
    kebab(kind.__name__): CaseCommand(name=kebab(kind.__name__), kind=kind, body=_body(kind))
    for kind in MAY
    if kind not in {c.Register, c.AttachPaper}
}
"""By name, in the order in which a case meets them."""
