"""Faults planted by a hand in the database of a running service: the watcher names each in time."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import psycopg

from migrations.roles import libpq_url
from services.clock import utcnow
from tests.builders.entries import cssrs, phq9
from tests.builders.seen import saw
from tests.builders.world import ClinicWorld, Person
from tests.fixtures.running import BIN, RunningService, service_on, wait_until
from tests.proofs.apart import new_database
from tests.proofs.seen import Seen, tell
from tools.child import Child
from tools.supervisor import WATCH_EVERY_S

WITHIN_S: Final = 120.0
OF_THE_ALERT: Final = ("notifications", "alert_events", "alert_occurrences")
NEWEST: Final = "SELECT kinds, findings FROM watch_runs ORDER BY at DESC LIMIT 1"
# What a hand does to an alert (`%(alert)s`) or its answer (`%(entry)s`), and what names it.
PLANTED: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "alert deleted": (
        "answer_without_alert",
        (
            *(f"DELETE FROM {table} WHERE alert_id = %(alert)s" for table in OF_THE_ALERT),  # noqa: S608 -- ours
            "DELETE FROM alerts WHERE id = %(alert)s",
        ),
    ),
    "alert never sent": (
        "never_paged",
        (
            "DELETE FROM notifications WHERE alert_id = %(alert)s",
            "UPDATE alerts SET page_severity = NULL, page_round = 0, page_step = 0"
            " WHERE id = %(alert)s",
        ),
    ),
    "outbox cleared": (
        "outbox_cleared",
        ("DELETE FROM notifications WHERE alert_id = %(alert)s",),
    ),
    "page held back": (
        "not_reached",
        (
            "UPDATE notifications SET state = 'pending', sent_at = NULL,"
            " due_at = due_at + interval '1 day' WHERE alert_id = %(alert)s",
        ),
    ),
    "escalation overdue": (
        "step_overdue",
        (
            "UPDATE alert_events SET at = at - interval '690 s' WHERE alert_id = %(alert)s",
            "UPDATE alerts SET triggered_at = triggered_at - interval '690 s',"
            " round_started_at = round_started_at - interval '690 s',"
            " next_at = next_at + interval '1 day' WHERE id = %(alert)s",
        ),
    ),
    "escalation ended": (
        "no_next_step",
        ("UPDATE alerts SET next_at = NULL WHERE id = %(alert)s",),
    ),
    "wrong tier": (
        "alert_tier_too_low",
        ("UPDATE alerts SET severity = 'medium' WHERE id = %(alert)s",),
    ),
    "answer's tier lowered": (
        "lowered_without_reason",
        ("UPDATE alert_occurrences SET tier = 'high' WHERE alert_id = %(alert)s",),
    ),
    "answer deleted": (
        "answer_missing",
        (
            "DELETE FROM check_in_contents WHERE check_in_id = %(entry)s",
            "DELETE FROM check_ins WHERE id = %(entry)s",
        ),
    ),
    "ended by nobody": (
        "ended_by_nobody",
        (
            "UPDATE alerts SET status = 'resolved', resolved_at = now(), next_at = NULL"
            " WHERE id = %(alert)s",
        ),
    ),
    "owned for ever": (
        "acknowledgement_endless",
        (
            "UPDATE alerts SET ack_expires_at = ack_expires_at + interval '1 year'"
            " WHERE id = %(alert)s",
        ),
    ),
    "standing plan for too long": (
        "plan_invalid",
        (
            "UPDATE standing_plans SET until_at = set_at + interval '15 days'"
            " WHERE alert_id = %(alert)s",
        ),
    ),
}
BY_THE_ENTRY: Final = ("answer_without_alert", "answer_missing", "lowered_without_reason")


def planted_faults() -> Iterator[Seen]:
    """The line of the table: a service, its watcher and a database of their own."""
    with (
        tempfile.TemporaryDirectory() as name,
        new_database(Path(name)) as urls,
        service_on(urls, Path(name) / "data") as service,
    ):
        yield from tell(
            "each fault planted in the database, and workers killed, is named within 2 minutes",
            f"{len(PLANTED) + 1} faults",
            lambda: _named_in_time(service),
        )


def _named_in_time(service: RunningService) -> None:
    clinic = service.clinic()
    cases = {name: _case(service, clinic, name) for name in PLANTED}
    words = [str(BIN / "flask"), "--app", "wsgi", "alerts", "audit", "--every", WATCH_EVERY_S]
    watcher = Child("watcher", words, service.environ(), print)
    watcher.start()
    try:
        wait_until(lambda: service.rows(NEWEST), "the watcher has looked", WITHIN_S)
        assert service.rows(NEWEST)[0].kinds == []
        began = time.monotonic()
        _plant(service, cases)
        wanted = {name: _named(service, name, case) for name, case in cases.items()}
        wanted["workers killed"] = lambda found: any(
            one["kind"] == "no_worker_seen" for one in found
        )
        took: dict[str, float] = {}
        while len(took) < len(wanted) and time.monotonic() - began < WITHIN_S:
            found = service.rows(NEWEST)[0].findings
            for name in wanted.keys() - took.keys():
                if wanted[name](found):
                    took[name] = time.monotonic() - began
            time.sleep(0.2)
        assert wanted.keys() == took.keys(), sorted(wanted.keys() - took.keys())
        saw(
            f"all named within {max(took.values()):.0f} s, the first after {min(took.values()):.0f}"
        )
    finally:
        watcher.kill()


def _case(service: RunningService, clinic: ClinicWorld, name: str) -> dict[str, str]:
    """An answer and its alert, paged; owned or ended with a plan where that is what is spoilt."""
    patient, doctor = clinic.patient(), clinic.staff("clinician")
    form = phq9(item9=1 if "plan" in name else 3)
    assert service.post(patient, form).status == 201
    (alert,) = service.alerts(patient)
    service.wait_for_page(alert.id)
    calls: list[tuple[Person, str, Any]] = []
    if "owned" in name:
        calls = [(doctor, f"/v1/alerts/{alert.id}/acknowledge", {})]
    if "plan" in name:
        until = (utcnow() + timedelta(days=7)).isoformat()
        plan = {"until": until, "reason": "stable for years"}
        ending = {"disposition": "safe_plan_made", "standing_plan": plan}
        shown = cssrs("q1", recorded_at=utcnow().isoformat())
        calls = [
            (patient, "/v1/check-ins", shown),
            (doctor, f"/v1/alerts/{alert.id}/resolve", ending),
        ]
    for person, path, body in calls:
        answer = service.post(person, body, path)
        assert answer.status in (200, 201), answer.body
    return {"alert": str(alert.id), "entry": str(form["id"])}


def _plant(service: RunningService, cases: dict[str, dict[str, str]]) -> None:
    """All at once, as somebody whom no policy, trigger or reference holds."""
    with psycopg.connect(libpq_url(service.urls.admin)) as hand:
        hand.execute("SET session_replication_role = replica")
        for name, (_, statements) in PLANTED.items():
            for statement in statements:
                assert hand.execute(statement.encode(), cases[name]).rowcount, name
    for worker in list(service.children):
        service.kill(worker)


def _named(
    service: RunningService, name: str, case: dict[str, str]
) -> Callable[[list[dict[str, Any]]], bool]:
    kind = PLANTED[name][0]
    ids = {case["entry"] if kind in BY_THE_ENTRY else case["alert"]}
    if kind == "plan_invalid":
        query = "SELECT id FROM standing_plans WHERE alert_id = %s"
        ids = {str(row.id) for row in service.rows(query, case["alert"])}
    return lambda found: any(one["kind"] == kind and one.get("id") in ids for one in found)
