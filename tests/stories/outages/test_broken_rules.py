"""Rules made to raise: danger still pages as usual, harmless answers are counted, then replayed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.builders.broken import broken_rules
from tests.builders.calls import made, post
from tests.builders.entries import phq9
from tests.builders.seen import saw
from tests.builders.world import ClinicWorld
from tests.fixtures.running import RunningService

pytestmark = pytest.mark.xdist_group("running")
PATIENTS = 10
ALERTS = """
SELECT id, family, severity, patient_id, occurrence_count FROM alerts
WHERE clinic_id = %s ORDER BY family, severity
"""
UNDECIDED = """
SELECT count(*) FROM decisions f WHERE f.clinic_id = %s AND f.by = 'fallback' AND NOT EXISTS
  (SELECT FROM decisions r WHERE r.clinic_id = f.clinic_id AND r.entry_id = f.entry_id
   AND r.by = 'replay')
"""


def test_rules_that_raise_hide_no_danger_and_are_counted_and_replayed(
    running: RunningService, harmless: int = 20
):
    clinic, began = running.clinic(), datetime.now(UTC)

    with broken_rules():
        card = made(post(running.app.test_client(), clinic.patient(), phq9(item9=2)))["safety"]
        counted = answers_that_seem_harmless(running, clinic, harmless)

    assert card["level"] == "crisis"
    assert alerts(running, clinic) == [
        ("rules_failed", "medium", counted),
        ("suicide_risk", "critical", 1),
    ]
    each_alert_is_mailed_once(running, clinic)

    replayed = running.command("rules", "replay", "--since", began.strftime("%Y-%m-%dT%H:%M:%S"))

    assert replayed.returncode == 0, replayed.stderr
    assert running.rows(UNDECIDED, clinic.id)[0].count == 0
    assert alerts(running, clinic)[1:] == [
        ("suicide_risk", "critical", 1),
        ("suicide_risk", "medium", 1),
    ]
    saw(
        f"item 9 = 2: one critical alert, paged, with the card; {counted} others: one rules_failed"
        f" alert that counts {counted}, mailed once; rules replay decided all {counted + 1}"
        " and found the one declined item 9 (medium)"
    )


def answers_that_seem_harmless(running: RunningService, clinic: ClinicWorld, harmless: int) -> int:
    """So many of ten patients, and one whose danger only the rules can see; how many these are."""
    client, people = running.app.test_client(), [clinic.patient() for _ in range(PATIENTS)]
    forms = [phq9(item9=0) for _ in range(harmless)] + [phq9(item9="declined")]
    for number, form in enumerate(forms):
        made(post(client, people[number % PATIENTS], form))
    return len(forms)


def alerts(running: RunningService, clinic: ClinicWorld) -> list[tuple[Any, ...]]:
    """(family, severity, occurrences) of the clinic; failed rules are nobody's, the rest are."""
    found = running.rows(ALERTS, clinic.id)
    assert all((a.patient_id is None) == (a.family == "rules_failed") for a in found)
    return [(a.family, a.severity, a.occurrence_count) for a in found]


def each_alert_is_mailed_once(running: RunningService, clinic: ClinicWorld) -> None:
    found = running.rows(ALERTS, clinic.id)
    for alert in found:
        running.wait_for_page(alert.id)
    assert [len(running.pages_about(alert.id)) for alert in found] == [1] * len(found)
