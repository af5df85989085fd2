"""萧山: the two stories that the article tells, as it tells them, and invented village cases that nobody touches.

Owns their words. What the article does not say (days, phone numbers, staff, the return visit) is the demo's, and the
text says so. 杜先生, 周先生 and 杨某 are called as the article calls them.
"""

from __future__ import annotations

from bancheng.runtime.demo.places import XIAOSHAN
from bancheng.runtime.demo.stories.story import ARTICLE, INVENTED, Story, concluded, step

_NOT_IN_THE_ARTICLE = "（演示补写：报道没有写回访。）"

HOUSING_CHECK = Story(
    key="xiaoshan-housing-check",
    tenant=XIAOSHAN,
    login="tangtou",
    registration={
        "channel": "supervision_station",
        "kind": "coordination",
        "case_type": "complex",
        "title": f"{ARTICLE}入学积分：《居住房屋安全排查表》要找多个部门盖章",
        "description": (
            "居民杜先生到瓜沥镇塘头社区监察工作联络站反映：办理入学积分事项时，租住合法房屋赋分一项，需提供镇政府出具的"
            "《杭州市居住房屋安全排查表》及相应合同。拿到表单后，发现需要找多个部门排查认定盖章，办事程序十分复杂。"
        ),
        "person": {"name": "杜先生", "phone": "000-0001"},
    },
    steps=(
        step(
            "tangtou", "add-note", 0.5, note_kind="progress",
            text="表单须由镇政府出具，社区不能代盖；多个部门都在镇里。",
        ),
        step("tangtou", "escalate", 0.5, reason="需镇里召集相关部门，社区办不了，报镇办理。"),
        step("guali", "accept", 1),
        step(
            "guali", "add-note", 3, note_kind="progress",
            text="瓜沥镇纪委收到反映的问题后，督促“办不成事”反映窗口领导小组召集相关部门进行“会诊”研判，"
            "发现原有盖章认可程序存在权责不对等的履职风险。",
        ),
        step(
            "guali", "add-note", 5, note_kind="solution",
            text="为避免同类情况再次出现，建立居住房屋出租安全排查联审机制，并将该事项纳入窗口：统一由窗口收取材料，"
            "由消安办牵头现场排查，由窗口办结出件，积分入学一件事一窗办。",
        ),
        *concluded(
            "guali", "guali-lead",
            "排查表今后由窗口统一收取材料、消安办牵头现场排查、窗口办结出件，不用再跑多个部门盖章。",
            comment=_NOT_IN_THE_ARTICLE,
        ),
    ),
)  # fmt: skip

CARE_ALLOWANCE = Story(
    key="xiaoshan-care-allowance",
    tenant=XIAOSHAN,
    login="xiaoshan",
    registration={
        "channel": "desk",
        "kind": "coordination",
        "case_type": "ordinary",
        "title": f"{ARTICLE}重度残疾人护理补贴只领了2个月就没有了",
        "description": (
            "残疾人周先生到萧山区政务服务中心“办不成事”窗口反映：自己有视力二级残疾，依照国家规定可以申领重度护理补贴，"
            "可是只领了2个月就没有了。"
        ),
        "person": {"name": "周先生", "phone": "000-0002"},
    },
    steps=(
        step("xiaoshan", "accept", 1),
        step(
            "xiaoshan", "add-note", 4, note_kind="progress",
            text="是领取资格不符合，还是工作人员履职问题？“办不成事”反映窗口月度联席会议上，"
            "区纪委监委工作人员提出了疑虑，并随即跟进监督。",
        ),
        step(
            "xiaoshan", "add-note", 6, note_kind="progress",
            text="经调查：除重度护理补贴外，周先生还会领取困难遗属补贴。村里的文书杨某工作不深不细，"
            "认为周先生不符合补贴享受条件，未经仔细核查便取消其资格。",
        ),
        step("xiaoshan-lead", "classify", 1, kind="conduct", case_type="ordinary"),
        step(
            "xiaoshan", "add-note", 4, note_kind="solution",
            text="杨某因未正确履行职责受到诫勉处理；对周先生以往的补贴进行了补发。",
        ),
        *concluded(
            "xiaoshan", "xiaoshan-lead",
            "您符合重度护理补贴的条件，此前取消资格有误；以往的补贴已经补发。",
            comment=_NOT_IN_THE_ARTICLE,
        ),
        step("xiaoshan", "archive", 2),
    ),
)  # fmt: skip


def _untouched(key: str, login: str, person: str, title: str, text: str, after_hours: float) -> Story:
    """Registered at a village, and then nobody does anything: the case climbs by itself."""
    return Story(
        key=f"xiaoshan-{key}",
        tenant=XIAOSHAN,
        login=login,
        after_hours=after_hours,
        registration={
            "channel": "visit",
            "kind": "coordination",
            "case_type": "complex",
            "title": f"{INVENTED}{title}",
            "description": f"{text}（演示虚构：登记以后没有人办理，看它自己上报到镇、到区。）",
            "person": {"name": person, "phone": f"000-{1000 + int(after_hours):04d}"},
        },
    )


STORIES = (
    HOUSING_CHECK,
    CARE_ALLOWANCE,
    _untouched("well", "qingshi", "钱某", "山塘改造后水井干了", "问过两个部门，都说不归自己管。", 0),
    _untouched("lamp", "yunqiao", "孙某", "村口路灯一年没有亮", "村里、施工单位、供电各说各的。", 0),
    _untouched("lift", "baiyang", "李某", "加装电梯卡在管线迁移", "全单元已签字，管线迁移没有部门接。", 4),
    _untouched("deed", "qingshi", "郑某", "老房翻建证明开不出来", "翻建要一份历史证明，档案几家都找不到。", 12),
    _untouched("bus", "yunqiao", "王某", "校车站点过不了审批", "家长要求增设校车站点，三个部门互为前置。", 24),
    _untouched("stall", "tangtou", "冯某", "早餐点换址办不下许可", "原许可注销不了，新的也办不下来。", 36),
)  # fmt: skip
