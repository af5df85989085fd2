"""deploy/observability/<tier>.json: a Grafana dashboard for each tier, of ordinary panels.

Owns which panels a tier's operator sees and what they ask. What a figure means is `bancheng.runtime.metrics`.
Prometheus scrapes each tier as the job `bancheng-<tier>`, as the example beside the dashboards does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, Literal

import msgspec

Unit = Literal["short", "s", "bytes", "reqps", "percentunit", "d"]

WIDTH: Final = 24
SOURCE: Final = {"type": "prometheus", "uid": "${source}"}
RED, YELLOW, GREEN = "red", "orange", "green"


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """`asked`: expressions, each with its legend; `$who` is put in. `steps`: a value, and the colour from it on.

    `width` of 24, `height` in rows of 30 pixels.
    """

    title: str
    asked: tuple[tuple[str, str], ...]
    kind: Literal["stat", "timeseries", "table"] = "timeseries"
    unit: Unit = "short"
    steps: tuple[tuple[float | None, str], ...] = ((None, GREEN),)
    words: tuple[tuple[float, str, str], ...] = ()
    """Values that are shown as a word, with its colour."""
    width: int = 8
    height: int = 7


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Panels under a heading."""

    title: str
    panels: tuple[Panel, ...]


YES_NO: Final = ((1.0, "正常 · well", GREEN), (0.0, "故障 · trouble", RED))
RATE: Final = "sum by (status) (rate(bancheng_http_request_seconds_count{$who}[5m]))"
P95: Final = "histogram_quantile(0.95, sum by (le, route) (rate(bancheng_http_request_seconds_bucket{$who}[5m])))"
DAYS_LEFT: Final = "(bancheng_certificate_expires_seconds{$who} - time()) / 86400"
LATE: Final = ((None, GREEN), (60, YELLOW), (300, RED))
SILENT: Final = ((None, GREEN), (60, YELLOW), (600, RED))
DEAF: Final = ((None, GREEN), (180, YELLOW), (600, RED))
ROOM: Final = ((None, RED), (0.03, YELLOW), (0.1, GREEN))


def _stat(title: str, asked: str, legend: str = "{{instance}}", **more: Any) -> Panel:
    given: dict[str, Any] = {"width": 4, "height": 4, **more}
    return Panel(title=title, asked=((asked, legend),), kind="stat", **given)


def _state() -> Row:
    return Row(
        title="现在 · Now",
        panels=(
            _stat("服务 · Service", "up{$who}", words=YES_NO),
            _stat("数据库 · Database", "bancheng_database_usable{$who}", words=YES_NO),
            _stat(
                "未启用的站点 · Sites waiting",
                'sum(bancheng_sites{$who, state="waiting"})',
                "",
                steps=((None, GREEN), (1, RED)),
            ),
            _stat(
                "证书剩余天数 · Certificate, days left",
                DAYS_LEFT,
                unit="d",
                steps=((None, RED), (3, YELLOW), (30, GREEN)),
            ),
            _stat(
                "磁盘剩余 · Disk free",
                "bancheng_disk_free_bytes{$who} / bancheng_disk_size_bytes{$who}",
                "{{folder}}",
                unit="percentunit",
                steps=ROOM,
            ),
            _stat("版本 · Release", "bancheng_build_info{$who}", "{{version}}"),
        ),
    )


def _clocks() -> Row:
    return Row(
        title="时限 · Clocks",
        panels=(
            Panel(
                title="到期未处理的最长时间 · Oldest clock not met",
                asked=(("max by (tenant) (bancheng_sweep_oldest_due_seconds{$who})", "{{tenant}}"),),
                unit="s",
                steps=LATE,
            ),
            Panel(
                title="每秒处理的到期事项 · Cases met by a clock",
                asked=(("sum by (result) (rate(bancheng_sweep_cases_total{$who}[5m]))", "{{result}}"),),
            ),
            Panel(
                title="故障的后台任务 · Workers in trouble",
                asked=(("bancheng_worker_trouble{$who} == 1", "{{tenant}} {{worker}}"),),
                steps=((None, RED),),
            ),
        ),
    )


