"""The alert rules: they name what exists, are explained, and each fires on a series made for it and not otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from bancheng.runtime.metrics import METRICS
from tests.observability.files import FOLDER, RULES, Rule, figures_in, promtool, rules

HAVE_LABELS = {"job", "instance"}
"""What Prometheus adds to each series."""
OF_PROMETHEUS = {"BanchengServiceDown"}
"""Alerts on a figure of Prometheus' own."""

WHERE = 'job="bancheng-town", instance="town:8443"'
LINK = f'{WHERE}, tenant="330109", peer="village"'
DAY = 86_400

# Of each alert: series on which it fires, and the same surroundings when all is well. Fifteen minutes of them.
MADE_UP: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "BanchengServiceDown": ({f"up{{{WHERE}}}": "0x20"}, {f"up{{{WHERE}}}": "1x20"}),
    "BanchengDatabaseUnusable": (
        {f"bancheng_database_usable{{{WHERE}}}": "0x20"},
        {f"bancheng_database_usable{{{WHERE}}}": "1x20"},
    ),
    "BanchengDatabaseConnectionsUsedUp": (
        {
            f'bancheng_database_connections{{{WHERE}, state="in_use"}}': "10x20",
            f'bancheng_database_connections{{{WHERE}, state="size"}}': "10x20",
        },
        {
            f'bancheng_database_connections{{{WHERE}, state="in_use"}}': "9x20",
            f'bancheng_database_connections{{{WHERE}, state="size"}}': "10x20",
        },
    ),
    "BanchengSiteWaiting": (
        {f'bancheng_sites{{{WHERE}, state="waiting"}}': "1x20"},
        {f'bancheng_sites{{{WHERE}, state="waiting"}}': "0x20", f'bancheng_sites{{{WHERE}, state="hosted"}}': "1x20"},
    ),
    "BanchengWorkerInTrouble": (
        {f'bancheng_worker_trouble{{{WHERE}, tenant="330109", worker="search"}}': "1x20"},
        {f'bancheng_worker_trouble{{{WHERE}, tenant="330109", worker="search"}}': "1 0x19"},
    ),
    "BanchengRequestsFailing": (
        {
            f'bancheng_http_request_seconds_count{{{WHERE}, status="503"}}': "0+2x20",
            f'bancheng_http_request_seconds_count{{{WHERE}, status="200"}}': "0+98x20",
        },
        {
            f'bancheng_http_request_seconds_count{{{WHERE}, status="503"}}': "0+1x20",
            f'bancheng_http_request_seconds_count{{{WHERE}, status="404"}}': "0+999x20",
        },
    ),
    "BanchengClocksNotSwept": (
        {f'bancheng_sweep_oldest_due_seconds{{{WHERE}, tenant="330109"}}': "301x20"},
        {f'bancheng_sweep_oldest_due_seconds{{{WHERE}, tenant="330109"}}': "300x20"},
    ),
    "BanchengSweepStuck": (
        {f'bancheng_sweep_cases_total{{{WHERE}, tenant="330109", result="stuck"}}': "0x5 1x14"},
        {f'bancheng_sweep_cases_total{{{WHERE}, tenant="330109", result="stuck"}}': "7x20"},
    ),
    "BanchengLinkStopped": (
        {f'bancheng_link_state{{{LINK}, state="stopped"}}': "1x20"},
        {f'bancheng_link_state{{{LINK}, state="open"}}': "1x20"},
    ),
    "BanchengLinkDown": (
        {
            f"bancheng_link_connected{{{LINK}}}": "0x20",
            f'bancheng_links_run_here{{{WHERE}, tenant="330109"}}': "1x20",
        },
        {
            f"bancheng_link_connected{{{LINK}}}": "0x20",
            f'bancheng_links_run_here{{{WHERE}, tenant="330109"}}': "0x20",
        },
    ),
    "BanchengPeerUnheard": (
        {f"bancheng_link_unheard_age_seconds{{{LINK}}}": "601x20"},
        {f"bancheng_link_unheard_age_seconds{{{LINK}}}": "600x20"},
    ),
    "BanchengFrameUnreceipted": (
        {f"bancheng_link_unreceipted_age_seconds{{{LINK}}}": "601x20"},
        {f"bancheng_link_unreceipted_age_seconds{{{LINK}}}": "600x20"},
    ),
    "BanchengFrameUnreceiptedForADay": (
        {f"bancheng_link_unreceipted_age_seconds{{{LINK}}}": f"{DAY + 1}x20"},
        {f"bancheng_link_unreceipted_age_seconds{{{LINK}}}": f"{DAY}x20"},
    ),
    "BanchengFramesDeferred": (
        {f"bancheng_link_exceptions{{{LINK}}}": "3x70"},
        {f"bancheng_link_exceptions{{{LINK}}}": "3x30 0x40"},
    ),
    "BanchengPapersLate": (
        {f'bancheng_papers_waiting_age_seconds{{{WHERE}, tenant="330109"}}': "3601x20"},
        {f'bancheng_papers_waiting_age_seconds{{{WHERE}, tenant="330109"}}': "3600x20"},
    ),
    "BanchengPaperCopiesRefused": (
        {f'bancheng_papers_copies_refused{{{WHERE}, tenant="330109"}}': "1x20"},
        {f'bancheng_papers_copies_refused{{{WHERE}, tenant="330109"}}': "0x20"},
    ),
    "BanchengDiskNearlyFull": (
        {
            f'bancheng_disk_free_bytes{{{WHERE}, folder="sites"}}': "9x20",
            f'bancheng_disk_size_bytes{{{WHERE}, folder="sites"}}': "100x20",
        },
        {
            f'bancheng_disk_free_bytes{{{WHERE}, folder="sites"}}': "11x20",
            f'bancheng_disk_size_bytes{{{WHERE}, folder="sites"}}': "100x20",
        },
    ),
    "BanchengDiskFull": (
        {
            f'bancheng_disk_free_bytes{{{WHERE}, folder="papers"}}': "2x20",
            f'bancheng_disk_size_bytes{{{WHERE}, folder="papers"}}': "100x20",
        },
        {
            f'bancheng_disk_free_bytes{{{WHERE}, folder="papers"}}': "4x20",
            f'bancheng_disk_size_bytes{{{WHERE}, folder="papers"}}': "100x20",
        },
    ),
    "BanchengCertificateEnding": (
        {f"bancheng_certificate_expires_seconds{{{WHERE}}}": f"{29 * DAY}x20"},
        {f"bancheng_certificate_expires_seconds{{{WHERE}}}": f"{31 * DAY}x20"},
    ),
    "BanchengCertificateEnded": (
        {f"bancheng_certificate_expires_seconds{{{WHERE}}}": f"{2 * DAY}x20"},
        {f"bancheng_certificate_expires_seconds{{{WHERE}}}": f"{4 * DAY}x20"},
    ),
}

