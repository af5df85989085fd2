"""磐安: invented cases of the kinds that its rules name, each at another point of its way.

Owns their words. Nothing here happened; the kinds, grounds and exclusions are those of the county's own rules.
"""

from __future__ import annotations

from bancheng.runtime.demo.places import PANAN
from bancheng.runtime.demo.stories.story import INVENTED, Step, Story, concluded, step


def _case(
    key: str,
    login: str,
    kind: tuple[str, str],
    title: str,
    text: str,
    *steps: Step,
    person: str = "某企业经办人",
    **more: str,
) -> Story:
    """Registered by `login` at their own window; `kind` with its case type, `more` of the registration's fields."""
    return Story(
        key=f"panan-{key}",
        tenant=PANAN,
        login=login,
        registration={
            "channel": "desk",
            "kind": kind[0],
            "case_type": kind[1],
            "title": f"{INVENTED}{title}",
            "description": f"{text}（演示虚构。）",
            "person": {"name": person, "phone": "000-0300"},
            **more,
        },
        steps=steps,
    )


EXTENDED = _case(
    "extended", "panan", ("project_approval", "special"), "重点项目用地、用林审批互为前置",
    "县重点项目涉及三个部门审批，用地与用林互相要求对方先批。",
    step("panan", "accept", 1),
    step("panan", "add-note", 2, text="已约三个部门碰头，先列出互为前置的环节。"),
    step("panan", "request-extension", 2, clock="person", workdays=5, reason="林地现状调查须重做，要五个工作日。"),
    step("panan-lead", "approve-extension", 2),
    step("panan", "add-note", 8, text="林地调查单位已进场。"),
    ground="key_project",
)  # fmt: skip
DECLINED = _case(
    "declined", "anshan", ("approval_not_accepted", "ordinary"), "邻里采光纠纷",
    "与邻居因围墙高度起争执，要求窗口裁决。",
    step(
        "anshan", "propose-decline", 2, ground="private_dispute",
        explanation="属于群众之间的矛盾纠纷，不在受理范围；已告知可到镇人民调解委员会申请调解，并代为联系。",
    ),
    step("anshan-lead", "approve-decline", 1),
    ground="applied_not_accepted", person="吕某",
)  # fmt: skip
RETURNED = _case(
    "returned", "anshan", ("enterprise_difficulty", "complex"), "竹制品厂排污登记表退了三次",
    "企业反映排污登记表三次被退，每次理由不同。",
    step("anshan", "escalate", 1, reason="涉及县级部门，请县专窗协调。"),
    step("panan", "return", 1.5, reason="缺企业营业执照和历次退件通知，请补齐后再报。"),
    step("anshan", "accept", 1),
    step("anshan", "add-note", 1, note_kind="supplement", text="材料已补齐：三次退件其实同为一处填报口径。"),
    *concluded("anshan", "anshan-lead", "按统一口径改填后登记已通过，口径已写进办事指南。", comment="清楚了。"),
    ground="applied_not_accepted",
)  # fmt: skip
PAUSED = _case(
    "paused", "panan", ("joint_inspection", "special"), "民宿集中验收等消防检测",
    "民宿需多部门集中验收，消防设施检测尚在法定程序中。",
    step("panan", "accept", 1),
    step("panan", "pause", 2, reason="statutory_procedure", until_workdays=30),
    ground="key_project", person="朱某",
)  # fmt: skip
REDONE = _case(
    "redone", "panan", ("not_authorised_to_window", "ordinary"), "取水许可未授权大厅窗口办理",
    "取水许可未授权大厅窗口，企业在部门和大厅之间来回跑。",
    step("panan", "accept", 0.5),
    step("panan", "give-answer", 1, text="窗口已与部门对接，材料由窗口代收。", channel="phone"),
    step("panan", "propose-result", 1, outcome="solved", answer="窗口已与部门对接，材料由窗口代收。"),
    step("panan-lead", "verify-result", 1),
    step("panan", "revisit", 3, satisfied=False, rating=2, comment="还是叫我去部门补签字。", channel="phone"),
    *concluded("panan", "panan-lead", "部门已派人到窗口当面核签，不用再跑。", comment="这次办好了。", rating=4),
    step("panan", "archive", 2),
    ground="pushed_by_unit",
)  # fmt: skip
CANNOT = _case(
    "cannot", "panan", ("approval_not_accepted", "ordinary"), "饮用水源保护区内申请建农家乐",
    "在饮用水源保护区内申请农家乐经营场所审批，未能受理。",
    step("panan", "accept", 1),
    *concluded(
        "panan", "panan-lead",
        "该地块在饮用水源保护区内，政策不允许新建经营场所；已说明理由，并提供两处可选地块的信息。",
        outcome="cannot_be_done", comment="理由说清楚了。", rating=3,
    ),
    ground="applied_not_accepted", person="胡某",
)  # fmt: skip
UNTOUCHED = _case(
    "untouched", "xiyuan", ("approval_not_accepted", "ordinary"), "食品小作坊登记网上提交被退",
    "网上提交三次均未受理，提示不明。登记以后没有人办理，看它自己上报到县。",
    ground="applied_not_accepted", channel="platform", person="童某",
)  # fmt: skip

STORIES = (EXTENDED, DECLINED, RETURNED, PAUSED, REDONE, CANNOT, UNTOUCHED)
