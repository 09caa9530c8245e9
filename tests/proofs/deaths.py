"""Workers killed at random moments under load; two workers side by side."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from typing import Any
from uuid import UUID

from tests.builders.entries import phq9
from tests.builders.world import ClinicWorld
from tests.fixtures.running import RunningService, wait_until
from tests.proofs.seen import FIRST_CONTACT, Seen, post, verdict
from tools.child import Child

STARTING = 3
BURST = 6
LONGEST_LIFE_S = 0.25
PAGES = """
SELECT n.id, n.alert_id, n.state, n.channel, n.attempts FROM notifications n
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


@dataclass(frozen=True, slots=True)
class Copy:
    """One page as a receiver has it: its idempotency key and the alert that it names."""

    key: str
    alert_id: str


def killed_workers(running: RunningService, kills: int, seed: int) -> Seen:
    """SIGKILL workers at work, while patients answer; then one is left alone to finish."""
    dice = random.Random(seed)
    with _load(running) as (clinics, answer):
        with running.workers(0):
            done = 0
            while done < kills:
                done += _kill_those_at_work(running, answer, dice)
        problems = answer.problems()
    ids = [clinic.id for clinic in clinics]
    wait_until(lambda: not _unfinished(running, ids), "every page is out", 120)
    pages, copies = running.rows(PAGES, ids), received(running)
    problems += [f"alert {row.id} reached nobody" for row in running.rows(UNDELIVERED, ids)]
    problems += _wrong_keys(pages, copies)
    mine = {f"{page.id}" for page in pages}
    doubled = sum(count > 1 for key, count in Counter(c.key for c in copies).items() if key in mine)
    seen = (
        f"{len({page.alert_id for page in pages})} alerts, all delivered; "
        f"{running.rows(LOST_TRIES, ids)[0].count} tries died half-way, "
        f"{doubled} pages came twice under their own key"
    )
    claim = "workers killed by SIGKILL: every alert is delivered, duplicates carry the same key"
    return verdict(claim, f"{done} kills", seen, problems)


def two_workers(running: RunningService, alerts: int) -> Seen:
    """Two healthy workers share a burst of pages."""
    with _load(running) as (clinics, answer):
        ids = [clinic.id for clinic in clinics]
        with running.workers(0):
            pair = [running.start_worker(LEASE_S="30") for _ in range(2)]
            wait_until(lambda: len(_at_work(running, pair)) == 2, "both workers are up")
            answer.burst(alerts)
            problems = answer.problems()
            wait_until(lambda: not _unfinished(running, ids), "every page is out", 120)
    pages = running.rows(PAGES, ids)
    counts = Counter(copy.key for copy in received(running))
    sent = Counter(counts[str(page.id)] for page in pages)
    if sent != {1: alerts}:
        problems.append(f"times sent: {dict(sent)}")
    if any(page.attempts != 1 for page in pages):
        problems.append("a page took more than one try")
    seen = f"{len(pages)} pages, each sent once"
    return verdict("two workers: one send each", f"{alerts} alerts", seen, problems)


class _Answers:
    """New patients who answer item 9 with 2, without anybody waiting for the reply."""

    def __init__(self, running: RunningService, clinics: Sequence[ClinicWorld]) -> None:
        self._running, self._clinics = running, cycle(clinics)
        self._pool = ThreadPoolExecutor(4)
        self._pending: list[Any] = []

    def burst(self, count: int) -> None:
        for _ in range(count):
            self._pending.append(self._pool.submit(self._answer, next(self._clinics)))

    def _answer(self, clinic: ClinicWorld) -> int:
        return post(self._running, clinic.patient(), phq9(item9=2)).status

    def problems(self) -> list[str]:
        statuses = Counter(future.result() for future in self._pending)
        return [
            f"{count} answers of {status}" for status, count in statuses.items() if status != 201
        ]

    def close(self) -> None:
        self._pool.shutdown()


@contextmanager
def _load(running: RunningService) -> Iterator[tuple[list[ClinicWorld], _Answers]]:
    """One clinic that is paged by mail and one by webhook, and their patients."""
    clinics = []
    for contact in (FIRST_CONTACT, running.webhook.url):
        clinic = running.world().clinic()
        clinic.contact(contact)
        clinics.append(clinic)
    answer = _Answers(running, clinics)
    try:
        yield clinics, answer
    finally:
        answer.close()


def _kill_those_at_work(running: RunningService, answer: _Answers, dice: random.Random) -> int:
    """Give them work, let them live a random moment longer, and kill every one that is up."""
    while len(running.children) < STARTING:
        running.start_worker()
    wait_until(lambda: _at_work(running, running.children), "a worker is up", 60)
    answer.burst(BURST)
    time.sleep(dice.uniform(0, LONGEST_LIFE_S))
    victims = _at_work(running, running.children)
    for victim in victims:
        running.kill(victim)
    return len(victims)


def _at_work(running: RunningService, workers: Sequence[Child]) -> list[Child]:
    """The workers that hold a connection of theirs to the database."""
    awake = {row.name for row in running.rows(AWAKE, "interlude_worker")}
    return [worker for worker in workers if worker.name in awake]


def _unfinished(running: RunningService, clinics: Sequence[UUID]) -> bool:
    pages = running.rows(PAGES, list(clinics))
    return any(page.state not in ("sent", "delivered") for page in pages)


def received(running: RunningService) -> list[Copy]:
    """All pages that the mail server and the webhook receiver have."""
    mails = [
        Copy(str(mail["Message-ID"]).strip("<>").partition("@")[0], str(mail["X-Interlude-Alert"]))
        for mail in list(running.mail.inbox)
    ]
    calls = [
        Copy(request.headers["Idempotency-Key"], str(dict(request.json())["alert_id"]))  # type: ignore[call-overload] # JSON object
        for request in list(running.webhook.requests)
    ]
    return mails + calls


def _wrong_keys(pages: Sequence[Any], copies: Sequence[Copy]) -> list[str]:
    """Copies of these alerts whose key is not that of a page of the same alert."""
    mine = {str(page.alert_id) for page in pages}
    known = {(str(page.id), str(page.alert_id)) for page in pages}
    wrong = [c for c in copies if c.alert_id in mine and (c.key, c.alert_id) not in known]
    return [f"a page came under the unknown key {copy.key}" for copy in wrong]