ASKED_AFTER = {"BanchengFramesDeferred": "65m"}
"""Where a quarter of an hour is too short."""


def test_every_rule_asks_for_figures_that_exist_by_labels_that_they_have() -> None:
    for rule in rules():
        asked = figures_in(rule.expr)
        assert bool(asked) is (rule.alert not in OF_PROMETHEUS), rule.alert
        for name, labels in asked:
            metric = METRICS.get(name) or METRICS[name.removesuffix("_count")]
            assert labels <= {*metric.labels, *HAVE_LABELS}, rule.alert


def test_every_rule_says_in_two_languages_what_to_do_and_where_that_is_written() -> None:
    page = (FOLDER.parents[1] / "docs/ops/alerts.md").read_text(encoding="utf-8")
    for rule in rules():
        assert set(rule.annotations) == {"summary", "summary_en", "todo", "todo_en", "page"}, rule.alert
        assert rule.labels["severity"] in {"critical", "warning"}
        assert rule.annotations["page"] == f"docs/ops/alerts.md#{rule.alert.lower()}"
        assert f"\n## {rule.alert}\n" in page
        for language in ("todo", "todo_en"):
            assert rule.annotations[language] in page


def test_what_the_metrics_page_calls_alerting_has_a_rule() -> None:
    asked = {name for rule in rules() for name, _ in figures_in(rule.expr)}
    assert {each.name for each in METRICS.values() if "Alert when" in each.normal} <= asked


def test_there_is_a_made_up_series_for_each_rule() -> None:
    assert [rule.alert for rule in rules()] == list(MADE_UP)


def test_prometheus_reads_the_rules_and_the_example() -> None:
    read = promtool("check", "rules", str(RULES))
    assert read.returncode == 0, read.stderr
    read = promtool("check", "config", "--syntax-only", str(FOLDER / "prometheus.example.yaml"))
    assert read.returncode == 0, read.stderr


def test_each_alert_fires_on_its_own_trouble_and_not_without(tmp_path: Path) -> None:
    tried: list[dict[str, Any]] = []
    for rule in rules():
        firing, quiet = MADE_UP[rule.alert]
        tried += [_case(rule, firing, fires=True), _case(rule, quiet, fires=False)]
    file = tmp_path / "tried.yaml"
    file.write_bytes(msgspec.yaml.encode({"rule_files": [str(RULES)], "tests": tried}))
    done = promtool("test", "rules", str(file))
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()


def _case(rule: Rule, series: dict[str, str], *, fires: bool) -> dict[str, Any]:
    """One unit test of promtool's. Its alert bears the labels of the first series that the rule leaves on it."""
    expected: dict[str, Any] = {"eval_time": ASKED_AFTER.get(rule.alert, "15m"), "alertname": rule.alert}
    if fires:
        labels = _labels(next(iter(series)))
        for gone in ("status",) if "sum by" in rule.expr else ("state",) if "ignoring(state)" in rule.expr else ():
            del labels[gone]
        said = {name: _filled(text, labels) for name, text in rule.annotations.items()}
        expected["exp_alerts"] = [{"exp_labels": {**labels, **rule.labels}, "exp_annotations": said}]
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "alert_rule_test": [expected],
    }


def _labels(series: str) -> dict[str, str]:
    pairs = series.partition("{")[2].removesuffix("}").split(", ")
    return {name: value.strip('"') for name, _, value in (pair.partition("=") for pair in pairs)}


def _filled(text: str, labels: dict[str, str]) -> str:
    for name, value in labels.items():
        text = text.replace("{{ $labels." + name + " }}", value)
    assert "{{" not in text, text
    return text


def test_every_figure_says_what_is_normal() -> None:
    assert not [each.name for each in METRICS.values() if not each.normal or not each.means]
