"""How long a phone waits for its answer while the newest migrations run on a filled database.

What posts meanwhile is what the release before writes, by the names of its columns: the tables
change under it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from threading import Event, Thread
from typing import Any, Final, LiteralString
from uuid import UUID, uuid4

import psycopg
from alembic import command
from flask import Flask

from migrations.roles import libpq_url
from migrations.upgrade import alembic_config, upgrade
from models.clinic_door import enter_session

LONGEST_S: Final = 1.0
# PostgreSQL itself refuses whoever waits for a lock for so long.
NO_LONGER_FOR_A_LOCK: Final = f"-c lock_timeout={1000 * LONGEST_S:.0f}"
PHONES: Final = 4
BESIDE_S: Final = 5.0
LOCK: Final[LiteralString] = """
UPDATE patient_status SET revision = revision + 1, last_check_in_at = now()
WHERE clinic_id = %(clinic_id)s AND patient_id = %(patient_id)s
"""
POST: Final[LiteralString] = """
WITH of_ids AS (
  INSERT INTO record_ids
    (clinic_id, id, patient_id, kind, content_digest, first_answer, received_at)
  SELECT %(clinic_id)s, %(id)s, %(patient_id)s, 'check_in', sha256('a phone'), sha256('an answer'),
    now()
), of_entries AS (
  INSERT INTO check_ins (clinic_id, patient_id, id, root_id, version, instrument,
    instrument_version, mood_day, recorded_at, answered_at, received_at, zone, total, complete,
    answered, q9, q9_highest, flags, revision)
  SELECT %(clinic_id)s, %(patient_id)s, %(id)s, %(id)s, 1, 'phq9-daily', '1', current_date, now(),
    now(), now(), 'Europe/Paris', 6, true, 9, 0, 0, '{}', 1
)
INSERT INTO check_in_contents (clinic_id, patient_id, check_in_id, answers)
SELECT %(clinic_id)s, %(patient_id)s, %(id)s, '{"q9": 0}'
"""


@dataclass
class SimulatedPhone:
    """Stores one answer after the other; `waits` in seconds, `refused` in the database's words."""

    url: str
    clinic_id: UUID
    patient_id: UUID
    waits: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def post_until(self, stopping: Event) -> None:
        """On one connection, as a web process keeps it."""
        with psycopg.connect(self.url, autocommit=True, options=NO_LONGER_FOR_A_LOCK) as connection:
            enter_session(connection, self.clinic_id)
            while not stopping.wait(0.01):
                self._post(connection)

    def _post(self, connection: psycopg.Connection) -> None:
        given: dict[str, Any] = {"clinic_id": self.clinic_id, "patient_id": self.patient_id}
        began = time.perf_counter()
        try:
            with connection.transaction():
                connection.execute(LOCK, given)
                connection.execute(POST, given | {"id": uuid4()})
        except psycopg.Error as error:
            self.refused.append(str(error).partition("\n")[0])
        self.waits.append(time.perf_counter() - began)


@dataclass(frozen=True, slots=True)
class Upgraded:
    """`waits` of phones in seconds: `quiet` without the upgrade, `beside` it."""

    since: str
    seconds: float
    quiet: list[float]
    beside: list[float]
    refused: list[str]

    @property
    def good(self) -> bool:
        """Whether nobody was held up for long, and nobody refused."""
        return not self.refused and max(self.beside) <= LONGEST_S

    def words(self) -> str:
        """One sentence of it."""
        times = (
            f"a phone waited {1000 * median(waits):.0f} ms (p50) and {max(waits):.2f} s at most"
            for waits in (self.beside, self.quiet)
        )
        beside, quiet = times
        refused = f"{len(self.refused)} refused {self.refused[:1] or ''}".strip()
        return (
            f"`db upgrade` from {self.since} took {self.seconds:.1f} s; of {len(self.beside)} posts"
            f" meanwhile {refused}, {beside} ({'met' if self.good else 'MISSED'}: at most"
            f" {LONGEST_S:g} s); before, {quiet}"
        )


def upgraded(
    app: Flask,
    app_url: str,
    since: str,
    people: Sequence[tuple[UUID, UUID]],
    more_versions: Sequence[Path] = (),
) -> Upgraded:
    """Back to a revision, and from there to the newest beside phones.

    `people`: clinic and patient of each phone. `more_versions`: folders with migrations that come
    after those of this version.
    """
    owner_url = app.config["INTERLUDE"].owner_database_url
    command.downgrade(alembic_config(owner_url), since)
    phones = [SimulatedPhone(libpq_url(app_url), *one) for one in people[:PHONES]]
    quiet = _waits_beside(phones, lambda: time.sleep(BESIDE_S))
    began = time.perf_counter()
    beside = _waits_beside(phones, lambda: upgrade(owner_url, "head", *more_versions))
    refused = [one for phone in phones for one in phone.refused]
    return Upgraded(since, time.perf_counter() - began, quiet, beside, refused)


def _waits_beside(phones: list[SimulatedPhone], work: Callable[[], object]) -> list[float]:
    """What the phones waited from before some work until after it."""
    before, stopping = [len(phone.waits) for phone in phones], Event()
    threads = [Thread(target=phone.post_until, args=(stopping,)) for phone in phones]
    for thread in threads:
        thread.start()
    try:
        work()
    finally:
        stopping.set()
        for thread in threads:
            thread.join()
    return [
        wait for first, phone in zip(before, phones, strict=True) for wait in phone.waits[first:]
    ]