def _requests() -> Row:
    return Row(
        title="请求 · Requests",
        panels=(
            Panel(title="每秒请求（按状态）· Requests, by status", asked=((RATE, "{{status}}"),), unit="reqps"),
            Panel(title="九成五的请求快于 · 95th percentile, by route", asked=((P95, "{{route}}"),), unit="s"),
            Panel(
                title="正在处理与被拒 · Under way and refused",
                asked=(
                    ("sum(bancheng_http_requests_under_way{$who})", "正在处理 · under way"),
                    ("sum(rate(bancheng_http_requests_refused_total{$who}[5m]))", "每秒被拒 · refused each second"),
                ),
            ),
        ),
    )


def _process() -> Row:
    return Row(
        title="进程与数据库 · Process and database",
        panels=(
            Panel(
                title="内存 · Memory",
                asked=(("process_resident_memory_bytes{$who}", "{{instance}}"),),
                unit="bytes",
            ),
            Panel(
                title="处理器 · Processor",
                asked=(("rate(process_cpu_seconds_total{$who}[5m])", "{{instance}}"),),
                unit="percentunit",
            ),
            Panel(
                title="数据库连接 · Database connections",
                asked=(("sum by (state) (bancheng_database_connections{$who})", "{{state}}"),),
            ),
        ),
    )


def _papers() -> tuple[Panel, ...]:
    return (
        Panel(
            title="未到的附件 · Papers waiting",
            asked=(("max by (tenant) (bancheng_papers_waiting{$who})", "{{tenant}}"),),
        ),
        Panel(
            title="最久未到的附件 · Oldest paper waiting",
            asked=(("max by (tenant) (bancheng_papers_waiting_age_seconds{$who})", "{{tenant}}"),),
            unit="s",
        ),
    )


RECEIPTED: Final = "max by (tenant, peer) (bancheng_link_frames_receipted{$who})"
BEHIND: Final = f"max by (tenant, peer) (bancheng_link_frames_out{{$who}}) - {RECEIPTED}"
AGE: Final = "max by (tenant, peer) (bancheng_link_unreceipted_age_seconds{$who})"
UNHEARD: Final = "max by (tenant, peer) (bancheng_link_unheard_age_seconds{$who})"
STATES: Final = "count by (state) (bancheng_link_state{$who} == 1)"
DEFERRED: Final = "max by (tenant, peer) (bancheng_link_exceptions{$who})"


def _the_one_link() -> Row:
    """A village has one neighbour: is it there, and what waits for it."""
    return Row(
        title="与上级的链路 · The link upward",
        panels=(
            _stat("连接 · Connection", "max(bancheng_link_connected{$who})", "", words=YES_NO, width=8, height=7),
            Panel(title="多久没有听到 · Since it was heard", asked=((UNHEARD, "{{peer}}"),), unit="s", steps=DEAF),
            Panel(title="最久未签收 · Oldest without receipt", asked=((AGE, "{{peer}}"),), unit="s", steps=SILENT),
            Panel(title="未签收的帧 · Frames without receipt", asked=((BEHIND, "{{peer}}"),)),
            *_papers(),
            Panel(title="等待办理的来帧 · Frames deferred", asked=((DEFERRED, "{{peer}}"),)),
        ),
    )


def _links(at_most: int) -> Row:
    """Many neighbours: those in the worst state, and how many are in which."""

    def worst(asked: str) -> str:
        return f"topk({at_most}, {asked})"

    peer = "{{tenant}} {{peer}}"
    return Row(
        title="链路 · Links",
        panels=(
            Panel(title="链路数（按状态）· Links, by state", asked=((STATES, "{{state}}"),)),
            Panel(title="多久没有听到 · Since it was heard", asked=((worst(UNHEARD), peer),), unit="s", steps=DEAF),
            Panel(title="最久未签收 · Oldest without receipt", asked=((worst(AGE), peer),), unit="s", steps=SILENT),
            Panel(title="未签收的帧 · Frames without receipt", asked=((worst(BEHIND), peer),)),
            Panel(
                title="停了的链路 · Links that stopped",
                asked=(('bancheng_link_state{$who, state="stopped"} == 1', peer),),
                kind="table",
            ),
            Panel(title="等待办理的来帧 · Frames deferred", asked=((worst(DEFERRED), peer),)),
            Panel(
                title="每秒收发 · Frames each second",
                asked=(
                    ("sum(rate(bancheng_link_frames_out{$who}[5m]))", "发出 · out"),
                    ("sum(rate(bancheng_link_frames_in{$who}[5m]))", "收到 · in"),
                ),
            ),
            *_papers(),
        ),
    )


