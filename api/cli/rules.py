"""`flask rules replay`: decide again what the rules could not."""

from __future__ import annotations

from datetime import UTC, datetime

import click
from flask.cli import AppGroup
from rich.progress import track

from services.clock import utcnow
from services.every_clinic import clinic_ids
from services.intake.replay import replay, undecided

rules = AppGroup("rules", help="The safety rules.")
commands = (rules,)


@rules.command("replay")
@click.option(
    "--since",
    required=True,
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    help="UTC; entries received before are left alone.",
)
def replay_rules(since: datetime) -> None:
    """Decide every entry again on which only the fallback spoke; exit 1 while any still fails."""
    found = [
        entry for clinic in clinic_ids() for entry in undecided(clinic, since.replace(tzinfo=UTC))
    ]
    failed = 0
    for entry in track(found, description="Deciding again", disable=not found):
        try:
            replay(entry, utcnow())
        except Exception as error:  # noqa: BLE001 - the others must still be decided
            failed += 1
            click.echo(f"{entry.entry_id}: {type(error).__name__}", err=True)
    click.echo(f"decided again: {len(found) - failed}, still failing: {failed}")
    if failed:
        raise SystemExit(1)
