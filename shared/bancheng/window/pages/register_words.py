"""What the registers and their columns and fields are called on pages.

Owns these names in Chinese; English is in the catalogue, by the groups `register` and `column`.
"""

from __future__ import annotations

from typing import Final

REGISTER_WORDS: Final[dict[str, str]] = {
    "units": "窗口与部门",
    "entrustments": "委托文件",
    "matters": "事项目录",
    "zero-reports": "月零报告",
    "liaisons": "联络员",
    "not-done": "未办成汇总",
    "add-unit": "新设窗口或部门",
    "change-unit": "改名",
    "merge-unit": "合并",
    "close-unit": "撤销",
    "entrust": "登记委托文件",
    "end-entrustment": "终止委托",
    "publish-matters": "发布事项目录",
    "file-zero": "本单位当月没有，报零",
    "name-liaison": "指定联络员",
    "remove-liaison": "取消联络员",
}

COLUMN_WORDS: Final[dict[str, str]] = {
    "code": "单位代码",
    "name": "名称",
    "tier": "层级",
    "parent": "上级单位",
    "sort": "类别",
    "state": "状态",
    "unit": "单位",
    "into": "并入",
    "is_window": "类别",
    "serves_enterprises": "是否涉企部门",
    "document": "文号",
    "department": "部门",
    "signed_on": "签订日期",
    "ends_on": "终止日期",
    "entrusted": "委托事项",
    "paper": "扫描件的 SHA-256",
    "key": "事项代码",
    "papers": "所需材料",
    "matter_lines": "全部事项",
    "month": "月份",
    "cases": "报来件数",
    "filed": "零报告",
    "liaison_name": "姓名",
    "phone": "电话",
    "outcome": "结果",
    "reason": "情形或原因",
    "count": "件数",
    "numbers": "编号",
}

STATE_WORDS: Final[dict[str, str]] = {
    "open_unit": "在用",
    "closed": "已撤销",
    "window": "窗口",
    "department": "部门",
    "enterprise_department": "涉企部门",
    "yes": "是",
    "no": "否",
    "in_force": "有效",
    "ended": "已终止",
    "all_matters": "全部事项",
    "reported": "已报",
    "zero": "已报零",
    "open": "待报",
    "missing": "未报",
    "gap": "未指定",
    "named": "已指定",
}

REGISTER_HINTS: Final[dict[str, str]] = {
    "units": "在这里改动，各级系统马上照新目录办；撤并的单位手里没办完的案件，自动移交给承接单位或上级单位。",
    "entrustments": "部门签字委托给窗口的事项。有有效委托的，不能以“只涉及一个部门”为由不予受理。",
    "matters": "写明每个事项在哪一级办。已下沉的事项由那一级办理，办不了要写明理由才能上报。",
    "zero-reports": "当月既没有报来案件、又没有报零的单位，列为未报。",
    "liaisons": "涉企部门都要有联络员；没有的排在最前面。电话只给需要联系的人看，谁看过有记录。",
    "not-done": "不予受理和不能办的事项，按情形或原因、部门汇总，不含个人信息。",
    "matter_lines": "一行一个事项：代码,名称,层级,部门代码,材料1、材料2（后两项可以不写）。发布的是整份目录。",
    "entrusted": "填事项代码，用逗号分开；不填就是该部门的全部事项。",
}
