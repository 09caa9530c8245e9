"""`flask restore drill`: the newest backup is restored beside the real database, finished, verified
and thrown away. What was never restored is no backup.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click
import psycopg
from flask import current_app
from flask.cli import with_appcontext
from psycopg.rows import namedtuple_row
from sqlalchemy import make_url

from api.cli.audit import SECONDS, working_as
from api.cli.recovery.finishing import finish_restore
from api.cli.recovery.scratch import Backrest, ScratchError, ScratchServer
from api.cli.recovery.verifying import Outside, verify_lines
from api.settings import Settings
from migrations.roles import libpq_url
from services.auditing.checkpoints import SealError
from services.auditing.endings import read_endings
from services.restoring.lost import lost_records

FILE: Final[Any] = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER: Final[Any] = click.Path(file_okay=False, path_type=Path)
LOOK_S: Final = 1.0
# Longer than any transaction may wait: what was received before then is committed, or is not.
NOW: Final = """
SELECT at, (SELECT count(*) FROM record_ids WHERE received_at <= at) AS records,
  pg_walfile_name(pg_current_wal_lsn()) AS file
FROM (SELECT clock_timestamp() - interval '30 seconds' AS at) AS instant
"""
ARCHIVED: Final = """
SELECT last_archived_wal >= %s AS is_out,
  extract(epoch FROM clock_timestamp() - last_archived_time)::float AS age_s
FROM pg_stat_archiver
"""


@dataclass(frozen=True, slots=True)
class RealDatabase:
    """As it was when the drill began: `records` it had received until `at`. `waiting_s`: how long
    ago the archive had got its last file, in seconds (None: it never got one); what came in since
    would be lost with the machine. `is_archived`: what it had written is in the archive now.
    """

    at: datetime
    records: int
    waiting_s: float | None
    is_archived: bool


@dataclass(slots=True)
class Stopwatch:
    """How long each step took, in seconds."""

    steps: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Take the time of a block."""
        began = time.monotonic()
        yield
        self.steps[name] = time.monotonic() - began


@click.command("drill")
@click.option("--stanza", default="interlude", show_default=True, help="of pgBackRest")
@click.option("--config", type=FILE, help="of pgBackRest, where it is not in Debian's place")
@click.option(
    "--programs",
    type=FOLDER,
    default=Path("/usr/lib/postgresql/15/bin"),
    show_default=True,
    help="PostgreSQL's own, of the version of the backup",
)
@click.option("--account", default="postgres", show_default=True, help="who it runs as, for root")
@click.option("--into", type=FOLDER, help="a folder to make, with room for the whole database")
@click.option("--to", help='an instant, as "2026-11-27 04:00:00+00"; else all that is archived')
@click.option("--endings", type=FILE, help="audit_endings beside the sealer's key")
@click.option("--wait", default=180.0, show_default=True, help="seconds for the archive")
@click.option("--patience", default=7200.0, show_default=True, help="seconds for replaying it")
@click.option("--keep", is_flag=True, help="leave the restored files there")
@click.option(
    "--real-is-gone",
    is_flag=True,
    help="after the machine is lost: that nothing can be compared with is no fault",
)
@with_appcontext
def drill(**options: Any) -> None:
    """Restore the newest backup beside the real database, finish and verify it; print the times and
    what was lost. Status 1 when a line says NO, when an acknowledged record is missing or whether
    one is cannot be counted, and when the archive does not get what the real database has written.

    Needs the real database's INTERLUDE_AUDITOR_DATABASE_URL and the secret key. Nothing leaves the
    restored database: no worker runs on it.
    """
    settings: Settings = current_app.config["INTERLUDE"]
    if not settings.auditor_database_url:
        raise click.ClickException("set INTERLUDE_AUDITOR_DATABASE_URL: the real database's")
    into = options["into"] or Path(tempfile.mkdtemp(prefix="interlude-drill-"))
    watch = Stopwatch()
    with watch.timed("archive"):
        real = _real_database(settings, options["wait"])
    try:
        with closing(
            ScratchServer(into, options["programs"], options["account"], keep=options["keep"])
        ) as server:
            good = _rehearse(server, settings, real, options, watch)
    except (ScratchError, SealError) as error:
        raise click.ClickException(str(error)) from error
    _show(watch, real)
    if not good:
        raise SystemExit(1)


