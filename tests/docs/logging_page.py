"""docs/logging.md: what a log line and a span may say.

Owns the page. The allow-lists are `bancheng.runtime.logging` and `bancheng.runtime.tracing`.
"""

from __future__ import annotations

from bancheng.runtime.logging import FIELDS
from bancheng.runtime.tracing import FACTS

HEAD = """\
# Logs and traces · 日志与链路追踪

Written by `make docs` from `shared/bancheng/runtime/logging.py` and `tracing.py`; a test fails when this page is stale.

## Logs · 日志
One JSON object a line on standard error (`BANCHENG_LOG_FORMAT=console`: for people). A message is written as its
template, without what was filled in; an exception by its type, its stable code and where it was raised, never by its
words. A field that is not in this table is left out, whoever logs it, so no line names a person, a member of staff, or
what a case is about; a test takes a case through three sites and looks for its words in everything they wrote.

每行一个 JSON 对象，只写下表所列字段，不含当事人、工作人员和事项内容。

| Field | What it says |
|---|---|
| `at` | When, in UTC. |
| `level` | `debug`, `info`, `warning`, `error`. |
| `logger` | Which module. |
| `event` | What happened, as a template. |
| `exception` | Type, `code` and places of an error and its causes. |
"""

TRACES = """
## Traces · 链路追踪
Where `BANCHENG_TRACES_URL` names a collector of OTLP over HTTP, each step of a case is a span: the HTTP request, the
command, `append`, `relay`, `intake`. All tiers' spans of a case are in one trace, which follows from the case
([why](adr/0055-traces-of-a-case.md)):

    bancheng trace TENANT CASE-ID

A span says its service, its name and, of these, what applies; nothing else.

设置了 `BANCHENG_TRACES_URL` 时，同一事项在村、镇、县三级的每一步都在同一条追踪里；上面的命令由事项编号算出追踪编号。

With `OTEL_TRACES_SAMPLER=traceidratio` and `OTEL_TRACES_SAMPLER_ARG=0.1` a tenth of the cases is traced, the same
ones at every tier.
设这两个变量只跟踪十分之一的事项，各级跟踪的是同样那些。

| Attribute | What it says |
|---|---|
"""


def render() -> str:
    """The whole page."""
    fields = "".join(f"| `{name}` | {said} |\n" for name, said in FIELDS.items())
    facts = "".join(f"| `{name}` | {said} |\n" for name, said in FACTS.items())
    return HEAD + fields + TRACES + facts
