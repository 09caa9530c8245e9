"""`flask erasure`: what waits to be erased, what an erasure takes away, and confirming one where
there is no second administrator.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final
from uuid import UUID

import click
from flask.cli import with_appcontext
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Table

from services.clock import utcnow
from services.erasure.erase import all_erasures, confirm_by_operator, try_erasure
from services.erasure.fates import FATES
from services.exceptions import ServiceError


@click.group("erasure")
def erasure() -> None:
    """Erasing patients: see what waits, try it, confirm it."""


@erasure.command("list")
@click.option("--done", is_flag=True, help="what was done: kept elsewhere, it outlives a restore")
@with_appcontext
def list_all(done: bool) -> None:
    """What waits to be confirmed, one line each: id, clinic, patient, since when."""
    for found in all_erasures(done=done):
        click.echo("  ".join(found))


@erasure.command("confirm")
@click.argument("erasure_id", type=click.UUID)
@click.option("--dry-run", is_flag=True, help="count what would go, and take nothing away")
@with_appcontext
def confirm(erasure_id: UUID, dry_run: bool) -> None:
    """Erase a patient for good, where the clinic has no second administrator who could confirm."""
    with _progress() as (bar, task):

        def done(part: str, rows: int) -> None:
            del rows
            bar.update(task, description=part)
            bar.advance(task)

        try:
            if dry_run:
                rows: Mapping[str, int] = try_erasure(erasure_id, utcnow(), done)
            else:
                rows = confirm_by_operator(erasure_id, utcnow(), done)
        except ServiceError as error:
            raise click.ClickException(error.detail) from error
    Console(width=100, soft_wrap=True).print(_table(rows))
    click.echo("dry run: nothing was erased" if dry_run else "erased, for good")
    click.echo("backups keep what they hold until they expire")


@contextmanager
def _progress() -> Iterator[tuple[Progress, TaskID]]:
    goes = sum(fate.fate != "stays" for fate in FATES.values())
    columns = (TextColumn("{task.description:30}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        yield bar, bar.add_task("tables", total=goes)


def _table(rows: Mapping[str, int]) -> Table:
    table = Table("table", "rows", "fate", "why")
    for name, fate in sorted(FATES.items(), key=lambda one: (one[1].fate == "stays", one[0])):
        count = str(rows.get(name, 0)) if fate.fate != "stays" else ""
        table.add_row(name, count, fate.fate, fate.why)
    return table


command: Final = erasure
