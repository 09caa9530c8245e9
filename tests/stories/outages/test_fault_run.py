"""Everything fails at random moments while patients answer: nothing is lost, nobody is paged amiss.

Workers and the API die by SIGKILL, the database goes away (or dies, where it is the run's own), the
mail server refuses, hangs, cuts the line before and after it has taken a mail, the webhook answers
500, hangs and cuts. Phones send again until they have an answer, as phones do.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.builders.entries import phq9
from tests.builders.seen import saw
from tests.builders.world import ClinicWorld, Person
from tests.fixtures.mail import MailFault
from tests.fixtures.running import RunningService, wait_until
from tests.fixtures.webhook import Answer

pytestmark = pytest.mark.xdist_group("running")
PHONES = 4
RETRY_S = 0.1
HEALED_WITHIN_S = 180.0
MAIL_FAULTS = (
    MailFault.REFUSE_TEMPORARILY,
    MailFault.SENDER_REFUSED,
    MailFault.HANG,
    MailFault.DROP_BEFORE_DATA,
    MailFault.DROP_AFTER_DATA,
)
HOOK_FAULTS = (Answer(500), Answer(hang=True), Answer(drop=True))
ANSWERS = """
SELECT c.id, count(o.id) AS occurrences FROM check_ins c
LEFT JOIN alert_occurrences o ON o.clinic_id = c.clinic_id AND o.entry_id = c.id
WHERE c.clinic_id = ANY(%s) GROUP BY c.id
"""
UNSEEN = """
SELECT a.id FROM alerts a WHERE a.clinic_id = ANY(%s) AND NOT EXISTS (SELECT FROM notifications n
  WHERE n.clinic_id = a.clinic_id AND n.alert_id = a.id AND n.kind = 'page'
    AND n.state IN ('sent', 'delivered'))
"""
TAKEN = """
SELECT alert_id, count(*) AS times FROM alert_events
WHERE clinic_id = ANY(%s) AND kind = 'acknowledged' GROUP BY alert_id
"""
# A page to the next on the chain, within the first minutes, is due only when one before has failed
# (perhaps one of an earlier round, which a later round's first step has joined).
NOT_DUE = """
SELECT n.id, n.page_round, n.page_step, n.alert_id
FROM notifications n JOIN alerts a ON a.clinic_id = n.clinic_id AND a.id = n.alert_id
WHERE n.clinic_id = ANY(%s) AND n.kind = 'page' AND n.page_step > 1
  AND n.created_at < a.triggered_at + interval '9 minutes'
  AND NOT EXISTS (SELECT FROM notifications b
    JOIN notification_attempts t ON t.clinic_id = b.clinic_id AND t.notification_id = b.id
    WHERE b.clinic_id = n.clinic_id AND b.alert_id = n.alert_id AND b.id <> n.id
      AND t.at <= n.created_at AND t.outcome NOT IN ('sent', 'delivered'))
"""
KNOWN = """
SELECT n.id, n.alert_id FROM notifications n WHERE n.clinic_id = ANY(%s)
  AND n.kind IN ('page', 'stand_down')
