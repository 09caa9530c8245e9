"""Prometheus metrics without patient data: route patterns, states and ages, never an id or a path.

What requests do is counted in the process. Several processes share their counts through files
when `PROMETHEUS_MULTIPROC_DIR` names a folder (emptied before the first one starts), so that a
scrape tells the same whichever of them answers. Alerts and pages are counted in the database at
the scrape: the alert worker, another process without a port, moves them.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from services.operations.archive import WalArchive
from services.operations.rule_files import unloadable
from services.operations.safety import REASONS, Safety, Totals
from services.replica.standing import Standing
from services.watch.figures import BUCKETS, STAGES

SEVERITIES: Final = ("critical", "high", "medium", "low")
REQUESTS: Final = Counter(
    "interlude_http_requests_total",
    "Requests by route pattern, method and status.",
    ("route", "method", "status"),
)
SECONDS: Final = Histogram(
    "interlude_http_request_duration_seconds",
    "Time from reading a request to its answer.",
    ("route", "method"),
    buckets=(0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
RECORDS: Final = Counter(
    "interlude_records_stored_total", "Records stored for the first time, by kind.", ("kind",)
)
FLAGS: Final = Counter(
    "interlude_record_flags_total", "Flags on records stored for the first time.", ("flag",)
)
REFUSED_WITH_DANGER: Final = Counter(
    "interlude_refused_with_danger_total",
    "Requests, and items of a sync, that were refused and had danger in them: their alert is open.",
)
# Of a severity of which nothing is settled yet.
NOTHING_SETTLED: Final[Mapping[str, Any]] = {"counts": [0] * (len(BUCKETS) + 1), "sum": 0.0}


@dataclass(frozen=True, eq=False)
class DatabaseFigures:
    """What the database says at this scrape; without it only that it does not answer.

    `late`: why `/safetyz` is 503, in its own words. `takes_writes`: else it is a standby, or full.
    `replica`: None where reports have none. `archived`: how the archive stands.
    """

    found: Safety | None = None
    totals: Totals | None = None
    late: Collection[str] = ()
    takes_writes: bool = False
    replica: Standing | None = None
    archived: WalArchive | None = None

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges (prometheus-client's protocol)."""
        yield _gauge(
            "interlude_database_up", "1 when the database answers.", float(bool(self.found))
        )
        yield _gauge(
            "interlude_database_takes_writes",
            "1 when the database takes writes: without it no answer is stored.",
            float(self.takes_writes),
        )
        yield _gauge(
            "interlude_rule_files_unloadable", "Rule files that would not load.", len(unloadable())
        )
        if self.found is not None:
            yield _unsafe(self.late)
            yield from _ages(self.found)
            yield from _audited(self.found)
        if self.totals is not None:
            yield from _counts(self.totals)
        if self.replica is not None:
            yield from _replica(self.replica)
        if self.archived is not None:
            yield from _archive(self.archived)


def _unsafe(late: Collection[str]) -> Metric:
    family = GaugeMetricFamily(
        "interlude_unsafe", "1 while `/safetyz` is 503 for this reason.", labels=["reason"]
    )
    for reason in dict.fromkeys((*REASONS, *late)):
        family.add_metric([reason], float(reason in late))
    return family


def _ages(found: Safety) -> Iterator[Metric]:
    unsent = GaugeMetricFamily(
        "interlude_unsent_pages", "Pages that have not left.", labels=["severity"]
    )
    oldest = GaugeMetricFamily(
        "interlude_oldest_unsent_page_age_seconds",
        "Age of the oldest page that has not left; 0: none waits.",
        labels=["severity"],
    )
    for severity in SEVERITIES:
        unsent.add_metric([severity], found.unsent.get(severity, 0))
        oldest.add_metric([severity], found.oldest_unsent_s.get(severity, 0.0))
    yield from (unsent, oldest)
    yield _gauge(
        "interlude_oldest_unacknowledged_critical_age_seconds",
        "Age of the oldest critical alert that nobody holds; 0: none.",
        found.oldest_unacknowledged_critical_s or 0.0,
    )
    yield _gauge(
        "interlude_critical_step_overdue_seconds",
        "How late the next step of a critical alert is; large when no worker runs.",
        found.critical_step_overdue_s or 0.0,
    )