def _rehearse(
    server: ScratchServer,
    real_settings: Settings,
    real: RealDatabase | None,
    options: dict[str, Any],
    watch: Stopwatch,
) -> bool:
    database = make_url(real_settings.auditor_database_url).database or ""
    with watch.timed("restored"):
        server.restore(Backrest(options["stanza"], options["config"]), options["to"])
    with watch.timed("replayed"):
        server.start(database, options["patience"])
    settings = server.settings(real_settings)
    endings = read_endings(options["endings"]) if options["endings"] else ()
    lost = None if real is None else _count_lost(settings, real_settings, real)
    with watch.timed("finished"):
        finish_restore(settings, endings, click.echo)
    with watch.timed("verified"):
        lines = list(verify_lines(settings, Outside({}, (), endings)))
    for line in lines:
        click.echo(str(line))
    # Of an earlier instant it is what came in since, and no fault.
    is_earlier = options["to"] is not None
    is_whole = options["real_is_gone"] if lost is None else not lost or is_earlier
    is_archived = real is None or real.is_archived or is_earlier
    return is_whole and is_archived and all(line.ok for line in lines)


def _count_lost(settings: Settings, real_settings: Settings, real: RealDatabase) -> int | None:
    """How many are missing; None where the real database does not tell any more."""
    url = libpq_url(real_settings.auditor_database_url)
    try:
        with working_as("auditor", settings) as app, app.app_context():
            count = sum(1 for _ in lost_records(url, real.at))
    except psycopg.Error as error:
        _tell_uncounted(error)
        return None
    before = f"{real.at:{SECONDS}}"
    click.echo(f"lost       {count} of {real.records} records acknowledged before {before}")
    return count


def _real_database(settings: Settings, wait_s: float) -> RealDatabase | None:
    """As it is now, once what it has acknowledged is in the archive or `wait_s` are over; None when
    it does not answer us.
    """
    try:
        with psycopg.connect(
            libpq_url(settings.auditor_database_url),
            autocommit=True,
            row_factory=namedtuple_row,
            connect_timeout=5,
        ) as connection:
            return _as_it_is(connection, wait_s)
    except psycopg.Error as error:
        _tell_uncounted(error)
        return None


def _as_it_is(connection: psycopg.Connection[Any], wait_s: float) -> RealDatabase:
    now: Any = connection.execute(NOW).fetchone()
    first: Any = connection.execute(ARCHIVED, (now.file,)).fetchone()
    deadline, is_out = time.monotonic() + wait_s, first.is_out
    while not is_out and time.monotonic() < deadline:
        time.sleep(LOOK_S)
        found: Any = connection.execute(ARCHIVED, (now.file,)).fetchone()
        is_out = found.is_out
    if not is_out:
        click.echo(
            f"archive    did not get {now.file} within {wait_s:.0f} s: what was written since its"
            " newest file would be lost with this machine's disk"
        )
    return RealDatabase(now.at, now.records, first.age_s, bool(is_out))


def _tell_uncounted(error: psycopg.Error) -> None:
    """Why, in PostgreSQL's words: a wrong password is mended otherwise than a lost machine."""
    reason = " ".join(str(error).split()) or type(error).__name__
    click.echo(f"lost       cannot be counted, the real database does not let us: {reason}")


def _show(watch: Stopwatch, real: RealDatabase | None) -> None:
    for name, seconds in watch.steps.items():
        click.echo(f"{name:<10} {seconds:.1f} s")
    back = sum(seconds for name, seconds in watch.steps.items() if name != "archive")
    click.echo(f"in all     {back:.1f} s until the service could go on")
    if real is not None and real.waiting_s is not None:
        click.echo(
            f"archive    its newest file was {real.waiting_s:.0f} s old as this began: what came"
            " in since would be lost with this machine's disk"
        )
