"""One pass of a worker over 100,000 alerts costs what it costs over 1,000: all by the indexes."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psycopg
from flask import Flask
from sqlalchemy import Connection, event

from benchmarks.bench import admin_url_of
from models.database import db
from services.alerts.delivery.worker import Worker
from tests.builders.alerts import open_alert
from tests.builders.workers import channels_to, steady_pace, worker_on
from tests.builders.world import World
from tests.fixtures.app import worker_of
from tests.fixtures.mail import mail_server
from tests.proofs.apart import own_app
from tests.proofs.seen import Seen, verdict

PASSES: Final = 31
# A pass may take this many times as long.
FLAT: Final = 1.5
OPEN_EACH: Final = 100  # one of so many is open, with its next step an hour away
BIG: Final = ("alerts", "notifications", "alert_events", "alert_occurrences")
MORE_ALERTS: Final = """
INSERT INTO alerts
SELECT (jsonb_populate_record(NULL::alerts, to_jsonb(a) || jsonb_build_object(
    'id', gen_random_uuid(), 'family', 'f' || n, 'acknowledged_by', NULL,
    'status', CASE WHEN n %% %(each)s = 0 THEN 'triggered' ELSE 'resolved' END,
    'resolved_at', CASE WHEN n %% %(each)s = 0 THEN NULL ELSE a.triggered_at END,
    'next_at', CASE WHEN n %% %(each)s = 0 THEN now() + interval '1 hour' END))).*
FROM alerts a, generate_series(%(first)s::int, %(last)s::int) n WHERE a.family = 'suicide_risk'
"""
MORE_PAGES: Final = """
INSERT INTO notifications
SELECT (jsonb_populate_record(NULL::notifications, to_jsonb(p) || jsonb_build_object(
    'id', gen_random_uuid(), 'alert_id', a.id, 'page_step', step, 'state', 'sent',
    'sent_at', p.created_at, 'lease_until', NULL, 'lease_token', NULL))).*
FROM (SELECT * FROM notifications WHERE kind = 'page' LIMIT 1) p,
     alerts a, generate_series(1, 2) step
WHERE a.family <> 'suicide_risk'
  AND NOT EXISTS (SELECT FROM notifications o WHERE o.alert_id = a.id)
"""


def many_alerts(sizes: tuple[int, ...] = (1_000, 10_000, 100_000)) -> Iterator[Seen]:
    """A line of the table, on a database of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="interlude-many-") as folder,
        own_app(Path(folder)) as app,
        worker_of(app) as worker_app,
        mail_server() as mail,
    ):
        clinic = World(app).clinic()
        clinic.contact("mailto:first@hospital.test")
        open_alert(app.test_client(), clinic.patient())
        channels = channels_to(mail.receiver.port)
        worker = worker_on(worker_app, channels, lambda: datetime.now(UTC), steady_pace())
        worker.settle()
        took: dict[int, float] = {}
        there = 0
        for size in sizes:
            fill(app, there + 1, size)
            there = size
            took[size] = pass_ms(worker)
        plans = plans_of(worker_app, worker)
    scans = [plan for plan in plans if any(f"Seq Scan on {name}" in plan for name in BIG)]
    first, last = took[sizes[0]], took[sizes[-1]]
    against = [f"reads a whole table: {plan}" for plan in scans]
    if last > FLAT * first:
        against.append(f"{last:.1f} ms for {sizes[-1]}, {first:.1f} ms for {sizes[0]}")
    used = sorted({name for plan in plans for name in indexes(plan)})
    words = ", ".join(f"{each:,}: {ms:.1f} ms" for each, ms in took.items())
    yield verdict(
        "a worker's pass stays flat, and reads no table whole",
        f"{sizes[-1]:,} alerts, {sizes[-1] // OPEN_EACH:,} of them open",
        f"{words}; indexes: {', '.join(used)}",
        against,
    )


def fill(app: Flask, first: int, last: int) -> None:
    """Alerts of these numbers and two pages each, and what the server knows of them."""
    with psycopg.connect(admin_url_of(app), autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(MORE_ALERTS, {"each": OPEN_EACH, "first": first, "last": last})
        connection.execute(MORE_PAGES)
        connection.execute("VACUUM ANALYZE")


def pass_ms(worker: Worker) -> float:
    """The quickest of some passes in which nothing is due; the others tell of a busy machine."""
    found = []
    for _ in range(PASSES):
        began = time.perf_counter()
        worker.settle()
        found.append((time.perf_counter() - began) * 1000)
    return min(found)


def plans_of(worker_app: Flask, worker: Worker) -> list[str]:
    """How the server carries out each statement of a pass."""
    plans: list[str] = []
    with worker_app.app_context(), explaining(plans):
        worker.settle()
    return plans


@contextmanager
def explaining(plans: list[str]) -> Iterator[None]:
    """Ask for the plan of each statement before it is run."""

    def ask(
        _connection: Connection, cursor: Any, statement: str, parameters: Any, *_more: object
    ) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH", "UPDATE")):
            asked = cursor.connection.execute(f"EXPLAIN {statement}", parameters)
            plans.append("\n".join(row[0] for row in asked))

    event.listen(db.engine, "before_cursor_execute", ask)
    try:
        yield
    finally:
        event.remove(db.engine, "before_cursor_execute", ask)


def indexes(plan: str) -> list[str]:
    """Those that a plan reads by."""
    return [line.split(" using ")[1].split()[0] for line in plan.splitlines() if " using " in line]
