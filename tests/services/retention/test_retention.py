"""What has been over for long enough goes, and nothing else."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text

from api.embedded.urls import DatabaseUrls
from migrations.roles import libpq_url
from models.clinic_door import enter
from models.database import db
from services.clock import utcnow
from services.retention import run
from services.retention.run import LIMITS, OVER, count_over, take_away
from tests.builders.stored import entries, rows
from tests.builders.world import ClinicWorld, Person, World

LONG_AGO = timedelta(days=200)
# Of one account, over at an instant: what only a worker writes, or a code would have to be read.
OVER_AT = (
    "INSERT INTO password_resets VALUES (%(clinic)s, %(user)s, %(at)s, %(at)s, NULL,"
    " sha256(%(user)s::text::bytea), '2')",
    "INSERT INTO email_changes (clinic_id, id, user_id, old_email, old_digest, new_email,"
    " new_digest, code_digest, credentials_digest, asked_at, expires_at) VALUES (%(clinic)s,"
    " gen_random_uuid(), %(user)s, '', '1', '', '2', '3', '4', %(at)s, %(at)s)",
    "INSERT INTO notifications (clinic_id, id, kind, page_round, page_step, user_id, channel,"
    " state, created_at, due_at, expires_at) VALUES (%(clinic)s, gen_random_uuid(), 'letter', 0, 0,"
    " %(user)s, 'email', 'sent', %(at)s, %(at)s, %(at)s)",
    "INSERT INTO notification_attempts SELECT clinic_id, gen_random_uuid(), id, %(at)s, 'sent'"
    " FROM notifications WHERE user_id = %(user)s AND kind = 'letter'",
    "INSERT INTO exports VALUES (%(clinic)s, gen_random_uuid(), %(patient)s, %(user)s, %(at)s,"
    " %(at)s)",
    "INSERT INTO login_delays VALUES (sha256(%(user)s::text::bytea), 1, %(at)s, %(at)s)",
)


def lived(app: Flask, urls: DatabaseUrls, at: datetime) -> tuple[ClinicWorld, Person]:
    """A clinic of then, with everything over then but the patient's log-in."""
    clinic = World(app, at).clinic()
    pat = clinic.patient()
    clinic.staff()
    with psycopg.connect(libpq_url(urls.admin)) as connection:
        whose = {"clinic": clinic.id, "user": pat.user_id, "patient": pat.patient_id, "at": at}
        for statement in OVER_AT:
            connection.execute(statement, whose)
    return clinic, pat


def kept(person: Person) -> dict[str, int]:
    counts = "SELECT count(*) AS n FROM "
    return {
        model.__tablename__: rows(person, counts + model.__tablename__)[0]["n"] for model in OVER
    }


def taken(app: Flask) -> Counter[str]:
    with app.app_context():
        return take_away(utcnow(), lambda _table, _rows: None)


def test_every_limit_has_its_rows_and_a_reason() -> None:
    assert [model.__tablename__ for model in OVER] == list(LIMITS)
    assert all(limit.what and limit.why and limit.days >= 1 for limit in LIMITS.values())


def test_what_is_over_goes_and_what_is_not_stays(
    app: Flask, database_urls: DatabaseUrls, clean_database: None
) -> None:
    old, pat = lived(app, database_urls, utcnow() - LONG_AGO)
    young, _ = lived(app, database_urls, utcnow() - timedelta(minutes=5))
    before, theirs = kept(pat), kept(young.admin)
    with app.app_context():
        counted = count_over(utcnow())
    assert set(counted) == {name for name in LIMITS if counted[name]}
    assert kept(pat) == before, "counting takes nothing"
    gone = taken(app)
    assert gone == counted
    after = kept(pat)
    assert kept(young.admin)["invitations"] == theirs["invitations"]
    assert kept(young.admin)["notifications"] == theirs["notifications"]
    for table in LIMITS.keys() - {"login_delays"}:
        assert before[table] - after[table] == gone[table], table
    # The patient's device is still logged in: its pair, and the code that let it in.
    family = {"family": pat.actor.family_id}
    for table in ("token_pairs", "invitations"):
        query = f"SELECT id FROM {table} WHERE family_id = :family"  # noqa: S608 - ours
        assert len(rows(pat, query, **family)) == 1, table
    (entry,) = entries(old.admin, "retention_ran")
    assert entry["detail"] == {name: n for name, n in gone.items() if n and name in entry["detail"]}
    assert entries(young.admin, "retention_ran") == []
    assert taken(app).total() == 0


def test_a_run_that_was_killed_goes_on(
    app: Flask, database_urls: DatabaseUrls, clean_database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    lived(app, database_urls, utcnow() - LONG_AGO)
    monkeypatch.setattr(run, "BATCH", 1)
    with app.app_context():
        counted = count_over(utcnow()).total()
    steps = 0

    def killed(_table: str, rows: int) -> None:
        nonlocal steps
        steps += rows
        if steps == 3:
            raise KeyboardInterrupt

    with app.app_context(), pytest.raises(KeyboardInterrupt):
        take_away(utcnow(), killed)
    assert taken(app).total() == counted - 3


def test_the_database_keeps_what_is_not_long_over(
    app: Flask, database_urls: DatabaseUrls, clean_database: None
) -> None:
    young, _ = lived(app, database_urls, utcnow() - timedelta(days=20))
    before = kept(young.admin)
    with app.app_context(), db.engine.begin() as connection:
        enter(connection, young.id)
        for table in ("notification_attempts", "notifications", "password_resets", "email_changes"):
            connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - ours
        connection.execute(text("DELETE FROM invitations"))
    assert kept(young.admin) == before


def test_the_command_counts_and_takes(
    app: Flask, database_urls: DatabaseUrls, clean_database: None
) -> None:
    lived(app, database_urls, utcnow() - LONG_AGO)
    runner = app.test_cli_runner()
    tried = runner.invoke(args=["retention", "run", "--dry-run"])
    assert (tried.exit_code, "nothing was taken away" in tried.output) == (0, True), tried.output
    done = runner.invoke(args=["retention", "run"])
    assert done.exit_code == 0, done.output
    again = runner.invoke(args=["retention", "run"])
    assert "taken away: 0" in again.output