def _audited(found: Safety) -> Iterator[Metric]:
    """Nothing before the auditor has run: an age of 0 would say that it just has."""
    if found.auditor_seen_s is None:
        return
    yield _gauge(
        "interlude_auditor_age_seconds",
        "Since when the auditor has not looked at answers and alerts.",
        found.auditor_seen_s,
    )
    yield _gauge(
        "interlude_auditor_findings",
        "What the auditor found when it last looked.",
        found.auditor_findings,
    )
    if found.unsealed_s is not None:
        yield _gauge(
            "interlude_unsealed_audit_age_seconds",
            "Age of the oldest entry of the audit without a seal, as the auditor saw it; 0: none.",
            found.unsealed_s,
        )
    if found.unplanned_reminders_s is not None:
        yield _gauge(
            "interlude_unplanned_reminders_age_seconds",
            "How late the next look at a patient's reminders is, as the auditor saw it; 0: not.",
            found.unplanned_reminders_s,
        )
    for stage in STAGES:
        yield _taken(stage, found.times_taken.get(stage, {}))


def _taken(stage: str, sums: Mapping[str, Any]) -> Metric:
    family = HistogramMetricFamily(
        f"interlude_alert_time_to_{stage}_seconds",
        f"Time from the alert to the first {stage}, counted once it is settled.",
        labels=["severity"],
    )
    # Also what never was: the first one of all would look as if it had always been there.
    for severity, one in {**dict.fromkeys(SEVERITIES, NOTHING_SETTLED), **sums}.items():
        upto = accumulate(one["counts"])
        bounds = (*(f"{bucket:.1f}" for bucket in BUCKETS), "+Inf")
        family.add_metric([severity], list(zip(bounds, upto, strict=True)), one["sum"])
    return family


def _counts(totals: Totals) -> Iterator[Metric]:
    alerts = GaugeMetricFamily(
        "interlude_alerts",
        "Alerts opened so far, by what they are now.",
        labels=["severity", "family", "status"],
    )
    for severity, family, status, count in totals.alerts:
        alerts.add_metric([severity, family, status], count)
    pages = GaugeMetricFamily(
        "interlude_pages", "Pages queued so far, by state.", labels=["severity", "state"]
    )
    for severity, state, count in totals.pages:
        pages.add_metric([severity, state], count)
    yield from (alerts, pages)
    yield _gauge(
        "interlude_chain_findings",
        "What is wrong with whom alerts page in the coming nights, all clinics together.",
        totals.chain_findings,
    )


def _replica(found: Standing) -> Iterator[Metric]:
    yield _gauge(
        "interlude_replica_used",
        "1 while reports are read from the replica; else the primary makes them.",
        float(found.is_near),
    )
    if found.lag_s is not None:
        yield _gauge(
            "interlude_replica_lag_seconds",
            "How much older than the primary the replica may be.",
            found.lag_s,
        )


def _archive(found: WalArchive) -> Iterator[Metric]:
    yield _gauge(
        "interlude_archive_on",
        "1 when PostgreSQL archives its write-ahead log; else a disk that is lost takes all since"
        " the last backup with it.",
        float(found.is_on),
    )
    if found.is_on:
        yield _gauge(
            "interlude_archive_failing",
            "1 while the newest attempt to archive a file has failed: the disk fills.",
            float(found.is_failing),
        )
        yield _gauge(
            "interlude_archive_age_seconds",
            "How long ago the archive got its newest file.",
            found.age_s,
        )


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def exposition(figures: DatabaseFigures) -> bytes:
    """Everything in Prometheus' text format."""
    of_the_database = CollectorRegistry(auto_describe=False)
    of_the_database.register(figures)
    return generate_latest(_of_all_processes()) + generate_latest(of_the_database)


def _of_all_processes() -> CollectorRegistry:
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call] # ships partial types
    return registry
