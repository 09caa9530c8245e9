"""A database that grows: clinics of 500 patients, each of whom answered 100 times in a year.

PostgreSQL makes the rows itself, as its superuser: Python would take a day for ten million. Nobody
is real, and what is encrypted holds noise: nothing here is read by whoever is measured.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final, LiteralString
from uuid import UUID

import psycopg
from psycopg import sql

PATIENTS_A_CLINIC: Final = 500
# Of each patient beyond the first clinic; until it is full, they have fewer.
CHECK_INS: Final = 100
AT_ONCE: Final = 1_000

# `n`: the number of a patient; patients of one clinic follow each other.
PATIENT: Final[LiteralString] = """
WITH made AS (
  SELECT n, md5('patient ' || n)::uuid AS id, md5('user ' || n)::uuid AS user_id,
    (%(clinics)s::uuid[])[1 + (n - 1) / %(a_clinic)s] AS clinic_id,
    now() - interval '400 days' AS at
  FROM generate_series(%(first)s::int, %(last)s::int) AS n
), of_users AS (
  INSERT INTO users
    (clinic_id, id, email, email_digest, name, roles, timezone, created_at)
  SELECT clinic_id, user_id, sha256(n::text::bytea), sha256(user_id::text::bytea),
    'Simulated ' || n, ARRAY['patient'], 'Europe/Paris', at
  FROM made
), of_patients AS (
  INSERT INTO patients
    (clinic_id, id, user_id, name, timezone, mrn, created_at, accepted_at, status, paused_until)
  SELECT clinic_id, id, user_id, 'Simulated ' || n, 'Europe/Paris', 'G' || n, at, at,
    CASE n %% 20 WHEN 0 THEN 'discharged' WHEN 1 THEN 'paused' ELSE 'active' END,
    CASE n %% 20 WHEN 1 THEN current_date + 20 END
  FROM made
)
INSERT INTO patient_status (clinic_id, patient_id, revision, last_check_in_at, last_item9_on,
  last_item9, baseline, current, trend_status, daily_m7, daily_slope)
SELECT clinic_id, id, %(each)s, now() - interval '1 hour' * (n %% 90), current_date - n %% 4,
  0, 18, 12, 'partial_response', 8.5, (n %% 7) - 3
FROM made
"""
# So far apart over the past year, each patient on days of their own, up to yesterday: `d` is the
# number of an answer, counted back. What the rules decided is what they decided about somebody who
# is there already. Who all of it refers to is known to be there: nothing looks again.
ALONE: Final = "SET LOCAL session_replication_role = replica"
CHECK_IN: Final[LiteralString] = """
WITH days AS (
  SELECT n, 1 + (%(d)s::int - 1) * 365 / %(each)s::int
    + n %% greatest(1, 365 / %(each)s::int) AS ago
  FROM generate_series(%(first)s::int, %(last)s::int) AS n
), made AS (
  SELECT md5('patient ' || n)::uuid AS patient_id, md5(n || ' on ' || ago)::uuid AS id, n, ago,
    (%(clinics)s::uuid[])[1 + (n - 1) / %(a_clinic)s] AS clinic_id,
    (current_date - ago) + time '19:00' AS at
  FROM days
), of_ids AS (
  INSERT INTO record_ids
    (clinic_id, id, patient_id, kind, content_digest, first_answer, received_at)
  SELECT clinic_id, id, patient_id, 'check_in', sha256(id::text::bytea),
    decode(repeat(md5(id::text), 37), 'hex'), at
  FROM made
), of_entries AS (
  INSERT INTO check_ins (clinic_id, patient_id, id, root_id, version, instrument,
    instrument_version, mood_day, recorded_at, answered_at, received_at, zone, total, complete,
    answered, q9, q9_highest, flags, revision)
  SELECT clinic_id, patient_id, id, id, 1, 'phq9-daily', '1', current_date - ago, at, at, at,
    'Europe/Paris', (n + ago) %% 20, true, 9, 0, 0, '{}', 1 + %(each)s - %(d)s
  FROM made
), of_decisions AS (
  INSERT INTO decisions (clinic_id, id, patient_id, entry_id, rule_version, by, decided, decided_at,
    revision)
  SELECT clinic_id, md5('decision ' || id)::uuid, patient_id, id, 's-2026.11.2', 'rules',
    coalesce((SELECT decided FROM decisions LIMIT 1), '[]'), at, 1 + %(each)s - %(d)s
  FROM made
)
INSERT INTO check_in_contents (clinic_id, patient_id, check_in_id, answers)
SELECT clinic_id, patient_id, id,
  '{"q1": 1, "q2": 0, "q3": 2, "q4": 1, "q5": 0, "q6": 1, "q7": 0, "q8": 0, "q9": 0}'
