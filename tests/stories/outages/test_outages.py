"""The mail server or the database goes away and comes back; nothing is restarted."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from api.play.phones import Reply
from tests.builders.entries import phq9
from tests.builders.seen import saw
from tests.builders.world import ClinicWorld
from tests.fixtures.running import RunningService, wait_until

pytestmark = pytest.mark.xdist_group("running")
ALERTS = "SELECT id FROM alerts WHERE clinic_id = %s"
TRIED = """
SELECT n.page_step AS step, count(*) AS tries FROM notifications n
JOIN notification_attempts t ON t.clinic_id = n.clinic_id AND t.notification_id = n.id
WHERE n.clinic_id = %s AND t.outcome = 'smtp_unreachable' GROUP BY n.page_step
"""
PARTS = """
SELECT (SELECT count(*) FROM record_ids WHERE clinic_id = %s) AS ids,
  (SELECT count(*) FROM check_ins WHERE clinic_id = %s) AS check_ins,
  (SELECT count(*) FROM alert_occurrences WHERE clinic_id = %s) AS occurrences
"""
RED_LIMIT_S = 90.0


def test_pages_get_out_when_the_mail_server_is_back(
    running: RunningService, alerts: int = 3, until_red: bool = False
):
    """`until_red` waits, while the mail server is away, until /safetyz says so."""
    clinic = running.clinic()

    running.mail.refuse_connections()
    try:
        for _ in range(alerts):
            assert running.post(clinic.patient(), phq9(item9=3)).status == 201
        wait_until(lambda: len(failed_tries(running, clinic)) == 2, "the next contact is tried too")
        if until_red:
            wait_until(lambda: safety(running) == 503, "/safetyz is red", RED_LIMIT_S)
    finally:
        running.mail.accept_connections()

    wait_until(lambda: not running.pages_waiting(clinic.id), "every page is out", 60)
    wait_until(lambda: safety(running) == 200, "/safetyz is green again")
    reached = [bool(running.pages_about(row.id)) for row in running.rows(ALERTS, clinic.id)]
    assert reached == [True] * alerts
    red = ", /safetyz 503 and then 200" if until_red else ""
    saw(
        f"{sum(failed_tries(running, clinic).values())} failed tries recorded, both contacts"
        f" tried{red}, all {alerts} alerts mailed afterwards"
    )


def test_answers_are_taken_again_when_the_database_is_back(running: RunningService, posts: int = 3):
    clinic = running.clinic()
    waiting = [(clinic.patient(), phq9(item9=3)) for _ in range(posts)]

    with running.database_gone():
        for patient, answer in waiting:
            is_informed_that_nothing_was_received(running.post(patient, answer))

    assert parts(running, clinic.id) == (0, 0, 0), "nothing is half-written"
    for patient, answer in waiting:
        assert running.post(patient, answer).status == 201
    assert parts(running, clinic.id) == (posts,) * 3
    for row in running.rows(ALERTS, clinic.id):
        running.wait_for_page(row.id)
    saw(f"{posts} x 503 with Retry-After and card, nothing half-written; {posts} x 201, paged")


def test_every_api_process_says_that_it_is_at_work(running: RunningService):
    """What silence leaves out is known by it."""
    lives = "SELECT 1 FROM api_lives WHERE until_at > now() - interval '1 hour'"
    wait_until(lambda: len(running.rows(lives)) >= 2, "both have left a sign of life")


def is_informed_that_nothing_was_received(reply: Reply) -> None:
    assert reply.status == 503
    assert int(reply.headers["retry-after"]) >= 1
    problem: Any = reply.json()
    assert "did not reach your clinic" in problem["safety"]["monitoring"]


def failed_tries(running: RunningService, clinic: ClinicWorld) -> dict[int, int]:
    """How often each step of the chain was tried in vain."""
    return {row.step: row.tries for row in running.rows(TRIED, clinic.id)}


def safety(running: RunningService) -> int:
    return running.send("GET", "/safetyz", {}).status


def parts(running: RunningService, clinic_id: UUID) -> tuple[int, ...]:
    """Ids, check-ins and occurrences of a clinic: of a whole answer there is one each."""
    return tuple(running.rows(PARTS, clinic_id, clinic_id, clinic_id)[0])
