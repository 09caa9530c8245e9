"""`flask restore`: what follows a restore, the proof that it was done, and rehearsing it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click
import orjson
import psycopg
from flask import current_app
from flask.cli import with_appcontext

from api.cli.audit import SECONDS, working_as
from api.cli.recovery.drill import drill
from api.cli.recovery.finishing import finish_restore
from api.cli.recovery.verifying import Outside, verify_lines
from api.settings import Settings
from services.auditing.checkpoints import SealError, read_checkpoints
from services.auditing.endings import read_endings
from services.clock import utcnow
from services.restoring.lost import lost_records
from services.restoring.proof import count_rows

FILE: Final[Any] = click.Path(exists=True, dir_okay=False, path_type=Path)
ENDINGS_HELP: Final = (
    "what was ended, and who is paged since, as the sealer wrote it down: audit_endings beside its"
    " key"
)


@click.group("restore")
def restore() -> None:
    """A database that came back from a backup: finish it, verify it, rehearse it."""


@restore.command("counts")
@with_appcontext
def counts() -> None:
    """Rows of every table as JSON: written down just before a backup, for `verify --counts`."""
    settings: Settings = current_app.config["INTERLUDE"]
    with working_as("auditor", settings) as app, app.app_context():
        click.echo(orjson.dumps(count_rows()))


@restore.command("finish")
@click.option("--endings", type=FILE, help=ENDINGS_HELP)
@with_appcontext
def finish(endings: Path | None) -> None:
    """Do what a restored database needs before anybody uses it; while web and workers are stopped.

    Ends again what was ended after the instant restored to, names who was paged otherwise since,
    logs the staff out, and queues the pages of every open alert that nobody has. Safe to run again.
    """
    finish_restore(
        current_app.config["INTERLUDE"], _outside(None, None, endings).endings, click.echo
    )


@restore.command("verify")
@click.option("--counts", "counted", type=FILE, help="`restore counts`, from before the backup")
@click.option("--checkpoint", type=FILE, help="checkpoints of the audit that were kept elsewhere")
@click.option("--endings", type=FILE, help=ENDINGS_HELP)
@with_appcontext
def verify(counted: Path | None, checkpoint: Path | None, endings: Path | None) -> None:
    """Look whether the database is whole and finished, line by line; status 1 when it is not.

    Key, migration, caseload against a recompute, endings, rows, chain of the audit, the watcher's
    look at all answers, and pages of open alerts. Changes nothing.
    """
    outside = _outside(counted, checkpoint, endings)
    good = True
    for line in verify_lines(current_app.config["INTERLUDE"], outside):
        click.echo(str(line))
        good = good and line.ok
    if not good:
        raise SystemExit(1)


@restore.command("lost")
@click.argument("other")
@with_appcontext
def lost(other: str) -> None:
    """What another database acknowledged and this one does not hold: a line each, ids and times.

    OTHER is that database, of role interlude_auditor, as libpq reads it ("host=… dbname=…"); its
    password comes from PGPASSWORD or a password file.
    """
    settings: Settings = current_app.config["INTERLUDE"]
    count = 0
    try:
        with working_as("auditor", settings) as app, app.app_context():
            for one in lost_records(other, utcnow()):
                count += 1
                ids = f"clinic {one.clinic_id} patient {one.patient_id} id {one.id}"
                click.echo(f"{one.received_at:{SECONDS}}  {one.kind}  {ids}")
    except psycopg.OperationalError as error:
        raise click.ClickException("the other database does not let us in") from error
    click.echo(f"{count} records are missing here")


def _outside(counted: Path | None, checkpoint: Path | None, endings: Path | None) -> Outside:
    """What the files hold; raises `click.ClickException` for anything else in them."""
    try:
        return Outside(
            rows=orjson.loads(counted.read_bytes()) if counted else {},
            kept=read_checkpoints(checkpoint) if checkpoint else (),
            endings=read_endings(endings) if endings else (),
        )
    except (SealError, ValueError) as error:
        raise click.ClickException(str(error)) from error


restore.add_command(drill)
command: Final = restore