"""


def test_whatever_fails_every_answer_is_stored_once_and_paged(
    running: RunningService,
    answers: int = 24,
    seed: int = 1,
    longest_pause_s: float = 1.0,
    kill_database: Callable[[], None] | None = None,
) -> None:
    with ThreadPoolExecutor(PHONES) as pool, running.workers(2):
        run = FaultRun(running, random.Random(seed), pool, kill_database)
        try:
            run.live(answers, longest_pause_s)
        finally:
            run.heal()
        run.wait_until_all_is_out()
    run.check(answers)
    faults = ", ".join(f"{count} x {name}" for name, count in sorted(run.faults.items()))
    saw(
        f"{answers} answers of {answers} patients, {run.tries} tries of phones; {faults};"
        f" {run.copies} pages came more than once, under their own key; {len(run.taken)}"
        " acknowledged, each once"
    )


@dataclass
class FaultRun:
    """Two clinics, one paged by mail and one by webhook and mail, and what goes wrong."""

    running: RunningService
    dice: random.Random
    pool: ThreadPoolExecutor
    kill_database: Callable[[], None] | None
    faults: Counter[str] = field(default_factory=Counter)
    taken: list[UUID] = field(default_factory=list)
    tries: int = 0
    copies: int = 0

    def __post_init__(self) -> None:
        hooked = self.running.world().clinic()
        hooked.contact(self.running.webhook.url)
        self.clinics = [self.running.clinic(), hooked]
        self.ids = [one.id for one in self.clinics]
        self.staff = {one.id: one.staff("on_call") for one in self.clinics}

    def live(self, answers: int, longest_pause_s: float) -> None:
        """Everybody answers, and staff take every third alert, while things break.

        What is started here is tied to the thread that starts it: this one lives on.
        """
        people = [self.clinics[each % 2].patient() for each in range(answers)]
        sent = [
            self.pool.submit(self._answer, self.clinics[each % 2], person, each % 3 == 0)
            for each, person in enumerate(people)
        ]
        ways = [self._kill_worker, self._kill_api, self._lose_database, self._mail, self._hook]
        while not all(one.done() for one in sent):
            time.sleep(self.dice.uniform(0.2, longest_pause_s))
            self.dice.choice(ways)()
        for one in sent:
            one.result()

    def heal(self) -> None:
        """Nothing fails any more."""
        self.running.mail.fault = MailFault.NONE
        self.running.mail.release()
        self.running.webhook.otherwise = Answer()
        self.running.webhook.release()

    def wait_until_all_is_out(self) -> None:
        """Every page that was due has got out or was given up for the next one."""
        wait_until(
            self._everybody_is_seen,
            "somebody was reached about every alert",
            HEALED_WITHIN_S,
        )

    def _everybody_is_seen(self) -> bool:
        with suppress(psycopg.OperationalError):
            return self.running.rows(UNSEEN, self.ids) == []
        return False

    def check(self, answers: int) -> None:
        """The promises, one by one."""
        stored = self.running.rows(ANSWERS, self.ids)
        assert [row.occurrences for row in stored] == [1] * answers, "stored and decided once"
        twice = [row for row in self.running.rows(TAKEN, self.ids) if row.times != 1]
        assert twice == [], "acknowledged twice"
        early = self.running.rows(NOT_DUE, self.ids)
        assert early == [], f"paged before their turn: {early[0]}"
        known = {(str(row.id), str(row.alert_id)) for row in self.running.rows(KNOWN, self.ids)}
        ours = {alert_id for _, alert_id in known}
        received = Counter(one for one in self._received() if one[1] in ours)
        assert set(received) <= known, "a page that the outbox does not know"
        self.copies = sum(count > 1 for count in received.values())

    def _answer(self, clinic: ClinicWorld, person: Person, is_taken: bool) -> None:
        form = phq9(item9=2)
        self._until(lambda: self.running.post(person, form), (200, 201))
        if is_taken:
            alert = self._alert_of(person)
            path = f"/v1/alerts/{alert.id}/acknowledge"
            headers = self.staff[clinic.id].headers
            self._until(lambda: self.running.send("POST", path, headers), (200,))
            self.taken.append(alert.id)

    def _alert_of(self, person: Person) -> Any:
        """The looker's connection dies with the database, too."""
        while True:
            with suppress(psycopg.OperationalError):
                (alert,) = self.running.alerts(person)
                return alert
            time.sleep(RETRY_S)

    def _until(self, call: Callable[[], Any], wanted: tuple[int, ...]) -> None:
        """Send again until there is an answer that says it is done."""
        deadline = time.monotonic() + HEALED_WITHIN_S
        while time.monotonic() < deadline:
            self.tries += 1
            with suppress(OSError):
                status = call().status
                if status in wanted:
                    return
                assert status in (408, 429, 500, 502, 503), status
            time.sleep(RETRY_S)
        raise AssertionError("no answer in time")

    def _kill_worker(self) -> None:
        self.running.kill(self.dice.choice(self.running.children))
        self.faults["worker killed"] += 1
        while len(self.running.children) < self.dice.choice((2, 3, 4)):
            self.running.start_worker()

    def _kill_api(self) -> None:
        if not self.running.is_ready():
            return  # it is still starting; killed all the time it would answer nobody at all
        self.running.kill_api()
        self.faults["API killed"] += 1

    def _lose_database(self) -> None:
        if self.kill_database is not None:
            self.kill_database()
            self.faults["PostgreSQL killed"] += 1
            return
        with self.running.database_gone():
            time.sleep(self.dice.uniform(0.1, 0.5))
        self.faults["database gone"] += 1

    def _mail(self) -> None:
        self.running.mail.release()
        self.running.mail.fault = self.dice.choice((MailFault.NONE, *MAIL_FAULTS))
        self.faults[f"mail {self.running.mail.fault.value}"] += 1

    def _hook(self) -> None:
        self.running.webhook.release()
        self.running.webhook.otherwise = self.dice.choice((Answer(), *HOOK_FAULTS))
        self.faults["webhook"] += 1

    def _received(self) -> Iterator[tuple[str, str]]:
        for mail in list(self.running.mail.inbox):
            if mail["X-Interlude-Alert"]:
                key = str(mail["Message-ID"]).strip("<>").partition("@")[0]
                yield key, str(mail["X-Interlude-Alert"])
        for request in list(self.running.webhook.requests):
            body: Any = request.json()
            if "alert_id" in body:
                yield request.headers["Idempotency-Key"], body["alert_id"]
