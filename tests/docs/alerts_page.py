"""docs/ops/alerts.md: every alert, what it means and what to do, from deploy/observability/rules.yaml.

Owns the page. The rules themselves are that file's.
"""

from __future__ import annotations

from tests.observability.files import Rule, groups

HEAD = """\
# 告警 · Alerts

Written by `make docs` from `deploy/observability/rules.yaml`; a test fails when this page is stale.

把 `rules.yaml` 和 `prometheus.example.yaml` 交给 Prometheus，
把 `village.json`、`town.json`、`county.json` 导入 Grafana。
“立即”指马上处理，“当天”指当天处理。`bancheng-<级>` 是 `bancheng-village`、`bancheng-town` 或 `bancheng-county`。
指标的含义和正常值见 [metrics.md](../metrics.md)，代码见 [errors.md](../errors.md)，
链路停了见 [link-stopped.md](link-stopped.md)。

Give `rules.yaml` and `prometheus.example.yaml` to Prometheus, and import `village.json`, `town.json` or `county.json`
into Grafana. Critical: act now; warning: act today. `bancheng-<tier>` is the service's command. What each figure is and
what is normal: [metrics.md](../metrics.md); codes: [errors.md](../errors.md); a stopped link:
[link-stopped.md](link-stopped.md).
"""
SEVERITIES = {"critical": "立即 · critical", "warning": "当天 · warning"}


def render() -> str:
    """The whole page."""
    return HEAD + "".join(_section(rule) for group in groups() for rule in group.rules)


def _section(rule: Rule) -> str:
    said = rule.annotations
    held = f"，持续 · for {rule.holds_for}" if rule.holds_for != "0s" else ""
    return f"""
## {rule.alert}
{SEVERITIES[rule.labels["severity"]]}{held}

**{_plain(said["summary"])}。** {said["todo"]}

**{_plain(said["summary_en"])}.** {said["todo_en"]}

    {rule.expr.strip()}
"""


def _plain(text: str) -> str:
    """A template's `{{ $labels.peer }}`, as a reader of the page sees it."""
    return text.replace("{{ $labels.", "<").replace(" }}", ">")
