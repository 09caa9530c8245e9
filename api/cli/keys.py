"""`flask keys`: what to do when the key of an installation is lost for good."""

from __future__ import annotations

from typing import Final

import click
from flask import current_app
from flask.cli import AppGroup

from api.embedded.urls import database_urls
from api.settings import Settings, SettingsError
from migrations.roles import libpq_url
from models.key_fingerprint import WrongKeyError
from services.clock import utcnow
from services.operations.keys import adopt_key

keys = AppGroup("keys", help="The keys that the database was written with.")


@keys.command("adopt")
@click.option("--lost", multiple=True, required=True, help="a key id that a refused start names")
def adopt(lost: tuple[str, ...]) -> None:
    """Start without what lost keys wrote; prints what nobody can read any more, contacts first."""
    settings: Settings = current_app.config["INTERLUDE"]
    try:
        owner_url = libpq_url(database_urls(settings).need("owner"))
        closed = adopt_key(owner_url, lost, utcnow())
    except (SettingsError, WrongKeyError) as error:
        raise click.ClickException(str(error)) from error
    for name, count in closed.items():
        click.echo(f"unreadable: {count} {name}")
    click.echo("adopted: this process's key is the one in use; enter the contacts again first")


commands: Final = (keys,)
