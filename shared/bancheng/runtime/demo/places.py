"""The two counties of the demo: their sites, windows and staff.

Owns what they are called. 萧山's district, 瓜沥镇 and 塘头社区 are where the article's stories happened; every other
place, every code below the county and every name of a member of staff is invented, and says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bancheng.kernel.calendar import Calendar
from bancheng.profiles.loader import shipped_profile
from bancheng.runtime.provisioning import SiteSpec, TenantSpec
from bancheng.schema.documents import UnitEntry

XIAOSHAN, PANAN = "330109", "330727"
GUALI, TANGTOU, YUNQIAO = "330109901", "330109901201", "330109901202"
NANPU, QINGSHI, BAIYANG = "330109902", "330109902201", "330109902202"
ANSHAN, XIYUAN = "330727901", "330727902"
XIAOSHAN_DEPARTMENT, PANAN_DEPARTMENT = "330109801", "330727801"
PASSWORD = "demo-password"  # noqa: S105 - everybody may know it: it is printed when the demo starts
SERVICES = ("county", "town", "village")
"""One process each; each hosts the site of that name of every tenant that has it."""
SITES = {XIAOSHAN: SERVICES, PANAN: ("county", "town")}
_ABOVE = {"county": None, "town": "county", "village": "town"}


@dataclass(frozen=True, kw_only=True)
class Account:
    """A member of staff; `site` is also the service where the account is good."""

    tenant: str
    site: str
    login: str
    name: str
    unit: str
    roles: tuple[str, ...]


def _window(code: str, name: str, site: str, parent: str | None) -> UnitEntry:
    return UnitEntry(code=code, name=name, tier=site, site=site, parent=parent)


def _department(code: str, name: str, parent: str) -> UnitEntry:
    return UnitEntry(code=code, name=name, tier="county", site="county", parent=parent, is_window=False)


UNITS = {
    XIAOSHAN: (
        _window(XIAOSHAN, "萧山区政务服务中心“办不成事”反映窗口", "county", None),
        _window(GUALI, "瓜沥镇便民服务中心窗口", "town", XIAOSHAN),
        _window(NANPU, "南浦镇便民服务中心窗口（虚构）", "town", XIAOSHAN),
        _window(TANGTOU, "塘头社区便民服务站", "village", GUALI),
        _window(YUNQIAO, "云桥村便民服务站（虚构）", "village", GUALI),
        _window(QINGSHI, "青石村便民服务站（虚构）", "village", NANPU),
        _window(BAIYANG, "白杨社区便民服务站（虚构）", "village", NANPU),
        _department(XIAOSHAN_DEPARTMENT, "区房屋安全管理部门（虚构）", XIAOSHAN),
    ),
    PANAN: (
        _window(PANAN, "磐安县365行政服务中心“难事”办理专窗", "county", None),
        _window(ANSHAN, "安山镇“难事”办理分窗口（虚构）", "town", PANAN),
        _window(XIYUAN, "溪源乡“难事”办理分窗口（虚构）", "town", PANAN),
        _department(PANAN_DEPARTMENT, "县林业部门（虚构）", PANAN),
    ),
}


def _staff(tenant: str, site: str, unit: str, login: str, name: str, *roles: str) -> Account:
    return Account(tenant=tenant, site=site, login=login, name=f"{name}（演示）", unit=unit, roles=roles)


ACCOUNTS = (
    _staff(XIAOSHAN, "county", XIAOSHAN, "xiaoshan", "林一帆", "clerk"),
    _staff(XIAOSHAN, "county", XIAOSHAN, "xiaoshan-lead", "沈知秋", "coordinator"),
    _staff(XIAOSHAN, "county", XIAOSHAN, "xiaoshan-supervisor", "高远", "supervisor"),
    _staff(XIAOSHAN, "county", XIAOSHAN, "xiaoshan-admin", "秦霜降", "administrator"),
    _staff(XIAOSHAN, "county", XIAOSHAN_DEPARTMENT, "xiaoshan-department", "苏小暑", "department_officer"),
    _staff(XIAOSHAN, "town", GUALI, "guali", "许小满", "clerk"),
    _staff(XIAOSHAN, "town", GUALI, "guali-lead", "陆青", "duty_leader"),
    _staff(XIAOSHAN, "town", GUALI, "guali-supervisor", "韩立冬", "supervisor"),
    _staff(XIAOSHAN, "town", NANPU, "nanpu", "何谷雨", "clerk"),
    _staff(XIAOSHAN, "town", NANPU, "nanpu-lead", "方白露", "duty_leader"),
    _staff(XIAOSHAN, "village", TANGTOU, "tangtou", "吴春分", "clerk"),
    _staff(XIAOSHAN, "village", TANGTOU, "tangtou-lead", "邵芒种", "duty_leader"),
    _staff(XIAOSHAN, "village", YUNQIAO, "yunqiao", "丁小雪", "clerk"),
    _staff(XIAOSHAN, "village", QINGSHI, "qingshi", "罗清明", "clerk"),
    _staff(XIAOSHAN, "village", QINGSHI, "qingshi-lead", "骆白露", "duty_leader"),
    _staff(XIAOSHAN, "village", BAIYANG, "baiyang", "江夏至", "clerk"),
    _staff(PANAN, "county", PANAN, "panan", "章立秋", "clerk"),
    _staff(PANAN, "county", PANAN, "panan-lead", "施寒露", "coordinator"),
    _staff(PANAN, "county", PANAN, "panan-supervisor", "宋大寒", "supervisor"),
    _staff(PANAN, "county", PANAN, "panan-admin", "袁立冬", "administrator"),
    _staff(PANAN, "county", PANAN_DEPARTMENT, "panan-department", "葛芒种", "department_officer"),
    _staff(PANAN, "town", ANSHAN, "anshan", "曹惊蛰", "clerk"),
    _staff(PANAN, "town", ANSHAN, "anshan-lead", "严处暑", "duty_leader"),
    _staff(PANAN, "town", XIYUAN, "xiyuan", "孔立夏", "clerk"),
)


def tenant_spec(tenant: str, *, hub_url: str, calendar: Calendar, founded_at: datetime) -> TenantSpec:
    """What a tenant begins with; one nats-server holds all mailboxes."""
    sites = SITES[tenant]
    parents = {_ABOVE[site] for site in sites}
    return TenantSpec(
        tenant=tenant,
        sites=tuple(
            SiteSpec(site=site, tier=site, parent=_ABOVE[site], hub_url=hub_url if site in parents else "")
            for site in sites
        ),
        units=UNITS[tenant],
        profile=shipped_profile(tenant),
        calendar=calendar,
        effective_on=calendar.local_day(founded_at),
        founded_at=founded_at,
    )
