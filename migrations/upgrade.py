"""Run the migrations from Python, as the role that owns the tables."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError

from migrations.numbered import newest_migration
from models.revision import WrongMigrationError

PROJECT = Path(__file__).resolve().parent.parent


def alembic_config(owner_url: str) -> Config:
    """Alembic's settings from `pyproject.toml`, with the owner's database URL."""
    config = Config(
        toml_file=PROJECT / "pyproject.toml", cmd_opts=Namespace(x=[f"url={owner_url}"])
    )
    config.set_main_option("script_location", str(PROJECT / "migrations"))
    return config


def upgrade(owner_url: str, revision: str = "head") -> None:
    """Bring a database to a revision; nothing happens when it is there already.

    Raises `WrongMigrationError` for one that a newer version has upgraded.
    """
    try:
        command.upgrade(alembic_config(owner_url), revision)
    except CommandError as error:
        raise WrongMigrationError(
            f"the database cannot be brought to migration {newest_migration()} by this version: a"
            " newer one has upgraded it"
        ) from error
