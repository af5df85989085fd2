"""The words of `status` for a terminal, in Chinese and English.

Owns the layout of one screen. What is gathered is status.py's; a figure that needs somebody is marked and told at the
end.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal
from zoneinfo import ZoneInfo

from bancheng.runtime.status import LinkFigures, Status, TenantStatus

Language = Literal["zh", "en"]

_GIBIBYTE: Final = 1 << 30
_BEIJING: Final = ZoneInfo("Asia/Shanghai")
_MARK: Final = "!"

_ZH: Final = {
    "database": "数据库", "usable": "可用", "clock": "时钟", "real": "实时", "driven": "由文件驱动",
    "certificate": "证书",
    "days": "还有 {} 天", "no_certificate": "本服务没有自己的证书", "disk": "磁盘",
    "free": "{} 剩余 {:.1f} GiB（{:.0%}）",
    "documents": "名录 {}  规则 {}  日历 {}", "cases": "事项", "open": "在办 {}  超期 {}", "oldest": "最早到期 {}",
    "late": "到期未处理 {}", "link": "链路 {}", "waits": "未签收 {} 帧 {}", "deferred": "等待办理 {} 帧",
    "heard": "{} 前听到对方", "unheard": "还没有听到过对方", "papers": "附件",
    "missing": "未到 {}", "no_tenant": "没有站点文件", "well": "本机没有要处理的。此刻和上下级连得上吗：执行 check",
    "needs": "需要处理", "not_here": "未启用",
    "link.open": "未停", "link.stopped": "已停", "link.starting": "启动中", "link.waiting": "等待中",
    "status.certificate": "证书三天内到期或已到期：换发，见 docs/ops/alerts.md", "status.disk": "磁盘将满：腾出空间",
    "status.clocks": "到期的时限没有处理：服务在运行吗？看日志中的 deadlines",
    "status.link_stopped": "链路停了：见 docs/ops/link-stopped.md",
    "status.unheard": "超过十分钟没有听到对方，或从未听到：本机服务在运行吗？执行 check，见 docs/ops/lost-link.md",
    "status.unreceipted": "听得到对方，却超过十分钟没有签收：看对方的 status 和日志",
    "else": "执行 check，它会说明怎么办",
}  # fmt: skip
_EN: Final = {
    "database": "database", "usable": "usable", "clock": "clock", "real": "real time", "driven": "driven by a file",
    "certificate": "certificate", "days": "{} days left", "no_certificate": "this service has none of its own",
    "disk": "disk", "free": "{} {:.1f} GiB free ({:.0%})", "documents": "directory {}  profiles {}  calendar {}",
    "cases": "cases", "open": "open {}  overdue {}", "oldest": "first due {}", "late": "clocks not met for {}",
    "link": "link {}", "waits": "{} frames without receipt {}", "deferred": "{} frames deferred",
    "heard": "heard {} ago", "unheard": "never heard", "papers": "papers",
    "missing": "{} not here yet", "no_tenant": "no site file",
    "well": "nothing here needs somebody; whether the neighbours are reached this minute, check says",
    "needs": "needs somebody",
    "not_here": "not in use", "link.open": "open", "link.stopped": "STOPPED", "link.starting": "starting",
    "link.waiting": "waiting",
    "status.certificate": "the certificate ends within three days or has ended: renew it, see docs/ops/alerts.md",
    "status.disk": "the disk is about to be full: make room",
    "status.clocks": "clocks that are over are not met: does the service run? look for `deadlines` in its log",
    "status.link_stopped": "the link has stopped: see docs/ops/link-stopped.md",
    "status.unheard": "the peer was not heard for more than ten minutes, or never: does the service here run? "
    "run check, see docs/ops/lost-link.md",
    "status.unreceipted": "the peer is heard, and signed for nothing in more than ten minutes: see its status and log",
    "else": "run check, which says what to do",
}  # fmt: skip
WORDS: Final[dict[Language, dict[str, str]]] = {"zh": _ZH, "en": _EN}


def screen(now: Status, language: Language) -> str:
    """The whole screen, without a line end."""
    words = WORDS[language]
    lines = [f"bancheng-{now.service} {now.version}    {_when(now.at)}", ""]
    release = f"PostgreSQL {now.postgres // 10_000}.{now.postgres % 10_000}" if now.postgres else ""
    lines.append(_line(words["database"], f"{now.database or words['usable']}  {release}", marked=bool(now.database)))
    lines.append(_line(words["clock"], f"{words['real' if now.is_real_time else 'driven']}  {_when(now.domain_at)}"))
    days = now.certificate_days
    said = words["no_certificate"] if days is None else words["days"].format(days)
    lines.append(_line(words["certificate"], said, marked="status.certificate" in now.needs))
    for each in now.disks:
        said = words["free"].format(each.folder, each.free_bytes / _GIBIBYTE, each.free_bytes / each.size_bytes)
        lines.append(_line(words["disk"], said, marked=f"status.disk {each.folder}" in now.needs))
    for tenant in now.tenants:
        lines += ["", *_tenant(tenant, words, now)]
    if not now.tenants:
        lines += ["", words["no_tenant"]]
    lines += ["", words["needs"] if now.needs else words["well"]]
    lines += [f"{_MARK} {each}\n    {words.get(each.split(' ')[0], words['else'])}" for each in now.needs]
    return "\n".join(lines)


def _tenant(tenant: TenantStatus, words: dict[str, str], now: Status) -> list[str]:
    where = f"{tenant.tenant}/{tenant.site}"
    if tenant.problem:
        return [f"{_MARK} {where}  {words['not_here']}: {tenant.problem}"]
    editions = ",".join(str(each) for each in tenant.profiles)
    cases = words["open"].format(tenant.cases.opened, tenant.cases.overdue)
    if tenant.cases.oldest_due_at is not None:
        cases += "  " + words["oldest"].format(_when(tenant.cases.oldest_due_at))
    if tenant.late_seconds > 0:
        cases += "  " + words["late"].format(_lasting(tenant.late_seconds))
    papers = words["missing"].format(tenant.papers_waiting)
    return [
        f"  {where}  {words['documents'].format(tenant.directory, editions, tenant.calendar)}",
        _line(words["cases"], cases, marked=f"status.clocks {where}" in now.needs),
        *(
            _line(words["link"].format(link.peer), _link(link, words, now), marked=_is_bad(link, now.needs))
            for link in tenant.links
        ),
        _line(words["papers"], papers),
    ]  # fmt: skip


def _is_bad(link: LinkFigures, needs: tuple[str, ...]) -> bool:
    return any(each.startswith(("status.link", "status.un")) and each.endswith(f" {link.peer}") for each in needs)


def _link(link: LinkFigures, words: dict[str, str], now: Status) -> str:
    state = words.get(f"link.{link.state}", link.state) + (f" {link.reason}" if link.reason else "")
    waits = words["waits"].format(link.unreceipted_frames, _lasting(link.unreceipted_seconds))
    heard = words["unheard"]
    if link.heard_at is not None:
        heard = words["heard"].format(_lasting(max(0.0, (now.at - link.heard_at).total_seconds())))
    return f"{state}  {heard}  {waits}  {words['deferred'].format(link.deferred_frames)}"


def _line(name: str, said: str, *, marked: bool = False) -> str:
    """A Chinese sign is two columns wide."""
    width = sum(2 if ord(sign) > 0x2E7F else 1 for sign in name)
    return f"{_MARK if marked else ' '} {name}{' ' * max(1, 18 - width)}{said.rstrip()}"


def _when(instant: datetime) -> str:
    return f"{instant.astimezone(_BEIJING):%Y-%m-%d %H:%M}"


def _lasting(seconds: float) -> str:
    """In the largest unit that fits."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
