"""Everything is written anew with the newest key while the service runs; a killed run goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from click.testing import Result
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from api.embedded.urls import DatabaseUrls
from migrations.roles import libpq_url
from models import Contact, User
from models.database import db
from models.encryption import keyring
from models.key_fingerprint import WrongKeyError, refuse_wrong_key
from services.accounts.candidates import candidates
from services.clock import utcnow
from services.operations.keys import missing_key
from services.operations.rotation import count_values, encrypted_columns
from services.unit_of_work import transaction
from tests.builders.installation import OTHER, Installation, installed
from tests.fixtures.app import SECRET

ADDRESS = "admin@north.test"
PROJECT = Path(__file__).resolve().parents[3]
# A rotation that dies without a word once something is written anew.
DIES = """
import os, signal
from wsgi import app, settings
from migrations.roles import libpq_url
from services.clock import utcnow
from services.clock import utcnow
from services.operations.keys import missing_key
from services.operations.rotation import rotate
with app.app_context():
    rotate(libpq_url(settings.owner_database_url), utcnow(),
           lambda done: os.kill(os.getpid(), signal.SIGKILL) if done else None)
"""


@pytest.fixture
def rotating(empty_database: DatabaseUrls, tmp_path: Path) -> Iterator[Installation]:
    """A clinic whose values are written with the old key; processes hold both."""
    with installed(empty_database, tmp_path, SECRET) as made:
        made.set_up(SECRET)
        made.make_clinic(SECRET)
        made.set_up(OTHER, SECRET)
        yield made


def command(found: Installation, *words: str) -> Result:
    return found.start(OTHER, others=(SECRET,), any_key=True).test_cli_runner().invoke(args=words)


def counts(found: Installation) -> dict[str, int]:
    with found.start(OTHER, others=(SECRET,)).app_context():
        return dict(count_values(found.owner))


def is_all_read(found: Installation, secret: str, *others: str) -> bool:
    """Whether a process with these keys finds the account and reads its address."""
    with found.start(secret, others=others).app_context():
        (found_account,) = candidates(ADDRESS)
        with transaction(found_account.clinic_id) as session:
            addresses = [
                session.scalar(select(User.email).where(User.id == found_account.user_id)),
                session.scalar(select(Contact.address)),
            ]
    return addresses == [ADDRESS, ADDRESS]


def test_the_old_key_may_go_when_nothing_is_left_under_it(rotating: Installation) -> None:
    (old,) = counts(rotating)
    done = command(rotating, "keys", "rotate")
    assert done.exit_code == 0, done.output
    assert f"nothing is left under key {old}: it may be removed" in done.output
    assert list(counts(rotating)) == [keyring.writing] != [old]
    assert is_all_read(rotating, OTHER, SECRET)
    rotating.set_up(OTHER)
    assert is_all_read(rotating, OTHER)
    for secrets in ((SECRET,), (SECRET, OTHER)):
        with pytest.raises(WrongKeyError):
            rotating.start(secrets[0], others=secrets[1:])


def test_backups_still_need_the_old_key(rotating: Installation) -> None:
    """Its copy has a name: the id that a restored database asks for."""
    (old,) = counts(rotating)
    before = utcnow()
    lines = command(rotating, "keys", "rotate").output.splitlines()
    (reminder,) = [line for line in lines if "keep its copy" in line]
    assert any(f"marked {old} and {day:%F}" in reminder for day in (before, utcnow()))
    assert "INTERLUDE_OTHER_SECRET_KEYS" in reminder
    assert not any("keep its copy" in line for line in lines if keyring.writing in line)


def test_what_was_restored_from_before_the_change_opens_with_the_old_key_beside_the_new(
    empty_database: DatabaseUrls, tmp_path: Path
) -> None:
    """As the runbook says: `db upgrade` with both registers the new one, and all goes on."""
    with installed(empty_database, tmp_path, SECRET) as restored:
        restored.set_up(SECRET)
        restored.make_clinic(SECRET)
        with restored.start(OTHER, any_key=True).app_context():
            assert "missing are columns" in (missing_key() or "")
        with restored.start(OTHER, others=(SECRET,), any_key=True).app_context():
            assert missing_key() is None
        restored.set_up(OTHER, SECRET)
        assert is_all_read(restored, OTHER, SECRET)


def test_nothing_is_digested_before_the_database_has_named_the_key(
    rotating: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was away when the process started: an address would be nobody's, an entry new."""

    def away(*_: object, **__: object) -> None:
        raise OperationalError("", None, psycopg.OperationalError("away"))

    command(rotating, "keys", "rotate")
    app = rotating.start(OTHER)
    with app.app_context():
        keyring.use(OTHER)
        with monkeypatch.context() as patch:
            patch.setattr(db.engine.dialect, "connect", away)
            refuse_wrong_key(db.engine)
        assert len(candidates(ADDRESS)) == 1


def test_a_run_that_was_killed_goes_on(rotating: Installation) -> None:
    before = counts(rotating)
    environ = {name: value for name, value in os.environ.items() if "INTERLUDE_" not in name}
    ended = subprocess.run(
        [sys.executable, "-c", DIES],
        cwd=PROJECT,
        env=environ
        | replace(rotating.urls, admin="").environ()
        | {"INTERLUDE_SECRET_KEY": OTHER, "INTERLUDE_OTHER_SECRET_KEYS": SECRET},
        timeout=60,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL
    between = counts(rotating)
    assert set(between) == {*before, keyring.writing}
    assert sum(between.values()) == sum(before.values())
    assert is_all_read(rotating, OTHER, SECRET)
    assert is_all_read(rotating, SECRET, OTHER)
    assert command(rotating, "keys", "rotate").exit_code == 0
    assert counts(rotating) == {keyring.writing: sum(before.values())}


def test_a_key_that_still_opens_something_is_not_given_up(rotating: Installation) -> None:
    rotating.set_up(OTHER, SECRET)
    with pytest.raises(WrongKeyError, match="missing are columns"):
        rotating.start(OTHER)


def test_the_list_says_what_is_written_with_each_key(rotating: Installation) -> None:
    ((old, count),) = counts(rotating).items()
    shown = command(rotating, "keys", "list").output.splitlines()
    (reads,) = [line for line in shown if "reads" in line]
    (writes,) = [line for line in shown if "writes" in line]
    assert [word for word in reads.split() if word.isalnum()] == [old, str(count), "reads"]
    assert keyring.writing in writes


def test_the_owner_sees_no_row_without_a_proof(rotating: Installation) -> None:
    with psycopg.connect(rotating.owner) as connection:
        assert connection.execute("SELECT count(*) FROM users").fetchone() == (0,)


def test_every_table_with_encrypted_columns_can_be_rotated(database_urls: DatabaseUrls) -> None:
    """A migration that adds such a table calls `owner_may_rotate`."""
    query = "SELECT tablename FROM pg_policies WHERE policyname = 'rotation'"
    with psycopg.connect(libpq_url(database_urls.admin)) as connection:
        able = {name for (name,) in connection.execute(query)}
    assert able == {column.table.name for column in encrypted_columns()}
