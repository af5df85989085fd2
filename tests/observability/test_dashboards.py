"""The dashboards ask for figures that exist, by labels that these have, and Prometheus understands what they ask."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from bancheng.runtime.metrics import METRICS
from tests.observability.files import FOLDER, SUFFIXES, TIERS, figures_in, promtool

HAVE_LABELS = {"job", "instance", "le"}


def panels(tier: str) -> list[dict[str, Any]]:
    """Those that ask something."""
    read = msgspec.json.decode((FOLDER / f"{tier}.json").read_bytes())
    return [each for each in read["panels"] if each["type"] != "row"]


def asked(tier: str) -> list[str]:
    return [target["expr"] for panel in panels(tier) for target in panel["targets"]]


@pytest.mark.parametrize("tier", TIERS)
def test_every_figure_of_a_dashboard_exists_with_those_labels(tier: str) -> None:
    for expression in asked(tier):
        assert f'job="bancheng-{tier}"' in expression
        for name, labels in figures_in(expression):
            plain = next((name.removesuffix(end) for end in SUFFIXES if name.endswith(end)), name)
            metric = METRICS.get(name) or METRICS[plain]
            assert (metric.kind == "histogram") is (metric.name != name), expression
            assert labels <= {*metric.labels, *HAVE_LABELS}, expression


@pytest.mark.parametrize("tier", TIERS)
def test_what_has_an_alert_is_seen(tier: str) -> None:
    seen = {name for expression in asked(tier) for name, _ in figures_in(expression)}
    assert {each.name for each in METRICS.values() if "Alert when" in each.normal} <= seen


@pytest.mark.parametrize("tier", TIERS)
def test_panels_lie_beside_each_other_and_have_names_of_their_own(tier: str) -> None:
    read: dict[str, Any] = msgspec.json.decode((FOLDER / f"{tier}.json").read_bytes())
    assert len({panel["id"] for panel in read["panels"]}) == len(read["panels"])
    taken: set[tuple[int, int]] = set()
    for panel in read["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells


def test_prometheus_understands_everything_that_is_asked(tmp_path: Path) -> None:
    """As recording rules, since promtool of that age reads no expression by itself."""
    expressions = sorted({expression for tier in TIERS for expression in asked(tier)})
    rules = [{"record": f"asked:{number}", "expr": expression} for number, expression in enumerate(expressions)]
    file = tmp_path / "asked.yaml"
    file.write_bytes(msgspec.yaml.encode({"groups": [{"name": "asked", "rules": rules}]}))
    read = promtool("check", "rules", str(file))
    assert read.returncode == 0, read.stderr
