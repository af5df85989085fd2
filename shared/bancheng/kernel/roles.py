"""The roles that people of a tenant can have: what a profile may name as approvers and give names of its own.

Owns the words alone. Who may do what is the window's.
"""

from __future__ import annotations

from typing import Literal

Role = Literal[
    "clerk",
    "duty_leader",
    "coordinator",
    "department_officer",
    "leader",
    "supervisor",
    "reviewer",
    "administrator",
]
"""办理专员 · 值班长 · 总协调人 · 联络员 · 领导 · 督查 · 监督员 · 管理员 (product.md, Who does what)."""
