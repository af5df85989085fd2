"""What the parts of a rule profile are called on the page that compares two editions.

Owns these names. Must not know what a part means.
"""

from __future__ import annotations

from typing import Final

RULE_WORDS: Final[dict[str, str]] = {
    "edition": "版次",
    "effective_on": "生效日",
    "name": "名称",
    "tiers": "层级",
    "case_types": "问题类型",
    "kinds": "事项种类",
    "ladder": "到期阶梯",
    "grounds": "受理情形",
    "channels": "收集渠道",
    "exclusions": "不予受理情形",
    "pause_reasons": "中止理由",
    "causes": "原因",
    "policy_tools": "政策工具",
    "service_forms": "服务方式",
    "aid_programmes": "帮扶政策",
    "levels": "响应级别",
    "steps": "环节",
    "obligations": "环节义务",
    "forms": "表单",
    "roles": "角色",
    "bodies": "常设机构",
    "meetings": "会议",
    "reports": "报表",
    "ratings": "评价等次",
    "number_format": "编号格式",
    "hold_workdays": "本级办理（工作日）",
    "answer_workdays": "答复（工作日）",
    "order_workdays": "交办（工作日）",
    "workdays": "工作日数",
    "workdays_before": "提前（工作日）",
    "nature": "限时性质",
    "source": "出处",
    "own_choices": "本地自定",
}
CHANGE_WORDS: Final[dict[str, str]] = {"added": "新增", "removed": "删去", "changed": "修改"}
