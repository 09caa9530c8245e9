"""A process without the key that the database was written with refuses to start, and a key that is
lost for good has a way out.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from api import Role
from api.embedded.urls import DatabaseUrls
from migrations.roles import libpq_url
from models.database import db
from models.encryption import keyring
from models.key_fingerprint import WrongKeyError
from tests.builders.installation import OTHER, Installation, installed
from tests.fixtures.app import SECRET

PROJECT = Path(__file__).resolve().parents[3]


@pytest.fixture
def installation(empty_database: DatabaseUrls, tmp_path: Path) -> Iterator[Installation]:
    with installed(empty_database, tmp_path, SECRET) as made:
        yield made


@pytest.mark.parametrize("role", ["app", "worker"])
def test_no_process_starts_with_another_key(installation: Installation, role: Role) -> None:
    installation.set_up(SECRET)
    installation.start(SECRET, role)
    with pytest.raises(WrongKeyError, match="INTERLUDE_SECRET_KEY"):
        installation.start(OTHER, role)


def test_no_process_starts_on_a_database_that_knows_no_key(installation: Installation) -> None:
    """It could enter no clinic: everybody would be sent away, and nobody would know why."""
    with pytest.raises(WrongKeyError, match="opens no clinic"):
        installation.start(SECRET)


def test_a_second_key_is_not_set_up_beside_the_first(installation: Installation) -> None:
    installation.set_up(SECRET)
    first = installation.registered()
    with pytest.raises(WrongKeyError):
        installation.set_up(OTHER)
    assert installation.registered() == first


def test_a_key_is_registered_once_it_has_opened_what_is_stored(installation: Installation) -> None:
    """Of a database from before it kept fingerprints."""
    installation.set_up(SECRET)
    installation.make_clinic(SECRET)
    installation.forget()
    with pytest.raises(WrongKeyError, match="opens nothing"):
        installation.set_up(OTHER)
    assert installation.registered() == {}
    installation.set_up(SECRET)
    assert set(installation.registered()) == {"columns", "digests"}


def test_a_connection_made_later_is_asked_too(installation: Installation) -> None:
    """The database has another key than at the start."""
    installation.set_up(OTHER)
    app = installation.start(OTHER)
    installation.forget()
    installation.set_up(SECRET)
    keyring.use(OTHER)
    assert app.test_client().get("/readyz").status_code == 503
    with app.app_context():
        db.engine.dispose()
        with pytest.raises(WrongKeyError):
            db.engine.connect()


def test_a_lost_key_is_given_up_in_words_and_on_the_record(installation: Installation) -> None:
    installation.set_up(SECRET)
    installation.make_clinic(SECRET)
    lost = [word for key_id in installation.registered().values() for word in ("--lost", key_id)]
    runner = installation.start(OTHER, any_key=True).test_cli_runner()
    refused = runner.invoke(args=["keys", "adopt", "--lost", "00000000"])
    assert refused.exit_code == 1
    assert "not in use" in refused.output
    done = runner.invoke(args=["keys", "adopt", *lost])
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[:2] == [
        "unreadable: 1 contacts.address",
        "unreadable: 1 users.email",
    ]
    installation.start(OTHER)
    with pytest.raises(WrongKeyError):
        installation.start(SECRET)
    with psycopg.connect(libpq_url(installation.urls.admin)) as connection:
        query = "SELECT count(*) FROM audit_entries WHERE action = 'key_adopted'"
        assert connection.execute(query).fetchone() == (1,)


def test_a_key_in_hand_is_not_lost(installation: Installation) -> None:
    installation.set_up(SECRET)
    columns = installation.registered()["columns"]
    runner = installation.start(SECRET).test_cli_runner()
    refused = runner.invoke(args=["keys", "adopt", "--lost", columns])
    assert refused.exit_code == 1
    assert "is not lost" in refused.output


@pytest.mark.parametrize(("key", "words"), [(OTHER, "is not the key"), ("", "is missing")])
def test_a_worker_started_elsewhere_says_why_it_does_not_work(
    installation: Installation, key: str, words: str
) -> None:
    installation.set_up(SECRET)
    own = replace(installation.urls, admin="").environ() | {
        "INTERLUDE_SECRET_KEY": key,
        "INTERLUDE_DATA_DIR": str(installation.folder / "elsewhere"),
    }
    kept = {name: value for name, value in os.environ.items() if "INTERLUDE_" not in name}
    flask = Path(sys.executable).parent / "flask"
    ended = subprocess.run(
        [flask, "--app", "wsgi", "alerts", "work"],
        cwd=PROJECT,
        env=kept | own,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("interlude: cannot start: INTERLUDE_SECRET_KEY ")
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (installation.folder / "elsewhere").exists()
