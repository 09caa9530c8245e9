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

from tests.builders.entries import phq9
from tests.builders.world import ClinicWorld, Person
from tests.fixtures.running import RunningService
from tests.proofs.seen import Seen, at_once, post, verdict, ward

CLAIM = "every answer stands on an alert that was open when it committed"
LANES = 4
OPEN = "SELECT id FROM alerts WHERE patient_id = %s AND status <> 'resolved'"
RESOLVE = {"disposition": "safe_plan_made"}
# Every answer with its occurrence and how the alert stood when the answer committed.
STANDING = """
SELECT c.id, o.id AS occurrence, o.alert_id,
  r.alert_id IS NULL OR pg_xact_commit_timestamp(o.xmin) < pg_xact_commit_timestamp(r.xmin) AS open,
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


def answers_racing_resolves(running: RunningService, races: int, seed: int) -> Seen:
    """So many pairs of an answer and a resolve, on four patients side by side."""
    clinic, pairs = ward(running), races // LANES * LANES
    staff = clinic.staff("clinician")
    lanes = [
        partial(_lane, running, clinic, staff, races // LANES, random.Random(seed + lane))
        for lane in range(LANES)
    ]
    with ThreadPoolExecutor(LANES) as pool:
        tallies = list(pool.map(lambda lane: lane(), lanes))
    problems = [problem for tally in tallies for problem in tally[1]]
    answers = sum(tally[0] for tally in tallies)
    problems += standing(running, clinic.id, answers)
    opened = sum(bool(row.opened) for row in running.rows(STANDING, clinic.id))
    resolved_first = opened - (answers - pairs)
    seen = (
        f"{answers} answers, as many occurrences, 0 on a resolved alert; the answer was first"
        f" in {pairs - resolved_first} races, the resolve in {resolved_first}"
    )
    return verdict(CLAIM, f"{pairs} races", seen, problems)


def standing(running: RunningService, clinic_id: UUID, answers: int) -> list[str]:
    """What speaks against: every answer of the clinic stands on an alert that was then open."""
    rows = running.rows(STANDING, clinic_id)
    problems = [f"alert {row.id} miscounts" for row in running.rows(MISCOUNTED, clinic_id)]
    if len(rows) != answers:
        problems.append(f"{answers} answers, {len(rows)} rows")
    lost = sum(row.occurrence is None for row in rows)
    late = sum(row.open is False for row in rows)
    if lost:
        problems.append(f"{lost} answers without an occurrence")
    if late:
        problems.append(f"{late} answers stand on an alert that had been resolved before")
    return problems


def _lane(
    running: RunningService, clinic: ClinicWorld, staff: Person, races: int, dice: random.Random
) -> tuple[int, list[str]]:
    """One patient's races; how many answers were sent, and what was answered wrongly."""
    person, answers, problems = clinic.patient(), 0, []
    for _ in range(races):
        if not running.rows(OPEN, person.patient_id):
            answers += 1
            _answer(running, person, dice.randint(1, 3))
        (held,) = running.rows(OPEN, person.patient_id)
        answers += 1
        statuses = at_once(
            [
                partial(_answer, running, person, dice.randint(1, 3)),
                partial(_resolve, running, staff, held.id),
            ]
        )
        if statuses != [201, 200]:
            problems.append(f"answer and resolve: {statuses}")
    return answers, problems


def _answer(running: RunningService, person: Person, item9: int) -> int:
    return post(running, person, phq9(item9=item9)).status


def _resolve(running: RunningService, staff: Person, alert_id: UUID) -> int:
    return post(running, staff, RESOLVE, f"/v1/alerts/{alert_id}/resolve").status
