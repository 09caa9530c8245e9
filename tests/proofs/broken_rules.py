"""Rules made to raise: danger still pages as usual, harmless answers are counted, then replayed."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from functools import partial
from typing import Any

from flask.testing import FlaskClient

from tests.builders.broken import broken_rules
from tests.builders.calls import post as post_in_process
from tests.builders.entries import phq9
from tests.builders.world import ClinicWorld
from tests.fixtures.running import BIN, RunningService, wait_until
from tests.proofs.seen import Seen, mails_about, verdict, ward

PATIENTS = 10
ALERTS = """
SELECT id, family, severity, patient_id, occurrence_count, status FROM alerts
WHERE clinic_id = %s ORDER BY family, severity
"""
UNDECIDED = """
SELECT count(*) FROM decisions f WHERE f.clinic_id = %s AND f.by = 'fallback' AND NOT EXISTS
  (SELECT FROM decisions r WHERE r.clinic_id = f.clinic_id AND r.entry_id = f.entry_id
   AND r.by = 'replay')
"""


def rules_that_raise(running: RunningService, harmless: int) -> Seen:
    """Item 9 = 2 once, so many harmless forms, and one whose danger only the rules can see."""
    clinic, began = ward(running), datetime.now(UTC)
    statuses, card = _post_under_broken_rules(running, clinic, harmless)
    counted = harmless + 1
    problems = _against_answers(statuses, card) + _against_alerts(running, clinic, counted)
    problems += _replay(running, clinic, began)
    seen = (
        f"item 9 = 2: one critical alert, paged, with the card; {counted} others: one rules_failed"
        f" alert that counts {counted}, mailed once; rules replay decided all {counted + 1}"
        " and found the one declined item 9 (medium)"
    )
    return verdict("rules made to raise", f"{harmless} harmless check-ins", seen, problems)


def _post_under_broken_rules(
    running: RunningService, clinic: ClinicWorld, harmless: int
) -> tuple[list[int], Any]:
    client: FlaskClient = running.app.test_client()
    with broken_rules():
        grave = post_in_process(client, clinic.patient(), phq9(item9=2))
        people = [clinic.patient() for _ in range(PATIENTS)]
        bodies = [phq9(item9=0) for _ in range(harmless)] + [phq9(item9="declined")]
        answers = [
            post_in_process(client, people[number % PATIENTS], body)
            for number, body in enumerate(bodies)
        ]
    card = grave.get_json().get("safety")
    return [grave.status_code, *(answer.status_code for answer in answers)], card


def _against_answers(statuses: list[int], card: Any) -> list[str]:
    problems = [f"answers of {status}" for status in sorted(set(statuses) - {201})]
    if not card or card["level"] != "crisis":
        problems.append("item 9 = 2 was answered without the crisis card")
    return problems


def _against_alerts(running: RunningService, clinic: ClinicWorld, counted: int) -> list[str]:
    alerts = running.rows(ALERTS, clinic.id)
    shown = [(a.family, a.severity, a.patient_id is None, a.occurrence_count) for a in alerts]
    wanted = [("rules_failed", "medium", True, counted), ("suicide_risk", "critical", False, 1)]
    if shown != wanted:
        return [f"alerts: {shown}"]
    for alert in alerts:
        wait_until(partial(mails_about, running, alert.id), "its page is there")
    counts = [len(set(mails_about(running, alert.id))) for alert in alerts]
    return [] if counts == [1, 1] else [f"pages of the two alerts: {counts}"]


def _replay(running: RunningService, clinic: ClinicWorld, since: datetime) -> list[str]:
    """The repaired rules decide again; a declined item 9 is a medium alert that nobody had seen."""
    stamp = since.strftime("%Y-%m-%dT%H:%M:%S")
    command = [str(BIN / "flask"), "--app", "wsgi", "rules", "replay", "--since", stamp]
    done = subprocess.run(
        command, env=running.environ(), capture_output=True, text=True, check=False
    )
    problems = [f"rules replay: exit {done.returncode}"] if done.returncode else []
    left = running.rows(UNDECIDED, clinic.id)[0].count
    if left:
        problems.append(f"{left} entries are still undecided")
    risk = [
        (alert.severity, alert.occurrence_count)
        for alert in running.rows(ALERTS, clinic.id)
        if alert.family == "suicide_risk"
    ]
    if risk != [("critical", 1), ("medium", 1)]:
        problems.append(f"suicide_risk alerts after the replay: {risk}")
    return problems
