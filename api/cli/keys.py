"""`flask keys`: which keys are in use, writing everything anew with the newest one, and what to do
when one is lost for good.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import click
from flask import current_app
from flask.cli import AppGroup
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from api.embedded.urls import database_urls
from api.settings import Settings, SettingsError
from migrations.roles import libpq_url
from models.encryption import keyring
from models.key_fingerprint import WrongKeyError
from services.clock import utcnow
from services.operations.keys import adopt_key, register_key
from services.operations.rotation import count_values, devices_before, rotate

# `found.left` is of the database as it is now; backups are of what it was.
KEEP_COPY: Final = (
    "keep its copy, marked {key_id} and {day}, until the last backup from before today has expired"
    " (five weeks, as deploy/backup keeps them): a database that is restored to an earlier instant"
    " needs it in INTERLUDE_OTHER_SECRET_KEYS"
)

keys = AppGroup("keys", help="The keys that the database was written with.")


@contextmanager
def _owner() -> Iterator[str]:
    """The owner's URL; what cannot be done is said in a sentence."""
    settings: Settings = current_app.config["INTERLUDE"]
    try:
        yield libpq_url(database_urls(settings).need("owner"))
    except (SettingsError, WrongKeyError) as error:
        raise click.ClickException(str(error)) from error


@keys.command("list")
def list_keys() -> None:
    """Which keys stored values were written with, and how many."""
    with _owner() as owner_url:
        register_key(owner_url, utcnow())
        counts = count_values(owner_url)
    own = {key_id for purpose, key_id in keyring.fingerprints() if purpose == "columns"}
    table = Table("key", "values", "")
    for name in sorted({*own, *counts}):
        key_id = name.partition(" ")[0]
        state = "reads" if key_id in own else "is missing here"
        table.add_row(name, str(counts[name]), "writes" if name == keyring.writing else state)
    Console(width=100, soft_wrap=True).print(table)


@keys.command("rotate")
def rotate_keys() -> None:
    """Write everything anew with the newest key, beside running processes; again after a stop.

    All processes must hold both keys before, and write with the newest one.
    """
    columns = (TextColumn("values"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with _owner() as owner_url:
        register_key(owner_url, utcnow())
        counts = count_values(owner_url)
        total = counts.total() - counts[keyring.writing]
        with Progress(*columns, console=Console(stderr=True)) as progress:
            bar = progress.add_task("values", total=total)
            found = rotate(owner_url, utcnow(), lambda done: progress.advance(bar, done))
        devices = devices_before(utcnow(), owner_url)
    click.echo(f"written anew with key {keyring.writing}: {found.written} values")
    if found.closed:
        click.echo(f"{found.closed} values are opened by no key of this process and stay")
    for name, count in sorted(found.left.items()):
        click.echo(f"{count} values are left under key {name}: run this again")
    for _, key_id in sorted(keyring.fingerprints()):
        others = {name.partition(" ")[0] for name in found.left} | {keyring.writing}
        if ("columns", key_id) in keyring.fingerprints() and key_id not in others:
            click.echo(f"nothing is left under key {key_id}: it may be removed")
            click.echo(KEEP_COPY.format(key_id=key_id, day=f"{utcnow():%F}"))
    if devices:
        click.echo(f"{devices} devices have not been back since the newest key came:")
        click.echo("without the old key they have to log in anew, so rather wait for them")
    if found.left:
        raise click.exceptions.Exit(1)


@keys.command("adopt")
@click.option("--lost", multiple=True, required=True, help="a key id that a refused start names")
def adopt(lost: tuple[str, ...]) -> None:
    """Start without what lost keys wrote; prints what nobody can read any more, contacts first."""
    with _owner() as owner_url:
        closed = adopt_key(owner_url, lost, utcnow())
    for name, count in closed.items():
        click.echo(f"unreadable: {count} {name}")
    click.echo("adopted: this process's key is the one in use; enter the contacts again first")


command: Final = keys
