"""What of the loop a case still lacks: signed, filed, accepted, answered, verified, revisited (PA-09).

Owns the names of these steps and how they are read off a state. By when each is owed is the clocks' to say.
"""

from __future__ import annotations

from typing import Literal

from bancheng.kernel.case import Case

MissingStep = Literal[
    "signature",
    "file",
    "acceptance",
    "classification",
    "papers",
    "order",
    "body",
    "result",
    "answer",
    "joint_answer",
    "verification",
    "revisit",
    "closing",
    "obligation",
]
"""签字 · 提交资料 · 受理 · 研判 · 补齐材料 · 部门答复 · 其他机构回复 · 办理结果 · 答复 · 共同反映人答复 · 核查 · 回访 ·
销号 · 规定环节.
"""


def missing_steps(case: Case) -> frozenset[MissingStep]:
    """Of an open case; a closed one lacks nothing."""
    if case.is_closed:
        return frozenset()
    record, stage = case.record, case.stage
    lacks: dict[MissingStep, bool] = {
        "signature": record.signature is None,
        "file": record.file_submitted_at is None,
        "acceptance": stage in {"registered", "decline_proposed"},
        "classification": stage in {"accepted", "in_hand"} and "classified" not in record.milestones,
        "papers": any(paper.came_at is None for paper in record.required_papers),
        "order": any(not order.is_done for order in record.orders),
        "body": any(not transfer.is_done for transfer in record.transfers),
        "result": stage in {"accepted", "in_hand"},
        "answer": case.answered_at is None,
        "joint_answer": any(person.answered_at is None for person in record.joint_persons),
        "verification": stage == "result_proposed",
        "revisit": stage == "verified",
        "closing": stage == "revisited",
        "obligation": bool(record.owed),
    }
    return frozenset(step for step, is_missing in lacks.items() if is_missing)
