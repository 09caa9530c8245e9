"""Pages arrive: workers killed at random moments under load, two workers side by side, and soon."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import pytest

from tests.builders.entries import phq9
from tests.builders.seen import saw
from tests.builders.world import ClinicWorld, Person
from tests.fixtures.running import RunningService, wait_until
from tools.child import Child

pytestmark = pytest.mark.xdist_group("running")
STARTING = 3
BURST = 6
LONGEST_LIFE_S = 0.25
PAGES = """
SELECT n.id, n.alert_id, n.state, n.attempts FROM notifications n
WHERE n.clinic_id = ANY(%s) AND n.kind = 'page'
"""
UNDELIVERED = """
SELECT a.id FROM alerts a WHERE a.clinic_id = ANY(%s) AND NOT EXISTS (SELECT FROM notifications n
  WHERE n.clinic_id = a.clinic_id AND n.alert_id = a.id AND n.state IN ('sent', 'delivered'))
"""
LOST_TRIES = """
SELECT count(*) FROM notification_attempts WHERE clinic_id = ANY(%s) AND outcome = 'lease_expired'
"""
AWAKE = "SELECT DISTINCT application_name AS name FROM pg_stat_activity WHERE usename = %s"


def test_every_page_arrives_whenever_workers_are_killed(
    running: RunningService, kills: int = 8, seed: int = 1
):
    """SIGKILL workers at work, while patients answer; then one is left alone to finish."""
    dice, killed = random.Random(seed), 0
    with patients_who_answer(running) as patients:
        with running.workers(0):
            while killed < kills:
                killed += kill_those_at_work(running, patients, dice)
        patients.all_were_taken()

    wait_until(patients.every_page_is_out, "every page is out", 120)

    pages, copies = patients.pages(), received_by(running, patients)
    assert len(pages) >= BURST * killed / STARTING, "there was a load"
    assert running.rows(UNDELIVERED, patients.clinic_ids) == []
    assert {(str(page.id), str(page.alert_id)) for page in pages} == set(copies)
    doubled = sum(count > 1 for count in Counter(copies).values())
    saw(
        f"{killed} kills; {len({page.alert_id for page in pages})} alerts, all delivered; "
        f"{running.rows(LOST_TRIES, patients.clinic_ids)[0].count} tries died half-way, "
        f"{doubled} pages came twice under their own key"
    )


def test_two_workers_send_each_page_once(running: RunningService, alerts: int = 30):
    with patients_who_answer(running) as patients, running.workers(0):
        pair = [running.start_worker(LEASE_S="30") for _ in range(2)]
        wait_until(lambda: len(at_work(running, pair)) == 2, "both workers are up")

        patients.answer(alerts)
        patients.all_were_taken()
        wait_until(patients.every_page_is_out, "every page is out", 120)
        assert [exit_code_when_asked_to_stop(worker) for worker in pair] == [0, 0]

    copies = Counter(key for key, _ in received_by(running, patients))
    assert sorted(copies.values()) == [1] * alerts
    assert [page.attempts for page in patients.pages()] == [1] * alerts
    saw(f"{len(copies)} pages, each sent once")


def test_a_page_is_there_within_seconds_of_the_answer(
    running: RunningService, pages: int = 5, pause_s: float = 0.0, aim_s: float = 20.0
):
    """A busy machine proves no percentile: `make prove` measures against the aim of one second.

    The clock starts when the phone has the whole answer; a page that came first counts as 0.
    """
    clinic, times = running.clinic(), []
    for _ in range(pages):
        times.append(seconds_from_answer_to_page(running, clinic.patient()))
        time.sleep(pause_s)

    times.sort()
    p50, p99 = times[pages // 2], times[min(pages - 1, pages * 99 // 100)]
    saw(f"p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms, longest {times[-1] * 1000:.0f} ms")
    assert p99 < aim_s


@dataclass
class Patients:
    """New patients of some clinics who answer item 9 with 2, and what became of it."""

    running: RunningService
    clinics: Sequence[ClinicWorld]
    pool: ThreadPoolExecutor

    def __post_init__(self) -> None:
        self.clinic_ids = [clinic.id for clinic in self.clinics]
        self._next = cycle(self.clinics)
        self._sent: list[Future[int]] = []

    def answer(self, count: int) -> None:
        """So many of them, without anybody waiting for the reply."""
        for _ in range(count):
            self._sent.append(self.pool.submit(self._answer, next(self._next)))

    def _answer(self, clinic: ClinicWorld) -> int:
        return self.running.post(clinic.patient(), phq9(item9=2)).status

    def all_were_taken(self) -> None:
        """Wait for the replies."""
        assert {sent.result() for sent in self._sent} == {201}

    def pages(self) -> list[Any]:
        """All pages of these clinics."""
        return self.running.rows(PAGES, self.clinic_ids)

    def every_page_is_out(self) -> bool:
        return all(page.state in ("sent", "delivered") for page in self.pages())


@contextmanager
def patients_who_answer(running: RunningService) -> Iterator[Patients]:
    """Of one clinic that is paged by mail, and of one that is paged by webhook."""
    by_webhook = running.world().clinic()
    by_webhook.contact(running.webhook.url)
    with ThreadPoolExecutor(4) as pool:
        yield Patients(running, (running.clinic(), by_webhook), pool)


def kill_those_at_work(running: RunningService, patients: Patients, dice: random.Random) -> int:
    """Give them work, let them live a random moment longer, and kill every one that is up."""
    while len(running.children) < STARTING:
        running.start_worker()
    wait_until(lambda: at_work(running, running.children), "a worker is up", 60)
    patients.answer(BURST)
    time.sleep(dice.uniform(0, LONGEST_LIFE_S))
    victims = at_work(running, running.children)
    for victim in victims:
        running.kill(victim)
    return len(victims)


def at_work(running: RunningService, workers: Sequence[Child]) -> list[Child]:
    """The workers that have a connection of theirs to the database."""
    awake = {row.name for row in running.rows(AWAKE, "interlude_worker")}
    return [worker for worker in workers if worker.name in awake]


def exit_code_when_asked_to_stop(worker: Child) -> int:
    assert worker.process is not None
    worker.process.send_signal(signal.SIGTERM)
    return worker.process.wait(30)


def received_by(running: RunningService, patients: Patients) -> list[tuple[str, str]]:
    """(idempotency key, alert) of every copy of their pages that a receiver has."""
    mails = [
        (str(mail["Message-ID"]).strip("<>").partition("@")[0], str(mail["X-Interlude-Alert"]))
        for mail in list(running.mail.inbox)
    ]
    calls = [
        (request.headers["Idempotency-Key"], str(dict(request.json())["alert_id"]))  # type: ignore[call-overload] # JSON object
        for request in list(running.webhook.requests)
    ]
    theirs = {str(page.alert_id) for page in patients.pages()}
    return [copy for copy in mails + calls if copy[1] in theirs]


def seconds_from_answer_to_page(running: RunningService, patient: Person) -> float:
    before = len(running.mail.arrived_at)
    assert running.post(patient, phq9(item9=2)).status == 201
    answered_at = time.monotonic()
    (alert,) = running.alerts(patient)
    running.wait_for_page(alert.id)
    arrivals = zip(running.mail.inbox[before:], running.mail.arrived_at[before:], strict=True)
    first = next(at for mail, at in arrivals if mail["X-Interlude-Alert"] == str(alert.id))
    return max(0.0, first - answered_at)
