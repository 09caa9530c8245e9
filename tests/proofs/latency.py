"""How long from the answer on the phone to the page on the mail server, under light load."""

from __future__ import annotations

import time

from tests.builders.entries import phq9
from tests.builders.world import Person
from tests.fixtures.running import RunningService, wait_until
from tests.proofs.seen import Seen, post, verdict, ward

AIM_S = 1.0
ALERT = "SELECT id FROM alerts WHERE patient_id = %s"


def answer_to_mail(running: RunningService, pages: int, pause_s: float, aim_s: float) -> Seen:
    """One critical answer after another; `ok` when p99 is under `aim_s` seconds.

    The clock starts when the phone has the whole answer; a page that came first counts as 0.
    """
    clinic = ward(running)
    times = sorted(_one(running, clinic.patient(), pause_s) for _ in range(pages))
    p50, p99 = times[pages // 2], times[min(pages - 1, pages * 99 // 100)]
    seen = f"p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms, longest {times[-1] * 1000:.0f} ms"
    problems = [] if p99 < aim_s else [f"{seen}; the aim is p99 under {aim_s:g} s"]
    return verdict("from the POST's answer to the mail server", f"{pages} pages", seen, problems)


def _one(running: RunningService, person: Person, pause_s: float) -> float:
    before = len(running.mail.arrived_at)
    reply = post(running, person, phq9(item9=2))
    answered_at = time.monotonic()
    if reply.status != 201:
        raise AssertionError(f"the answer was {reply.status}")
    alert_id = str(running.rows(ALERT, person.patient_id)[0].id)
    wait_until(lambda: _arrival(running, alert_id, before) is not None, "the page is there")
    arrived_at = _arrival(running, alert_id, before) or answered_at
    time.sleep(pause_s)
    return max(0.0, arrived_at - answered_at)


def _arrival(running: RunningService, alert_id: str, before: int) -> float | None:
    """When the first page about this alert came (monotonic seconds)."""
    mail = running.mail
    for index in range(before, len(mail.arrived_at)):
        if mail.inbox[index]["X-Interlude-Alert"] == alert_id:
            return mail.arrived_at[index]
    return None
