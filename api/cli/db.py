"""`flask db`: the database roles and migrations, for an operator's own PostgreSQL."""

from __future__ import annotations

import click
import psycopg
from flask import current_app
from flask.cli import AppGroup

from api.embedded.urls import database_urls, given_urls
from api.settings import Settings, SettingsError
from migrations.roles import LOGIN_ROLES, OWNERS_OF_FUNCTIONS, libpq_url, make_roles, passwords_in
from migrations.short_waits import BusyDatabaseError
from migrations.upgrade import upgrade
from models.key_fingerprint import WrongKeyError
from models.revision import WrongMigrationError
from services.clock import utcnow
from services.operations.keys import register_key

db = AppGroup("db", help="Database roles and migrations.")
command = db


@db.command("roles")
def roles() -> None:
    """Make or mend the seven roles, with the passwords that our database URLs name.

    Needs INTERLUDE_ADMIN_DATABASE_URL, a role that may make roles; safe to run again.
    """
    settings: Settings = current_app.config["INTERLUDE"]
    if not settings.admin_database_url:
        raise click.ClickException("set INTERLUDE_ADMIN_DATABASE_URL: a role that may make roles")
    given = given_urls(settings).of_our_roles()
    try:
        make_roles(settings.admin_database_url, passwords_in(given))
    except psycopg.Error as error:
        kind = type(error).__name__
        raise click.ClickException(f"the roles could not be made: {kind}") from error
    click.echo(f"roles: {', '.join((*LOGIN_ROLES, *OWNERS_OF_FUNCTIONS))}")


@db.command("upgrade")
def upgrade_database() -> None:
    """Bring the database to the newest revision and register the key that opens it."""
    settings: Settings = current_app.config["INTERLUDE"]
    try:
        owner_url = database_urls(settings).need("owner")
        upgrade(
            owner_url,
            lock_wait_s=settings.migration_lock_s,
            patience_s=settings.migration_patience_s,
            report=click.echo,
        )
        register_key(libpq_url(owner_url), utcnow())
    except (SettingsError, WrongMigrationError, BusyDatabaseError, WrongKeyError) as error:
        raise click.ClickException(str(error)) from error
    click.echo("the database is at the newest revision")
