"""The mail server or the database goes away and comes back; nothing is restarted."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from tests.builders.entries import phq9
from tests.builders.world import ClinicWorld
from tests.fixtures.running import RunningService, wait_until
from tests.proofs.seen import Seen, mails_about, post, verdict, ward

ALERTS = "SELECT id FROM alerts WHERE clinic_id = %s"
TRIED = """
SELECT n.page_step AS step, count(*) AS tries FROM notifications n
JOIN notification_attempts t ON t.clinic_id = n.clinic_id AND t.notification_id = n.id
WHERE n.clinic_id = %s AND t.outcome = 'smtp_unreachable' GROUP BY n.page_step
"""
WAITING = """
SELECT count(*) FROM notifications
WHERE clinic_id = %s AND kind = 'page' AND state NOT IN ('sent', 'delivered')
"""
HALVES = """
SELECT (SELECT count(*) FROM record_ids WHERE clinic_id = %s) AS ids,
  (SELECT count(*) FROM check_ins WHERE clinic_id = %s) AS check_ins,
  (SELECT count(*) FROM alert_occurrences WHERE clinic_id = %s) AS occurrences
"""
RED_LIMIT_S = 90.0


def mail_gone_and_back(running: RunningService, alerts: int, until_red: bool) -> Seen:
    """Critical answers while the mail server's port is closed; `until_red` waits for /safetyz."""
    clinic = ward(running)
    running.mail.refuse_connections()
    try:
        statuses = {post(running, clinic.patient(), phq9(item9=3)).status for _ in range(alerts)}
        wait_until(lambda: len(_tried(running, clinic)) == 2, "the next contact is tried too")
        if until_red:
            wait_until(lambda: _safety(running) == 503, "/safetyz is red", RED_LIMIT_S)
    finally:
        running.mail.accept_connections()
    wait_until(lambda: not running.rows(WAITING, clinic.id)[0].count, "every page is out", 60)
    wait_until(lambda: _safety(running) == 200, "/safetyz is green again")
    reached = [bool(mails_about(running, row.id)) for row in running.rows(ALERTS, clinic.id)]
    problems = [] if statuses == {201} else [f"answers of {statuses}"]
    problems += (
        [] if reached == [True] * alerts else [f"{sum(reached)} of {alerts} reached anybody"]
    )
    red = ", /safetyz 503 and then 200" if until_red else ""
    seen = (
        f"{sum(_tried(running, clinic).values())} failed tries recorded, both contacts tried{red},"
        f" all {alerts} alerts mailed afterwards"
    )
    return verdict("mail server gone and back", f"{alerts} alerts", seen, problems)


def _tried(running: RunningService, clinic: ClinicWorld) -> dict[int, int]:
    return {row.step: row.tries for row in running.rows(TRIED, clinic.id)}


def _safety(running: RunningService) -> int:
    return running.send("GET", "/safetyz", {}).status


def database_gone_and_back(running: RunningService, posts: int) -> Seen:
    """Answers while the database takes no connection, and the same ones again when it is back."""
    clinic = ward(running)
    waiting = [(clinic.patient(), phq9(item9=3)) for _ in range(posts)]
    problems: list[str] = []
    with running.database_gone():
        for person, body in waiting:
            problems += _against_outage(post(running, person, body))
    halves = _halves(running, clinic.id)
    if halves != (0, 0, 0):
        problems.append(f"half-written: {halves}")
    statuses = [post(running, person, body).status for person, body in waiting]
    if statuses != [201] * posts:
        problems.append(f"afterwards: {statuses}")
    if _halves(running, clinic.id) != (posts,) * 3:
        problems.append("not one row each afterwards")
    for row in running.rows(ALERTS, clinic.id):
        wait_until(partial(mails_about, running, row.id), "the page is there")
    seen = (
        f"{posts} x 503 with Retry-After and card, nothing half-written; then {posts} x 201, paged"
    )
    return verdict("database gone and back, nothing restarted", f"{posts} answers", seen, problems)


def _against_outage(reply: Any) -> list[str]:
    problem = reply.json()
    card = problem.get("safety") or {}
    wrong = []
    if reply.status != 503 or int(reply.headers.get("retry-after", 0)) < 1:
        wrong.append(f"{reply.status} without Retry-After during the outage")
    if "did not reach your clinic" not in card.get("monitoring", ""):
        wrong.append("the card does not say that nothing reached the clinic")
    return wrong


def _halves(running: RunningService, clinic_id: UUID) -> tuple[int, ...]:
    return tuple(running.rows(HALVES, clinic_id, clinic_id, clinic_id)[0])
