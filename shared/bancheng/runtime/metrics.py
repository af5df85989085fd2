"""What a running service measures of itself, for Prometheus.

Owns names, labels and what is normal for each; docs/metrics.md is written from here. No label names a person, a case
or a member of staff. Must not know how a figure comes about.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

MetricKind = Literal["counter", "gauge", "histogram"]


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """One figure: what it says and what is normal."""

    name: str
    kind: MetricKind
    labels: tuple[str, ...] = ()
    means: str
    normal: str


METRICS: Final = {
    each.name: each
    for each in (
        Metric(
            name="bancheng_http_request_seconds", kind="histogram", labels=("method", "route", "status"),
            means="Duration of requests, by the route's pattern.",
            normal="p95 under 0.03 s for a registration, under 0.01 s for a list; 5xx none.",
        ),
        Metric(
            name="bancheng_http_requests_under_way", kind="gauge",
            means="Requests being answered now.", normal="Below `BANCHENG_REQUESTS_AT_ONCE`; near 0 at rest.",
        ),
        Metric(
            name="bancheng_http_requests_refused_total", kind="counter",
            means="Requests answered `api.busy` since too many were under way.", normal="0; short bursts heal.",
        ),
        Metric(
            name="bancheng_build_info", kind="gauge", labels=("service", "version"),
            means="1, with the release that runs.", normal="One release on every replica of a service.",
        ),
        Metric(
            name="bancheng_database_usable", kind="gauge",
            means="1 while PostgreSQL answers within 3 s, is migrated, and the role can bypass nothing.", normal="1.",
        ),
        Metric(
            name="bancheng_database_connections", kind="gauge", labels=("state",),
            means="Connections to PostgreSQL: `size` at most, `opened`, `in_use`.",
            normal="`in_use` below `size`; at `size` for long, requests queue.",
        ),
        Metric(
            name="bancheng_certificate_expires_seconds", kind="gauge",
            means="When the certificate of the pages ends, as a Unix instant; none without `BANCHENG_TLS_CERTIFICATE`.",
            normal="More than 30 days ahead. Alert when less.",
        ),
        Metric(
            name="bancheng_disk_free_bytes", kind="gauge", labels=("folder",),
            means="Room on the disk of the `sites` and of the `papers`, as far as they are on a disk of this host.",
            normal="More than a tenth of the size. A full disk stops PostgreSQL and NATS.",
        ),
        Metric(
            name="bancheng_disk_size_bytes", kind="gauge", labels=("folder",),
            means="Size of that disk.", normal="Constant.",
        ),
        Metric(
            name="bancheng_domain_time_seconds", kind="gauge",
            means="Domain time as a Unix instant.",
            normal="The machine's time, unless a clock file drives it; it never goes back.",
        ),
        Metric(
            name="bancheng_sites", kind="gauge", labels=("state",),
            means="Sites of this process: `hosted`, or `waiting` for database, documents or a correct file.",
            normal="`waiting` 0 a few seconds after the start.",
        ),
        Metric(
            name="bancheng_worker_trouble", kind="gauge", labels=("tenant", "worker"),
            means="1 while a worker's last try failed; the log and /readyz name the code.", normal="0.",
        ),
        Metric(
            name="bancheng_sweep_cases_total", kind="counter", labels=("tenant", "result"),
            means="Cases of which a clock wanted something: `found`, `changed`, `stuck` (the rules refused; put off).",
            normal="`stuck` does not grow.",
        ),
        Metric(
            name="bancheng_sweep_oldest_due_seconds", kind="gauge", labels=("tenant",),
            means="How long, in domain time, a clock of some case has been over without being met; 0 when none is.",
            normal="0, and back to 0 within seconds of a burst. Alert when over 300 s.",
        ),
        Metric(
            name="bancheng_dues_recomputed_total", kind="counter", labels=("tenant",),
            means="Cases looked at because a calendar arrived.", normal="Grows only after a new calendar.",
        ),
        Metric(
            name="bancheng_counter_deltas_folded_total", kind="counter", labels=("tenant",),
            means="Counter deltas folded.", normal="Follows the work done.",
        ),
        Metric(
            name="bancheng_cases_indexed_total", kind="counter", labels=("tenant",),
            means="Cases whose text was cut into pieces for the search.", normal="Follows registrations and arrivals.",
        ),
        Metric(
            name="bancheng_links_run_here", kind="gauge", labels=("tenant",),
            means="1 where this process runs the tenant's links, 0 where another replica does.",
            normal="1 in exactly one replica of a service.",
        ),
        Metric(
            name="bancheng_link_state", kind="gauge", labels=("tenant", "peer", "state"),
            means="1 for the state the link is in: `starting`, `open`, `waiting`, `stopped`.",
            normal="`open`. `waiting` heals by itself, `stopped` needs an operator.",
        ),
        Metric(
            name="bancheng_link_connected", kind="gauge", labels=("tenant", "peer"),
            means="1 while there is a connection to the link's nats-server.", normal="1.",
        ),
        Metric(
            name="bancheng_link_unreceipted_age_seconds", kind="gauge", labels=("tenant", "peer"),
            means="Age of the oldest frame that the peer has not signed for; 0 when all are.",
            normal="Under 1 s; grows while the peer is cut off. Alert when over 600 s.",
        ),
        Metric(
            name="bancheng_link_unheard_age_seconds", kind="gauge", labels=("tenant", "peer"),
            means="How long ago the peer gave its last sign of life, exact to the minute; none before its first.",
            normal="Under 150 s, also at rest; grows while the peer is cut off or down. Alert when over 600 s.",
        ),
        Metric(
            name="bancheng_link_frames_out", kind="gauge", labels=("tenant", "peer"),
            means="Numbered frames of the link's epoch so far.", normal="Grows with the work.",
        ),
        Metric(
            name="bancheng_link_frames_receipted", kind="gauge", labels=("tenant", "peer"),
            means="Frames the peer has signed for.", normal="Equal to frames out, within a second.",
        ),
        Metric(
            name="bancheng_link_frames_in", kind="gauge", labels=("tenant", "peer"),
            means="Frames stored from the peer.", normal="Equal to the peer's frames out, within a second.",
        ),
        Metric(
            name="bancheng_link_exceptions", kind="gauge", labels=("tenant", "peer"),
            means="Stored frames that are `deferred`; the link stops beyond 1,000.",
            normal="0.",
        ),
        Metric(
            name="bancheng_papers_waiting", kind="gauge", labels=("tenant",),
            means="Papers that an entry names and that are not here yet.", normal="0 at rest; falls while links work.",
        ),
        Metric(
            name="bancheng_papers_waiting_bytes", kind="gauge", labels=("tenant",),
            means="Bytes still missing of those that are being fetched.", normal="Falls while links work.",
        ),
        Metric(
            name="bancheng_papers_waiting_age_seconds", kind="gauge", labels=("tenant",),
            means="How long the oldest paper that is not here has been known; 0 when all are.",
            normal="Under a minute while links work. Alert when over an hour.",
        ),
        Metric(
            name="bancheng_papers_copies_refused", kind="gauge", labels=("tenant",),
            means="Copies that did not match their hash, of papers that are still not here.",
            normal="0. More: a disk or a site that changes bytes.",
        ),
    )
}  # fmt: skip


class Meters:
    """The figures of one process. `gauge`, `counter` and `histogram` take names of METRICS only."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._made: dict[str, Counter | Gauge | Histogram] = {
            metric.name: _make(metric, self.registry) for metric in METRICS.values()
        }

    def set(self, name: str, value: float, *labels: str) -> None:
        made = self._made[name]
        if not isinstance(made, Gauge):
            raise TypeError(name)
        (made.labels(*labels) if labels else made).set(value)

    def add(self, name: str, amount: float, *labels: str) -> None:
        made = self._made[name]
        if not isinstance(made, (Counter, Gauge)):
            raise TypeError(name)
        (made.labels(*labels) if labels else made).inc(amount)

    def observe(self, name: str, seconds: float, *labels: str) -> None:
        made = self._made[name]
        if not isinstance(made, Histogram):
            raise TypeError(name)
        made.labels(*labels).observe(seconds)

    def forget(self, name: str) -> None:
        """Drop every labelled value, before they are set anew: what is gone must not stand at its last value."""
        self._made[name].clear()

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)


def _make(metric: Metric, registry: CollectorRegistry) -> Counter | Gauge | Histogram:
    labels: Sequence[str] = metric.labels
    match metric.kind:
        case "counter":
            return Counter(metric.name, metric.means, labels, registry=registry)
        case "gauge":
            return Gauge(metric.name, metric.means, labels, registry=registry)
        case "histogram":
            return Histogram(metric.name, metric.means, labels, registry=registry, buckets=_SECONDS)
