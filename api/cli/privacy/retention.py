"""`flask retention`: taking away what has been over for long enough."""

from __future__ import annotations

from typing import Final

import click
from flask.cli import with_appcontext
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from services.clock import utcnow
from services.retention.run import LIMITS, count_over, take_away


@click.group("retention")
def retention() -> None:
    """What ends by itself after a time; never a record of a patient."""


@retention.command("run")
@click.option("--dry-run", is_flag=True, help="count, and take nothing away")
@with_appcontext
def run(dry_run: bool) -> None:
    """Take away what has been over for long enough; once a day from cron. Again after a stop."""
    now = utcnow()
    counts = count_over(now)
    if not dry_run:
        columns = (TextColumn("{task.description:24}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task("rows", total=counts.total())

            def done(table: str, rows: int) -> None:
                bar.update(task, description=table, advance=rows)

            counts = take_away(now, done)
    table = Table("table", "rows", "after days", "what", "why")
    for name, limit in LIMITS.items():
        table.add_row(name, str(counts[name]), str(limit.days), limit.what, limit.why)
    Console(width=120, soft_wrap=True).print(table)
    click.echo("dry run: nothing was taken away" if dry_run else f"taken away: {counts.total()}")


command: Final = retention