TITLES: Final = {"village": "办成 村社 · Bancheng village", "town": "办成 镇街 · Bancheng town"} | {
    "county": "办成 区县 · Bancheng county"
}
ROWS: Final[dict[str, tuple[Row, ...]]] = {
    "village": (_state(), _the_one_link(), _clocks(), _requests(), _process()),
    "town": (_state(), _links(10), _clocks(), _requests(), _process()),
    "county": (_state(), _links(20), _clocks(), _requests(), _process()),
}


def of_tier(tier: str) -> Callable[[], str]:
    """What writes the dashboard of a tier."""
    return lambda: msgspec.json.format(msgspec.json.encode(dashboard(tier)), indent=2).decode() + "\n"


def dashboard(tier: str) -> dict[str, Any]:
    """As Grafana imports it."""
    return {
        "uid": f"bancheng-{tier}",
        "title": TITLES[tier],
        "tags": ["bancheng"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "templating": {
            "list": [
                {"name": "source", "label": "数据源 · Source", "type": "datasource", "query": "prometheus"},
                _choice("instance", "主机 · Instance", f'label_values(up{{job="bancheng-{tier}"}}, instance)'),
            ]
        },
        "annotations": {"list": []},
        "panels": list(_laid_out(ROWS[tier], f'job="bancheng-{tier}", instance=~"$instance"')),
    }


def _choice(name: str, label: str, asked: str) -> dict[str, Any]:
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": asked, "refId": name},
        "refresh": 2,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }


def _laid_out(rows: Iterable[Row], who: str) -> Iterable[dict[str, Any]]:
    """From left to right, then below."""
    number, down = 0, 0
    for row in rows:
        number += 1
        place = {"x": 0, "y": down, "w": WIDTH, "h": 1}
        yield {"id": number, "type": "row", "title": row.title, "collapsed": False, "gridPos": place, "panels": []}
        down += 1
        across, tallest = 0, 0
        for panel in row.panels:
            if across + panel.width > WIDTH:
                across, down, tallest = 0, down + tallest, 0
            number += 1
            place = {"x": across, "y": down, "w": panel.width, "h": panel.height}
            yield _panel(panel, number, place, who)
            across, tallest = across + panel.width, max(tallest, panel.height)
        down += tallest


def _panel(panel: Panel, number: int, place: dict[str, int], who: str) -> dict[str, Any]:
    steps = [{"value": value, "color": colour} for value, colour in panel.steps]
    words = {str(int(value)): {"text": text, "color": colour} for value, text, colour in panel.words}
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "datasource": SOURCE,
        "gridPos": place,
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "datasource": SOURCE,
                "expr": asked.replace("$who", who),
                "legendFormat": legend,
                "instant": panel.kind == "table",
                "range": panel.kind != "table",
                "format": "table" if panel.kind == "table" else "time_series",
            }
            for index, (asked, legend) in enumerate(panel.asked)
        ],
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "thresholds": {"mode": "absolute", "steps": steps},
                "mappings": [{"type": "value", "options": words}] if words else [],
            },
            "overrides": [],
        },
        "options": _OPTIONS[panel.kind] | ({"textMode": "name"} if "{{version}}" in panel.asked[0][1] else {}),
    }


_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "stat": {"colorMode": "background", "graphMode": "none", "reduceOptions": {"calcs": ["lastNotNull"]}},
    "timeseries": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
    "table": {"showHeader": True},
}
