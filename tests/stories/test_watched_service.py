"""The watcher beside a running service: it sees nothing amiss, and what somebody has taken away."""

from __future__ import annotations

import psycopg
import pytest

from migrations.roles import libpq_url
from tests.builders.entries import phq9
from tests.fixtures.running import RunningService

pytestmark = pytest.mark.xdist_group("running")


def test_an_alert_that_was_deleted_is_named_by_the_next_run(running: RunningService) -> None:
    clinic = running.clinic()
    patient = clinic.patient()
    form = phq9(item9=3)
    assert running.post(patient, form).status == 201
    (alert,) = running.alerts(patient)
    running.wait_for_page(alert.id)
    seen = running.command("alerts", "audit")
    assert str(clinic.id) not in seen.stdout, seen.stdout
    with psycopg.connect(libpq_url(running.urls.admin)) as admin:
        admin.execute("SET session_replication_role = replica")
        for table in ("notifications", "alert_events", "alert_occurrences"):
            admin.execute(f"DELETE FROM {table} WHERE alert_id = %s".encode(), (alert.id,))  # noqa: S608 -- ours
        admin.execute("DELETE FROM alerts WHERE id = %s", (alert.id,))
    seen = running.command("alerts", "audit")
    assert seen.returncode == 1, seen.stderr
    assert f"answer_without_alert {clinic.id} {form['id']}:" in seen.stdout
