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
}


def minimal_body(spec: CaseCommand) -> dict[str, Any]:
    return {name: _VALUES[name] for name in spec.body.__struct_fields__ if name in _VALUES}
