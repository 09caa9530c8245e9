"""Prometheus beside a running service: every expression finds its series, and each fault wakes
somebody for the right reason.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import orjson
import psycopg

from migrations.roles import libpq_url
from tests.builders.entries import phq9
from tests.deploy.watching import dashboard, of_three_nodes, rule_tests, rules, selectors
from tests.fixtures.running import BIN, RunningService, service_on, wait_until
from tests.production.lab.cluster import private_cluster, standby_of
from tests.production.lab.prometheus import Prometheus, prometheus_on, promtool
from tests.production.part import Trial
from tests.production.watching.alerting import people_are_reached
from tests.production.watching.brought_back import it_can_be_brought_back
from tests.production.watching.front import watched_front
from tests.production.watching.machine import BreakableArchive, watched_machine
from tests.production.watching.watched import Watched, freeze, thaw
from tests.proofs.seen import Seen
from tools.child import Child

# An app that was refused with danger stays in view for an hour.
REFUSED: Final = {"InterludeRefusedWithDanger"}
# How long a certificate lasts when somebody looks after it, and when somebody must.
CERTIFICATES: Final = (
    ("InterludeCertificateAges", timedelta(days=13)),
    ("InterludeCertificateEnds", timedelta(days=2)),
)
# What may be said beside it, and is true as well.
NO_AUDITOR: Final = {"InterludeNoAuditor"}


def watching(trial: Trial) -> Iterator[Seen]:
    """Rules and dashboard on a real Prometheus."""
    yield from _by_promtool()
    yield from people_are_reached(trial.folder / "alertmanager")
    with _watched(trial) as watched:
        _live_through_a_day(watched)
        yield _every_expression_finds_its_series(watched.prometheus)
        watched.rests(REFUSED)
        yield _a_lost_replica_is_seen(watched)
        yield _patients_who_are_not_reminded_are_seen(watched)
        yield from it_can_be_brought_back(watched)
        yield from _the_front_door_is_watched(watched)
        yield from _faults(watched)


def _by_promtool() -> Iterator[Seen]:
    for what, file in (("check", "interlude.rules.yml"), ("test", "interlude.test.yml")):
        done = promtool(what, "rules", file)
        size = f"{len(rules())} rules, {sum(1 for _ in rule_tests())} expectations"
        good = done.returncode == 0
        seen = "success" if good else (done.stdout + done.stderr)[-200:]
        yield Seen(f"promtool {what} rules", size, seen, ok=good)


@contextmanager
def _watched(trial: Trial) -> Iterator[Watched]:
    archive = BreakableArchive(trial.folder / "archive is broken")
    with (
        _counts_in(trial.folder / "counts"),
        private_cluster(trial.folder / "cluster", **archive.settings) as cluster,
        standby_of(cluster, trial.folder / "standby") as replica,
        service_on(
            cluster.urls, trial.folder / "data", REPLICA_DATABASE_URL=replica.urls.app
        ) as running,
        watched_machine(trial.folder / "machine") as machine,
        watched_front(trial.folder / "front") as front,
        prometheus_on(
            trial.folder / "prometheus",
            front.url,
            front=f"127.0.0.1:{front.port}",
            interlude=f"127.0.0.1:{running.port}",
            machine=f"127.0.0.1:{machine.port}",
        ) as prometheus,
        _beside(running, "auditor", "alerts", "audit", "--every", "5") as auditor,
        _beside(running, "sealer", "audit", "seal") as sealer,
    ):
        yield Watched(running, replica, archive, machine, front, auditor, sealer, prometheus, trial)


@contextmanager
def _beside(running: RunningService, name: str, *words: str) -> Iterator[Child]:
    """A command that goes on, beside the service."""
    child = Child(name, [str(BIN / "flask"), "--app", "wsgi", *words], running.environ(), print)
    child.start()
    try:
        yield child
    finally:
        child.kill()


@contextmanager
def _counts_in(folder: Path) -> Iterator[None]:
    """Where the processes of a service count together."""
    folder.mkdir()
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    try:
        yield
    finally:
        del os.environ["PROMETHEUS_MULTIPROC_DIR"]


def _live_through_a_day(watched: Watched) -> None:
    """A page that is acknowledged and resolved, a late entry, a refusal with danger."""
    running = watched.running
    clinic = running.clinic()
    patient, staff = clinic.patient(), clinic.staff()
    assert running.post(patient, phq9(item9=3)).status == 201
    (alert,) = running.alerts(patient)
    running.wait_for_page(alert.id)
    path = f"/v1/alerts/{alert.id}"
    assert running.post(staff, {}, f"{path}/acknowledge").status == 200
    resolved = running.post(staff, {"disposition": "safe_plan_made"}, f"{path}/resolve")
    assert resolved.status == 200, resolved
    days_ago = (datetime.now(UTC) - timedelta(days=3)).isoformat()
    assert running.post(patient, phq9(recorded_at=days_ago)).status == 201
    assert running.post(patient, phq9(item9=2, surprise=1)).status == 422
    looked = partial(watched.prometheus.ask, "interlude_auditor_age_seconds")
    wait_until(looked, "the auditor has looked", 60)


def _every_expression_finds_its_series(prometheus: Prometheus) -> Seen:
    """A rule at rest gives nothing: then each metric that it reads must, with all that it asks."""
    read = {one for rule in rules().values() for one in selectors(rule["expr"])}
    parts = {name + labels for name, labels in read if not of_three_nodes((name, labels))}
    asked = [*sorted(parts), *dashboard()]
    for rule in rules().values():
        prometheus.ask(rule["expr"])

    def without_series() -> list[str]:
        return [expression for expression in asked if not prometheus.ask(expression)]

    wait_until(lambda: not without_series(), f"a series for {without_series()}", 60)
    size = f"{len(rules())} rules, {len(dashboard())} of the dashboard"
    return Seen("each expression finds its series", size, f"{len(asked)} found", ok=True)


def _a_lost_replica_is_seen(watched: Watched) -> Seen:
    """Its alert waits for twenty minutes."""
    replica = watched.replica
    return watched.begins(
        "the replica is gone", "InterludeReplicaUnused", replica.stop, replica.start
    )


def _patients_who_are_not_reminded_are_seen(watched: Watched) -> Seen:
    """Nothing reminds anybody in this proof, until it is asked to."""
    running = watched.running
    patient = running.clinic().patient()

    def is_forgotten() -> None:
        body = orjson.dumps({"kind": "fcm", "subscription": "t" * 40})
        put = running.send("PUT", "/v1/me/devices/phone", patient.headers, body)
        assert put.status == 204, put
        with psycopg.connect(libpq_url(running.urls.admin)) as administrator:
            administrator.execute("UPDATE devices SET put_at = put_at - interval '1 hour'")

    def is_reminded() -> None:
        assert running.command("reminders", "work", "--once").returncode == 0

    seen = watched.begins("nobody is reminded", "InterludeNoReminders", is_forgotten, is_reminded)
    # Nothing plans for it any more.
    gone = running.send("DELETE", "/v1/me/devices/phone", patient.headers)
    assert gone.status == 204, gone
    return seen


def _the_front_door_is_watched(watched: Watched) -> Iterator[Seen]:
    """Who is behind it is well all the while."""
    front, exporter = watched.front, watched.front.exporter
    yield watched.begins("nginx finds nobody", "InterludeFrontDown", front.break_down, front.mend)
    for alert, time in CERTIFICATES:
        fault = partial(front.lasts, time)
        yield watched.begins("a certificate ends soon", alert, fault, front.mend)
    yield watched.begins(
        "nobody asks the front door", "InterludeFrontUnseen", exporter.stop, exporter.start
    )


def _faults(watched: Watched) -> Iterator[Seen]:
    running = watched.running
    freeze(watched.auditor)
    yield from _pages_do_not_leave(watched)
    yield watched.fires("the auditor stands still", "InterludeNoAuditor", set(), REFUSED)
    thaw(watched.auditor)
    yield watched.fires("a page was too late", "InterludeAuditorFound", NO_AUDITOR, REFUSED)
    # That stands for a day, as it should.
    at_rest = REFUSED | {"InterludeAuditorFound"}
    watched.rests(at_rest)
    gone: list[tuple[str, str, Callable[[], object]]] = [
        ("the database only reads", "InterludeDatabaseReadOnly", running.database_reads_only),
        ("the database is gone", "InterludeDatabaseDown", running.database_gone),
    ]
    # Without it no worker leaves a sign and no auditor looks, as is said a little later.
    follows = {"InterludeNoWorker", "InterludeDatabaseReadOnly", "InterludeCrisisRouteFails"}
    for what, alert, fault in gone:
        with fault():  # type: ignore[attr-defined] # blocks of the running service
            yield watched.fires(what, alert, follows, at_rest)
        watched.rests(at_rest)
    running.stop()
    beside = {"InterludeDown"}
    yield watched.fires("the web service ends", "InterludeUnreachable", beside, at_rest)


def _pages_do_not_leave(watched: Watched) -> Iterator[Seen]:
    running, prometheus = watched.running, watched.prometheus
    (worker,) = running.children
    running.kill(worker)
    yield watched.fires("no alert worker", "InterludeNoWorker", set(), REFUSED)
    running.start_worker()
    watched.rests(REFUSED | NO_AUDITOR)
    running.mail.refuse_connections()
    patient = running.clinic().patient()
    assert running.post(patient, phq9(item9=3)).status == 201
    beside = NO_AUDITOR | {"InterludePageUnsent"}
    yield watched.fires("the mail server is gone", "InterludeMailFails", beside, REFUSED)
    beside = NO_AUDITOR | {"InterludeMailFails"}
    yield watched.fires("a page waits", "InterludePageUnsent", beside, REFUSED)
    running.mail.accept_connections()
    (alert,) = running.alerts(patient)
    running.wait_for_page(alert.id)
    watched.rests(REFUSED | NO_AUDITOR)
    assert prometheus.firing() <= REFUSED | NO_AUDITOR
