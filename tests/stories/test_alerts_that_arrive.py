"""Alerts arrive whatever happens: races with resolves, killed workers, rules that raise."""

from __future__ import annotations

import psycopg
import pytest

from migrations.roles import libpq_url
from tests.builders.entries import phq9
from tests.fixtures.running import RunningService
from tests.proofs.deaths import killed_workers, two_workers
from tests.proofs.latency import answer_to_mail
from tests.proofs.race import answers_racing_resolves, standing
from tests.proofs.seen import post, ward

pytestmark = pytest.mark.xdist_group("running")


def test_answers_racing_resolves_stand_on_an_open_alert(running: RunningService):
    seen = answers_racing_resolves(running, races=20, seed=1)
    assert seen.ok, seen.seen


def test_an_answer_on_an_alert_that_was_resolved_before_would_be_found(running: RunningService):
    """Writing the occurrence once more, after the resolve, makes it look like that."""
    clinic = ward(running)
    patient, staff = clinic.patient(), clinic.staff("clinician")
    post(running, patient, phq9(item9=2))
    (alert,) = running.rows("SELECT id FROM alerts WHERE clinic_id = %s", clinic.id)
    ending = {"disposition": "safe_plan_made"}
    assert post(running, staff, ending, f"/v1/alerts/{alert.id}/resolve").status == 200
    assert standing(running, clinic.id, answers=1) == []
    with psycopg.connect(libpq_url(running.urls.admin)) as admin:
        admin.execute("UPDATE alert_occurrences SET rule = rule WHERE alert_id = %s", [alert.id])
    (problem,) = standing(running, clinic.id, answers=1)
    assert "resolved before" in problem


def test_killed_workers_leave_no_alert_behind(running: RunningService):
    seen = killed_workers(running, kills=8, seed=1)
    assert seen.ok, seen.seen


def test_two_workers_send_each_page_once(running: RunningService):
    seen = two_workers(running, alerts=30)
    assert seen.ok, seen.seen


def test_a_page_is_there_within_seconds_of_the_answer(running: RunningService):
    """A busy machine proves no percentile: `make prove` measures against the aim of one second."""
    seen = answer_to_mail(running, pages=5, pause_s=0.0, aim_s=20.0)
    assert seen.ok, seen.seen
