"""A body with which each command can at least be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bancheng.window.command_registry import CaseCommand

_VALUES: dict[str, Any] = {
    "ground": "litigation_or_petition",
    "explanation": "已经起诉",
    "reason": "原因",
    "kind": "coordination",
    "case_type": "ordinary",
    "text": "内容",
    "until": "2026-03-06",
    "workdays": 1,
    "outcome": "solved",
    "answer": "答复",
    "satisfied": True,
    "rating": 5,
    "to_unit": "330109001",
    "event_hash": "0" * 64,
    "method": "paper",
    "signer": "周某某",
    "due_on": "2026-03-06",
    "number": 1,
    "name": "周某某",
    "system": "12345",
    "step": "step",
    "cause": "cause",
    "tool": "tool",
    "basis": "依据",
    "form": "form",
    "on": "2026-03-06",
    "took_place": True,
    "programme": "programme",
    "taken_up": True,
    "department": "330109001",
    "documents": "证明",
    "request": "请核实",
    "reply": "result",
    "body": "仲裁委",
    "helper": "帮办员",
    "done": True,
    "side": "none",
    "opinion": "意见",
    "level": "level",
    "to_staff": "s-hall-leader",
}


def minimal_body(spec: CaseCommand) -> dict[str, Any]:
    found = {name: _VALUES[name] for name in spec.body.__struct_fields__ if name in _VALUES}
    return found | ({"number": "12345-1"} if spec.name == "record-other-number" else {})
