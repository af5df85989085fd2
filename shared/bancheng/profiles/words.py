"""What the fields and values of a profile are called when one is shown, compared or explained.

Owns these words in both languages. Must not know how they are laid out. A test holds them to the structs: every field
has its words.
"""

from __future__ import annotations

from typing import Final, Literal

from bancheng.kernel.profile_parts import Text

Language = Literal["zh", "en"]


def said(text: Text, language: Language) -> str:
    return text.zh if language == "zh" else text.en


def _text(zh: str, en: str) -> Text:
    return Text(zh=zh, en=en)


FIELDS: Final[dict[str, Text]] = {
    "tenant": _text("行政区划代码", "Division code"),
    "name": _text("名称", "Name"),
    "edition": _text("版次", "Edition"),
    "effective_on": _text("起用日期", "Effective on"),
    "window_name": _text("窗口名称", "Name of the window"),
    "outside_authority": _text("本级以上报给谁", "Whom the top tier reports to"),
    "number_format": _text("编号格式", "Form of a number"),
    "ground_required": _text("登记须选受理情形", "A registration states its ground"),
    "seal": _text("盖章", "Seal"),
    "decline_needs_approval": _text("不予受理须先报批", "A refusal needs approval"),
    "decline_approvers": _text("可批准不予受理的岗位", "Who may approve a refusal"),
    "negative_needs_approval": _text("答复“办不成”须经他人批准", "A negative answer needs approval"),
    "negative_needs_cause": _text("答复“办不成”前须选原因", "A negative answer states its cause"),
    "negative_needs_aid_offer": _text("答复“办不成”前须提供帮扶", "A negative answer comes with an offer of aid"),
    "policy_tool_roles": _text("可决定用政策办法的岗位", "Who may use a policy tool"),
    "conclusion_workdays": _text("核查、回访、销号期限", "Limit to verify, revisit and strike off"),
    "ratings": _text("回访评价", "Rating scale"),
    "satisfied_from_rating": _text("从几分起算满意", "Satisfied from this rating on"),
    "transit_workdays": _text("移交后签收期限", "Limit to receive a hand-over"),
    "takeover_margin_minutes": _text("上级接管前再等（分钟）", "Minutes before the tier above takes over"),
    "late_decision_workdays": _text("决定迟到记录的期限", "Limit to decide on a late entry"),
    "pursuit_workdays": _text("反馈进度后再次反馈的期限", "Limit to the next report of progress"),
    "body_workdays": _text("转交其他机构后的跟踪期限", "Limit to ask the other body again"),
    "extension_approvers": _text("可批准延期的岗位", "Who may approve an extension"),
    "max_extension_workdays": _text("一次最多延期", "Longest extension"),
    "max_pause_workdays": _text("一次最多中止", "Longest pause"),
    "own_choices": _text("本地自定的项目", "The tenant's own choices"),
    "tiers": _text("层级", "Tiers"),
    "case_types": _text("问题类型", "Types"),
    "kinds": _text("事项种类", "Kinds"),
    "grounds": _text("受理情形", "Grounds of acceptance"),
    "channels": _text("收集渠道", "Channels of collection"),
    "exclusions": _text("不予受理的情形", "Exclusions"),
    "pause_reasons": _text("中止的原因", "Reasons for a pause"),
    "causes": _text("办不成的原因", "Causes"),
    "policy_tools": _text("可用的政策办法", "Policy tools"),
    "service_forms": _text("服务方式", "Forms of service"),
    "aid_programmes": _text("帮扶政策", "Aid programmes"),
    "levels": _text("响应级别", "Response levels"),
    "steps": _text("办理步骤", "Steps"),
    "obligations": _text("各步骤的期限", "What is owed at each step"),
    "forms": _text("表单", "Forms"),
    "roles": _text("岗位", "Roles"),
    "bodies": _text("常设组织", "Standing bodies"),
    "meetings": _text("会议", "Meetings"),
    "reports": _text("报告", "Reports"),
    "ladder": _text("到期阶梯", "Ladder"),
    "key": _text("代号", "Key"),
    "source": _text("来源", "Source"),
    "duties": _text("窗口做什么", "What the window does"),
    "hold_workdays": _text("办理期限，到期自动上报", "Limit before it climbs"),
    "answer_workdays": _text("答复期限", "Limit for the answer"),
    "nature": _text("到期要做到", "What is due"),
    "owner": _text("责任", "Owner"),
    "owner_name": _text("责任方", "Who that is"),
    "order_workdays": _text("交办期限", "Limit of an order"),
    "order_nature": _text("交办到期要做到", "What is due of an order"),
    "level": _text("从哪一级响应开始", "Level it begins at"),
    "concerns_conduct": _text("涉及工作人员作风（不转给被反映的单位）", "Concerns conduct"),
    "only_if_entrusted": _text("部门没有委托的不能用", "Only if the department entrusted it"),
    "unless_entrusted": _text("有委托文件的除外", "Unless entrusted to the hall"),
    "handled_by": _text("由谁响应", "Who acts"),
    "for_whom": _text("给谁", "For whom"),
    "department": _text("部门", "Department"),
    "clock": _text("时钟", "Clock"),
    "action": _text("做什么", "What is done"),
    "workdays_before": _text("提前", "Before"),
    "after": _text("从哪一步起", "From"),
    "until": _text("到哪一步止", "Until"),
    "workdays": _text("期限", "Limit"),
    "kind": _text("种类", "Kind of form"),
    "fields": _text("栏目", "Fields"),
    "shows": _text("填什么", "What it shows"),
    "note": _text("注", "Note"),
    "role": _text("角色", "Role"),
    "filled_by": _text("由谁担任", "Filled by"),
    "chair": _text("牵头", "Chair"),
    "members": _text("成员", "Members"),
    "daily_work": _text("日常工作", "Daily work"),
    "called_by": _text("召集", "Called by"),
    "may_delegate": _text("可委托召集", "May be delegated"),
    "attendees": _text("参加", "Attend"),
    "may_invite": _text("可邀请", "May be invited"),
    "outputs": _text("要形成", "Outputs"),
    "every": _text("多久一次", "How often"),
    "by": _text("由谁报", "By"),
    "to": _text("报给谁", "To"),
    "workday": _text("第几个工作日", "Working day of the next period"),
    "is_zero_report": _text("零报告", "A zero report when there is none"),
    "is_case_report": _text("由系统按案件生成", "Made by the system from the cases"),
}
"""By the name that a field has in the file."""

