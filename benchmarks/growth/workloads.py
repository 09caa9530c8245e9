"""What is measured at each size: what patients, staff, the alert worker and the auditor do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import cycle
from typing import Any, Final
from uuid import UUID

import psycopg
from flask import Flask
from sqlalchemy import make_url

from api import create_app
from benchmarks.bench import Bench
from benchmarks.check_ins import check_in_call
from benchmarks.trend import trend_call
from migrations.roles import AUDITOR, WORKER, libpq_url
from services.alerts.delivery.claiming import channels_with_a_page
from services.alerts.delivery.escalating import due_alerts
from services.alerts.monitors.follow_up import missed_follow_ups
from services.alerts.monitors.silence import silent_patients
from services.watch.run import look
from tests.builders.world import ClinicWorld, Person

OF_A_DAY: Final = "SELECT count(*) FROM check_ins WHERE received_at > now() - interval '1 day'"


@dataclass(frozen=True, slots=True)
class Workload:
    """What is called, as which role, in whose name. `each`: how many things it has to look at, for
    what must look at all that is new; its time is judged by one of them.
    """

    name: str
    call: Callable[[], object]
    url: str
    clinic_id: UUID | None = None
    each: Callable[[], int] | None = None


def workloads_of(
    bench: Bench, clinic: ClinicWorld, staff: Person, writers: Sequence[Person]
) -> list[Workload]:
    """What happens all day."""
    mine: dict[str, Any] = {"url": bench.app_url, "clinic_id": clinic.id}
    return [
        Workload("check-in phq9-daily, treated", check_in_call(writers, "phq9-daily"), **mine),
        Workload("trend JSON of a year", trend_call(staff, writers[0], "phq9-daily"), **mine),
        Workload("bootstrap of a phone", get_call(writers, "/v1/bootstrap"), **mine),
        Workload("caseload, first 50 of 500", get_call([staff], "/v1/patients?limit=50"), **mine),
        Workload("caseload, 500", get_call([staff], "/v1/patients?limit=500"), **mine),
        Workload("open alerts", get_call([staff], "/v1/alerts"), **mine),
        *_of_the_clock(bench),
    ]


def _of_the_clock(bench: Bench) -> list[Workload]:
    worker, auditor = as_role(bench.app, WORKER), as_role(bench.app, AUDITOR)

    def by(app: Flask, ask: Callable[[datetime], Any]) -> dict[str, Any]:
        def call() -> object:
            with app.app_context():
                return ask(datetime.now(UTC))

        return {"call": call, "url": libpq_url(app.config["SQLALCHEMY_DATABASE_URI"])}

    def of_a_day() -> int:
        with psycopg.connect(bench.admin_url) as connection:
            row = connection.execute(OF_A_DAY).fetchone()
        return 0 if row is None else int(row[0])

    channels = ["email", "webhook"]
    return [
        Workload("poll: who is silent", **by(worker, lambda now: list(silent_patients(now)))),
        Workload(
            "poll: who had no contact", **by(worker, lambda now: list(missed_follow_ups(now)))
        ),
        Workload("poll: which alerts are due", **by(worker, lambda now: list(due_alerts(now)))),
        Workload(
            "poll: which channel has a page",
            **by(worker, lambda now: channels_with_a_page(channels, now)),
        ),
        # What it finds is of those whose past was copied in: answers without their alerts.
        Workload("auditor: what came in a day", **by(auditor, look), each=of_a_day),
    ]


def as_role(app: Flask, role: str) -> Flask:
    """The same database as the alert worker or the auditor sees it."""
    url = make_url(app.config["SQLALCHEMY_DATABASE_URI"]).set(username=role)
    whole = url.render_as_string(hide_password=False)
    given = app.config["INTERLUDE"]
    if role == AUDITOR:
        return create_app(replace(given, auditor_database_url=whole), role="auditor")
    return create_app(replace(given, worker_database_url=whole), role="worker")


def get_call(people: Sequence[Person], path: str) -> Callable[[], object]:
    """A read by the next of these people."""
    client = people[0].app.test_client()
    turns = cycle([one.headers for one in people])

    def call() -> None:
        assert client.get(path, headers=next(turns)).status_code == 200

    return call
