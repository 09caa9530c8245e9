"""What stops a start, in one sentence, and what only warns."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from alembic.script import ScriptDirectory
from flask import Flask
from psycopg import sql

from api import Role, create_app
from api.embedded.urls import DatabaseUrls
from migrations.numbered import migrations, newest_migration
from migrations.roles import libpq_url
from migrations.upgrade import alembic_config, upgrade
from models.database import db
from models.revision import WrongMigrationError, migration_problem
from tests.fixtures.app import SECRET
from tests.fixtures.databases.planted import plant
from tests.fixtures.postgres import let_in
from tests.fixtures.running import free_port

PROJECT = Path(__file__).resolve().parents[3]
NEWEST, BEFORE = migrations()[:2]


def flask(
    urls: DatabaseUrls, folder: Path, *words: str, **settings: str
) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if "INTERLUDE_" not in name}
    own = {"SECRET_KEY": SECRET, "DATA_DIR": str(folder), **settings}
    named = {f"INTERLUDE_{name}": value for name, value in own.items()}
    return subprocess.run(
        [Path(sys.executable).parent / "flask", "--app", "wsgi", *words],
        cwd=PROJECT,
        env=kept | urls.environ() | named,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_names_of_the_files_are_the_migrations_in_their_order() -> None:
    scripts = ScriptDirectory.from_config(alembic_config("")).walk_revisions()
    assert list(migrations()) == [script.revision for script in scripts]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (NEWEST, None),
        (BEFORE, f"is at migration {BEFORE}, and this version needs {NEWEST}: `flask"),
        ("9999", "is at migration 9999, which this version does not know"),
        (None, "has no tables yet: `flask"),
    ],
)
def test_the_sentence_says_what_to_do(found: str | None, words: str | None) -> None:
    problem = migration_problem(found, newest_migration(), migrations())
    assert (problem is None) if words is None else (problem is not None and words in problem)


@pytest.mark.parametrize(
    ("found", "serves", "may"),
    [
        ("9999", NEWEST, True),
        ("9999", BEFORE, True),
        ("9999", "9998", False),
        ("9999", None, False),
        (BEFORE, BEFORE, False),  # of before this version: tables that it needs are not there yet
        (None, BEFORE, False),
    ],
)
def test_a_version_goes_on_while_the_tables_serve_it(
    found: str | None, serves: str | None, may: bool
) -> None:
    assert (migration_problem(found, NEWEST, migrations(), serves) is None) is may


@pytest.mark.parametrize("since", [{}, {"rooms": NEWEST}])
def test_a_version_starts_on_the_tables_of_the_next_one(
    app: Flask, spoilt_database: DatabaseUrls, tmp_path: Path, since: dict[str, str]
) -> None:
    plant(tmp_path, "pass", contracts=since)
    upgrade(spoilt_database.owner, "head", tmp_path)
    made = create_app(replace(app.config["INTERLUDE"], database_url=spoilt_database.app))
    assert made.test_client().get("/readyz").json == {"status": "ready", "revision": "9001"}
    with made.app_context():
        db.engine.dispose()


def test_no_version_starts_on_tables_that_gave_up_what_it_needs(
    app: Flask, spoilt_database: DatabaseUrls, tmp_path: Path
) -> None:
    """What 9001's code no longer needs, ours does."""
    plant(tmp_path, "pass", "pass", contracts={"rooms": "9001"})
    upgrade(spoilt_database.owner, "head", tmp_path)
    with pytest.raises(WrongMigrationError, match="at migration 9002"):
        create_app(replace(app.config["INTERLUDE"], database_url=spoilt_database.app))


@pytest.fixture
def moved(empty_database: DatabaseUrls) -> DatabaseUrls:
    upgrade(empty_database.owner)
    let_in(empty_database.owner)
    return empty_database


def set_migration(urls: DatabaseUrls, to: str) -> None:
    """As a version leaves it that gave up what all before it need."""
    with psycopg.connect(libpq_url(urls.owner), autocommit=True) as owner:
        owner.execute("UPDATE alembic_version SET version_num = %s", (to,))
        word = sql.Literal(f"serves {to}")
        owner.execute(sql.SQL("COMMENT ON TABLE alembic_version IS {}").format(word))


@pytest.mark.parametrize("role", ["app", "worker", "auditor"])
@pytest.mark.parametrize("at", [BEFORE, "9999"])
def test_no_role_serves_on_tables_of_another_version(
    app: Flask, moved: DatabaseUrls, role: Role, at: str
) -> None:
    set_migration(moved, at)
    settings = replace(
        app.config["INTERLUDE"],
        database_url=moved.app,
        worker_database_url=moved.worker,
        auditor_database_url=moved.auditor,
    )
    with pytest.raises(WrongMigrationError, match=f"at migration {at}"):
        create_app(settings, role)
    made = create_app(settings, role, any_key=True)
    with made.app_context():
        db.engine.dispose()


def test_a_process_says_so_and_the_commands_that_mend_it_run(
    moved: DatabaseUrls, tmp_path: Path
) -> None:
    set_migration(moved, "9999")
    refused = flask(moved, tmp_path, "alerts", "work", "--once")
    assert refused.returncode == 1
    (line,) = refused.stderr.strip().splitlines()
    assert line.startswith("interlude: cannot start: the database is at migration 9999")
    looked = flask(moved, tmp_path, "check")
    assert "NO   migration   the database is at migration 9999" in looked.stdout
    mended = flask(moved, tmp_path, "db", "upgrade")
    assert mended.returncode == 1
    assert "a newer one has upgraded it" in mended.stderr
    assert "Traceback" not in mended.stderr
    unknown = flask(moved, tmp_path, "db", "upgrade", SMPT_URL="smtp://m")
    assert unknown.stderr.startswith("interlude: cannot start: INTERLUDE_SMPT_URL is no setting")


def test_nothing_else_stops_a_start(moved: DatabaseUrls, tmp_path: Path) -> None:
    """No public URL, and a mail server that is not there."""
    mail = f"smtp://127.0.0.1:{free_port()}"
    worked = flask(moved, tmp_path, "alerts", "work", "--once", SMTP_URL=mail)
    assert worked.returncode == 0, worked.stderr
    listed = flask(moved, tmp_path, "clinic", "list")
    assert (listed.returncode, listed.stdout) == (0, "")


def test_without_its_own_database_url_a_worker_says_which(
    moved: DatabaseUrls, tmp_path: Path
) -> None:
    refused = flask(replace(moved, worker=""), tmp_path, "alerts", "work")
    assert refused.returncode == 1
    assert "INTERLUDE_WORKER_DATABASE_URL is needed" in refused.stderr
    assert "Traceback" not in refused.stderr
