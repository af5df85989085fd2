"""What the demo says when it is ready: addresses, accounts, the time, and a first case in five calls.

Owns the words. The calls are printed with this run's own addresses, so that they can be pasted as they are.
"""

from __future__ import annotations

from datetime import datetime

from bancheng.profiles.loader import shipped_profile
from bancheng.runtime.demo.foundation import Foundation
from bancheng.runtime.demo.options import Options
from bancheng.runtime.demo.places import ACCOUNTS, PASSWORD, SERVICES, UNITS, XIAOSHAN
from bancheng.runtime.demo.telling import say
from bancheng.runtime.local_process import LOOPBACK

_NAMES = {"county": "县区 county", "town": "镇街 town", "village": "村社 village"}


def welcome(foundation: Foundation, options: Options, now: datetime, seconds: float) -> None:
    """Everything somebody needs who sees this for the first time."""
    urls = {name: f"http://{LOOPBACK}:{options.first_port + offset}" for offset, name in enumerate(SERVICES)}
    local = foundation.calendar.local(now)
    say(f"就绪，用了 {seconds:.1f} 秒 · ready after {seconds:.1f} s")
    say()
    say("地址 · addresses")
    for name, url in urls.items():
        say(f"  {_NAMES[name]:<14}{url}/")
    say()
    say(f"账号 · accounts（密码都是 {PASSWORD}，只供演示 · all with this password, for the demo only）")
    for tenant, units in UNITS.items():
        names = {unit.code: unit.name for unit in units}
        for each in (account for account in ACCOUNTS if account.tenant == tenant):
            say(f"  {tenant}  {each.site:<8}{each.login:<21}{names[each.unit]} {','.join(each.roles)}")
    say()
    say(f"时间 · time: {local:%Y-%m-%d %H:%M}，{options.day_seconds:g} 秒走完一个工作日，夜里和休息日跳过，停下就不走")
    say(f"  one working day takes {options.day_seconds:g} s; nights and days off are skipped; stopped, it stands still")
    days = _climb_days()
    minutes = days * options.day_seconds / 60
    say(f"  没人办的村级案件约 {days} 个工作日（{minutes:.1f} 分钟）后自己上报到区里")
    say(f"  a village case that nobody touches reaches the district by itself, about {days} working days later")
    say()
    say("第一个案件，五次调用 · a first case in five calls")
    for line in five_calls(urls["village"], urls["county"]):
        say(f"  {line}")
    say()
    say("Ctrl-C 停下一切，数据保留 · Ctrl-C stops everything and keeps the data")
    say()


def _climb_days() -> int:
    """From a village's registration to the district: what each tier below may keep it, and the day it began on."""
    below = shipped_profile(XIAOSHAN).tiers[1:]
    return sum(tier.hold_workdays or 0 for tier in below) + 1


def five_calls(village: str, county: str) -> tuple[str, ...]:
    """Sign in at a village, register; sign in at the county, and see the case with its history climb."""
    body = (
        '{"channel":"desk","kind":"coordination","case_type":"ordinary","title":"路灯不亮",'
        '"description":"问了三个部门","person":{"name":"张三"}}'
    )
    json, key = "-H 'Content-Type: application/json'", "-H 'Idempotency-Key: first-case'"
    register = f"curl -s {village}/api/v1/cases -H \"Authorization: Bearer $V\" {key} {json} -d '{body}'"
    return (
        f"V=$({_sign_in(village, 'qingshi')})",
        f"C=$({register} | {_picked('case_id')})",
        f"K=$({_sign_in(county, 'xiaoshan')})",
        f'curl -s {county}/api/v1/cases/$C -H "Authorization: Bearer $K"',
        f'curl -s {county}/api/v1/cases/$C/history -H "Authorization: Bearer $K"',
    )


def _sign_in(service: str, login: str) -> str:
    body = f'{{"tenant":"{XIAOSHAN}","login":"{login}","password":"{PASSWORD}"}}'
    return f"curl -s {service}/api/v1/tokens -H 'Content-Type: application/json' -d '{body}' | {_picked('token')}"


def _picked(field: str) -> str:
    return f'sed \'s/.*"{field}":"\\([^"]*\\)".*/\\1/\''
