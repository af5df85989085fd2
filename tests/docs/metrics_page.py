"""docs/metrics.md: every figure that a service gives to Prometheus, and what is normal.

Owns the page. The figures themselves are `bancheng.runtime.metrics`.
"""

from __future__ import annotations

from bancheng.runtime.metrics import METRICS

HEAD = """\
# Metrics · 指标

Written by `make docs` from `shared/bancheng/runtime/metrics.py`; a test fails when this page is stale.

`GET /metrics` of each service, in Prometheus' text form, beside the process's own figures (`process_*`). No label
names a person, a case or a member of staff. Link figures are those of a moment ago (2 s, longer with many links), and
are given by the process that runs the links; another one gives what the database says of them.

Alert rules, an example for Prometheus and a Grafana dashboard for each tier are in `deploy/observability/`;
[ops/alerts.md](ops/alerts.md) says what each alert means and what to do.

| Metric | Kind | Labels | What it says | Normal |
|---|---|---|---|---|
"""


def render() -> str:
    """The whole page."""
    rows = (
        f"| `{each.name}` | {each.kind} | {', '.join(f'`{label}`' for label in each.labels)} "
        f"| {each.means} | {each.normal} |\n"
        for each in METRICS.values()
    )
    return HEAD + "".join(rows)
