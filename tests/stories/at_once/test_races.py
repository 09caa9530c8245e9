"""Answers about self-harm against resolves of the same patient's alert, started together.

Which of two transactions was first is asked of PostgreSQL itself (`track_commit_timestamp`): an
answer stands on an alert that was open when it committed if that alert was never resolved, or its
resolution committed later.
"""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from uuid import UUID

import psycopg
import pytest

from migrations.roles import libpq_url
from tests.builders.calls import at_once
from tests.builders.entries import phq9
from tests.builders.seen import saw
from tests.builders.world import ClinicWorld, Person
from tests.fixtures.running import RunningService

pytestmark = pytest.mark.xdist_group("running")
LANES = 4
OPEN = "SELECT id FROM alerts WHERE patient_id = %s AND status <> 'resolved'"
RESOLVE = {"disposition": "safe_plan_made"}
# Every answer with its occurrence, of the same transaction, and how the alert stood when the answer
# committed.
STANDING = """
SELECT c.id, o.id AS occurrence, o.alert_id,
  r.alert_id IS NULL OR pg_xact_commit_timestamp(c.xmin) < pg_xact_commit_timestamp(r.xmin) AS open,
  a.triggered_at = o.received_at AS opened
FROM check_ins c
LEFT JOIN alert_occurrences o ON o.clinic_id = c.clinic_id AND o.entry_id = c.id
LEFT JOIN alerts a ON a.clinic_id = o.clinic_id AND a.id = o.alert_id
LEFT JOIN alert_resolutions r ON r.clinic_id = o.clinic_id AND r.alert_id = o.alert_id
WHERE c.clinic_id = %s
"""
# The count that an alert shows is the number of its occurrences.
MISCOUNTED = """
SELECT a.id FROM alerts a WHERE a.clinic_id = %s AND a.occurrence_count <>
  (SELECT count(*) FROM alert_occurrences o WHERE o.clinic_id = a.clinic_id AND o.alert_id = a.id)
"""


def test_answers_racing_resolves_stand_on_an_open_alert(
    running: RunningService, races: int = 20, seed: int = 1
):
    """So many pairs of an answer and a resolve, on four patients side by side."""
    clinic, each = running.clinic(), races // LANES
    staff = clinic.staff("clinician")

    with ThreadPoolExecutor(LANES) as pool:
        lanes = [
            pool.submit(race, running, clinic.patient(), staff, each, random.Random(seed + lane))
            for lane in range(LANES)
        ]
        answers = sum(lane.result() for lane in lanes)

    assert_every_answer_stands_on_an_open_alert(running, clinic, answers)
    saw(who_was_first(running, clinic, races=each * LANES, answers=answers))


def test_an_answer_on_an_alert_that_was_resolved_before_would_be_found(running: RunningService):
    """Writing the answer once more, after the resolve, makes it look like that."""
    clinic = running.clinic()
    patient, staff = clinic.patient(), clinic.staff("clinician")
    running.post(patient, phq9(item9=2))
    (alert,) = running.alerts(patient)
    assert resolve(running, staff, alert.id) == 200
    assert_every_answer_stands_on_an_open_alert(running, clinic, answers=1)

    with psycopg.connect(libpq_url(running.urls.admin)) as admin:
        admin.execute("UPDATE check_ins SET zone = zone WHERE clinic_id = %s", [clinic.id])

    with pytest.raises(AssertionError, match="resolved before"):
        assert_every_answer_stands_on_an_open_alert(running, clinic, answers=1)


def race(
    running: RunningService, patient: Person, staff: Person, times: int, dice: random.Random
) -> int:
    """One patient's races, each beginning with an open alert; how many answers were sent."""
    sent = 0
    for _ in range(times):
        if not running.rows(OPEN, patient.patient_id):
            answer(running, patient, dice.randint(1, 3))
            sent += 1
        (alert,) = running.rows(OPEN, patient.patient_id)

        statuses = at_once(
            [
                partial(answer, running, patient, dice.randint(1, 3)),
                partial(resolve, running, staff, alert.id),
            ]
        )

        assert statuses == [201, 200], statuses
        sent += 1
    return sent


def answer(running: RunningService, patient: Person, item9: int) -> int:
    return running.post(patient, phq9(item9=item9)).status


def resolve(running: RunningService, staff: Person, alert_id: UUID) -> int:
    return running.post(staff, RESOLVE, f"/v1/alerts/{alert_id}/resolve").status


def assert_every_answer_stands_on_an_open_alert(
    running: RunningService, clinic: ClinicWorld, answers: int
) -> None:
    """And each alert counts its answers."""
    standing = running.rows(STANDING, clinic.id)
    assert len(standing) == answers, f"{answers} answers, {len(standing)} rows"
    lost = [row.id for row in standing if row.occurrence is None]
    assert not lost, f"{len(lost)} answers without an occurrence"
    late = [row.id for row in standing if row.open is False]
    assert not late, f"{len(late)} answers stand on an alert that had been resolved before"
    assert running.rows(MISCOUNTED, clinic.id) == []


def who_was_first(running: RunningService, clinic: ClinicWorld, races: int, answers: int) -> str:
    opened = sum(bool(row.opened) for row in running.rows(STANDING, clinic.id))
    resolved_first = opened - (answers - races)
    return (
        f"{answers} answers, as many occurrences, 0 on a resolved alert; the answer was first"
        f" in {races - resolved_first} races, the resolve in {resolved_first}"
    )
