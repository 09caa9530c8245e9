"""Run the migrations from Python, as the role that owns the tables."""

from __future__ import annotations

import os
import time
from argparse import Namespace
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError

from migrations.numbered import newest_migration
from migrations.short_waits import (
    LOCK_WAIT_S,
    PATIENCE_S,
    BusyDatabaseError,
    is_worth_another_try,
    pauses,
)
from models.revision import WrongMigrationError

PROJECT = Path(__file__).resolve().parent.parent
STILL_BUSY = (
    "a table that the migration needs for a moment was in use for {:g} s: nothing was held up, and"
    " what is done stays done. See which transaction is open for long (SELECT pid, usename,"
    " application_name, xact_start FROM pg_stat_activity ORDER BY xact_start), then run it again"
)


def alembic_config(owner_url: str, *more_versions: Path) -> Config:
    """Alembic's settings from `pyproject.toml`, with the owner's database URL.

    `more_versions`: folders with migrations beside those of this version.
    """
    config = Config(
        toml_file=PROJECT / "pyproject.toml", cmd_opts=Namespace(x=[f"url={owner_url}"])
    )
    config.set_main_option("script_location", str(PROJECT / "migrations"))
    if more_versions:
        folders = (PROJECT / "migrations" / "versions", *more_versions)
        config.set_main_option("path_separator", "os")
        config.set_main_option("version_locations", os.pathsep.join(map(str, folders)))
    return config


def upgrade(
    owner_url: str,
    revision: str = "head",
    *more_versions: Path,
    lock_wait_s: float = LOCK_WAIT_S,
    patience_s: float = PATIENCE_S,
    report: Callable[[str], object] = bool,
) -> None:
    """Bring a database to a revision; nothing happens when it is there already.

    Clinics may go on meanwhile: nobody waits for it longer than `lock_wait_s` seconds at a time.
    Where somebody else is in its way it tries again, after up to `patience_s` of pauses at each
    place: what it does between them, as filling in a large table, takes as long as it takes.
    `report` is told so.

    Raises:
        WrongMigrationError: a newer version has upgraded it.
        BusyDatabaseError: the tables were in use all the time. What is done stays done.
    """
    config = alembic_config(owner_url, *more_versions)
    config.attributes["lock_wait_s"] = lock_wait_s
    refused: dict[str | None, Iterator[float]] = defaultdict(lambda: pauses(patience_s))
    while True:
        try:
            command.upgrade(config, revision)
            return
        except CommandError as error:
            raise WrongMigrationError(
                f"the database cannot be brought to migration {newest_migration()} by this version:"
                " a newer one has upgraded it"
            ) from error
        except DBAPIError as error:
            if not is_worth_another_try(error):
                raise
            pause_s = next(refused[error.statement], None)
            if pause_s is None:
                raise BusyDatabaseError(STILL_BUSY.format(patience_s)) from error
        report(
            f"a table is in use and was not given within {lock_wait_s:g} s: again in {pause_s:g} s"
        )
        time.sleep(pause_s)
