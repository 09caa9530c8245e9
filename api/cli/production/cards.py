"""`flask cards`: the crisis card as files, for a proxy that has to answer by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from api.http.card_files import countries, outdated, write

SHOWN: Final = 5
FOLDER: Final = click.Path(file_okay=False, path_type=Path)


@click.group("cards")
def cards() -> None:
    """The crisis card where the service cannot give it."""


@cards.command("write")
@click.argument("folder", type=FOLDER)
def write_files(folder: Path) -> None:
    """Write the refusals with the generic card to <FOLDER>/<country>/<language>/<status>.json.

    Again after each upgrade: words and numbers change.
    """
    count = write(folder)
    click.echo(f"{count} files for {len(countries())} countries are in {folder}")


@cards.command("check")
@click.argument("folder", type=FOLDER)
def check_files(folder: Path) -> None:
    """Compare the files with this version's; ends with status 1 when one differs."""
    stale = outdated(folder)
    for path in stale[:SHOWN]:
        click.echo(f"missing or of another version: {path}")
    if stale:
        raise click.ClickException(f"{len(stale)} cards are not this version's: cards write")
    click.echo("the cards are those of this version")


command: Final = cards