OWNERS: Final[dict[str, Text]] = {
    "window": _text("窗口", "Window"),
    "clerk": _text("窗口工作人员", "Clerk"),
    "working_group": _text("工作专班", "Working group"),
    "department": _text("承办部门", "Department"),
    "lead_department": _text("牵头部门", "Lead department"),
    "coordinator": _text("总协调人", "Coordinator"),
    "office": _text("办公室", "Office"),
    "leader": _text("领导", "Leader"),
}
CLOCKS: Final[dict[str, Text]] = {
    "person": _text("群众答复期限", "The person's clock"),
    "holder": _text("本级办理期限", "The holder's clock"),
    "transit": _text("移交途中", "Transit"),
    "late_decision": _text("决定迟到记录", "Decision on a late entry"),
    "conclusion": _text("核查、回访、销号", "Conclusion"),
    "pursuit": _text("持续跟踪", "Pursuit"),
    "step": _text("步骤", "Step"),
    "order": _text("交办", "Order"),
    "paper": _text("补交材料", "Missing paper"),
    "body": _text("转交其他机构", "Another body"),
}
VALUES: Final[dict[str, dict[str, Text]]] = {
    "owner": OWNERS,
    "clock": CLOCKS,
    "nature": {
        "resolve_by": _text("办结或答复", "done or answered"),
        "report_by": _text("说明进展和原因，之后继续办", "progress with reasons, then pursued"),
    },
    "action": {
        "warn": _text("预警", "warn"),
        "remind": _text("催办", "remind"),
        "call_duty_leader": _text("请值班负责人", "call the duty leader"),
        "pass": _text("记为超期", "record that it is over"),
        "climb": _text("自动上报", "climb"),
        "resume": _text("恢复计时", "resume"),
    },
    "seal": {
        "never": _text("不用", "none"),
        "by_hand": _text("由人盖", "by hand"),
        "on_acceptance": _text("受理时盖", "on acceptance"),
    },
    "kind": {
        "registration": _text("登记表", "registration form"),
        "acceptance": _text("受理单", "acceptance form"),
        "transfer_order": _text("交办、转办单", "transfer order"),
        "ledger": _text("台账", "ledger"),
        "decline_notice": _text("告知书", "notice"),
        "guidance": _text("指导意见书", "guidance"),
        "signature": _text("签字页", "signature page"),
    },
    "every": {
        "week": _text("每周", "each week"),
        "month": _text("每月", "each month"),
        "quarter": _text("每季", "each quarter"),
        "year": _text("每年", "each year"),
    },
    "role": {
        "clerk": _text("办理专员", "clerk"),
        "duty_leader": _text("值班长", "duty leader"),
        "coordinator": _text("总协调人", "coordinator"),
        "department_officer": _text("联络员", "department officer"),
        "leader": _text("领导", "leader"),
        "supervisor": _text("督查", "supervisor"),
        "reviewer": _text("监督员", "reviewer"),
        "administrator": _text("管理员", "administrator"),
    },
    "milestone": {
        "registered": _text("登记", "registration"),
        "signed": _text("签收", "signing"),
        "file_submitted": _text("资料提交", "file handed in"),
        "guided": _text("受理指导", "guidance"),
        "accepted": _text("受理", "acceptance"),
        "classified": _text("研判", "classification"),
        "ordered": _text("交办", "order"),
        "order_reported": _text("部门反馈", "department's report"),
        "order_done": _text("部门办结", "department's result"),
        "progress_told": _text("告知进展", "progress told"),
        "answered": _text("答复", "answer"),
        "result_proposed": _text("办结申请", "result proposed"),
        "verified": _text("核查", "verification"),
        "revisited": _text("回访", "return visit"),
        "redone": _text("重办", "another round"),
        "sent_back": _text("退回重办", "result sent back"),
        "passed_to_body": _text("转交其他机构", "passed to another body"),
        "body_done": _text("其他机构办结", "done by the other body"),
        "received": _text("签收移交", "receipt"),
        "reported_outside": _text("报本级以上", "reported outside"),
        "outside_replied": _text("上面答复", "reply from outside"),
    },
}
"""Words of the system that stand as values in a file."""

WEEKDAYS: Final = (
    _text("周一", "Mon"),
    _text("周二", "Tue"),
    _text("周三", "Wed"),
    _text("周四", "Thu"),
    _text("周五", "Fri"),
    _text("周六", "Sat"),
    _text("周日", "Sun"),
)