FROM made
"""
# While it is filled: a crash would lose it, and then it is filled anew.
QUICK: Final = {
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "checkpoint_timeout": "1h",
    "max_wal_size": "4GB",
}
# Each fills in patients of its own.
FILLERS: Final = 2


def clinics_for(check_ins: int) -> int:
    """How many clinics there are with so many check-ins."""
    return max(1, check_ins // (PATIENTS_A_CLINIC * CHECK_INS))


def grow(
    connection: psycopg.Connection,
    clinics: Sequence[UUID],
    check_ins: int,
    done: Callable[[int], object],
) -> None:
    """From nothing, or from one clinic that is full, to so many check-ins; counts them in `done`.

    The first clinic has as many patients at every size: it is the one that is measured. Rows come
    in the order of their time, as they do in life: what a table holds of a month lies in one place.
    """
    fresh = clinics_for(check_ins)
    each = min(CHECK_INS, check_ins // (fresh * PATIENTS_A_CLINIC))
    first, last = 1 + _patients(connection), fresh * PATIENTS_A_CLINIC
    given = {"clinics": list(clinics), "a_clinic": PATIENTS_A_CLINIC, "each": each}
    with _quickly(connection), ThreadPoolExecutor(FILLERS) as pool:
        for start in range(first, last + 1, AT_ONCE):
            end = min(start + AT_ONCE - 1, last)
            connection.execute(PATIENT, given | {"first": start, "last": end})
        share = max(1, math.ceil((last - first + 1) / FILLERS))
        parts = [
            given | {"first": start, "last": min(start + share - 1, last)}
            for start in range(first, last + 1, share)
        ]
        url = f"{connection.info.dsn} password={connection.info.password}"
        for filled in [pool.submit(_fill, url, part, done) for part in parts]:
            filled.result()
    connection.execute("VACUUM ANALYZE")


def _fill(url: str, part: dict[str, Any], done: Callable[[int], object]) -> None:
    """All answers of these patients, the oldest first."""
    with psycopg.connect(url, autocommit=True) as connection:
        for d in range(part["each"], 0, -1):
            with connection.transaction():
                connection.execute(ALONE)
                connection.execute(CHECK_IN, part | {"d": d})
            done(part["last"] - part["first"] + 1)


@contextmanager
def _quickly(connection: psycopg.Connection) -> Iterator[None]:
    for name, value in QUICK.items():
        connection.execute(
            sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), sql.Literal(value))
        )
    connection.execute("SELECT pg_reload_conf()")
    try:
        yield
    finally:
        for name in QUICK:
            connection.execute(sql.SQL("ALTER SYSTEM RESET {}").format(sql.Identifier(name)))
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("CHECKPOINT")


def one_more_day(connection: psycopg.Connection, clinics: Sequence[UUID], days_ago: int) -> int:
    """Let everybody answer once more, as one statement, and say how many did. `days_ago`: 0, or
    less than that; the days before have answers.
    """
    patients = _patients(connection)
    given = {"clinics": list(clinics), "a_clinic": PATIENTS_A_CLINIC, "each": 365}
    with connection.transaction():
        connection.execute(ALONE)
        connection.execute(CHECK_IN, given | {"first": 1, "last": patients, "d": days_ago})
    return patients


def _patients(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT count(*) FROM patients WHERE mrn LIKE 'G%'").fetchone()
    return 0 if row is None else int(row[0])


def stored(connection: psycopg.Connection) -> tuple[int, int]:
    """Check-ins, and megabytes of the database."""
    row = connection.execute(
        "SELECT (SELECT count(*) FROM check_ins), pg_database_size(current_database()) / 1000000"
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])
