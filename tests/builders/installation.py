"""One database, and processes that come to it with one key or another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from flask import Flask

from api import Role, create_app
from api.embedded.urls import DatabaseUrls
from api.settings import Settings
from migrations.roles import libpq_url
from migrations.upgrade import upgrade
from models.database import db
from models.encryption import keyring
from services.clinic.create import create_clinic
from services.clock import utcnow
from services.operations.keys import register_key

OTHER = "Yp3Vd8-kQz6Tn1Ws9Lb4Rf7Hj2Mx5CgAuEiOo"


class Installation:
    """One database, and processes that come to it with one key or another."""

    def __init__(self, urls: DatabaseUrls, folder: Path) -> None:
        self.urls, self.folder = urls, folder
        self.owner = libpq_url(urls.owner)
        self.apps: list[Flask] = []

    def start(
        self,
        secret: str,
        role: Role = "app",
        *,
        others: tuple[str, ...] = (),
        any_key: bool = False,
    ) -> Flask:
        """A process of this installation, or `WrongKeyError`."""
        settings = Settings(
            secret_key=secret,
            other_secret_keys=others,
            data_dir=self.folder,
            database_url=self.urls.app,
            worker_database_url=self.urls.worker,
            owner_database_url=self.urls.owner,
        )
        self.apps.append(create_app(settings, role, any_key=any_key))
        return self.apps[-1]

    def set_up(self, secret: str, *others: str) -> None:
        """What `make run` and `db upgrade` do about the key."""
        with self.start(secret, others=others, any_key=True).app_context():
            register_key(self.owner, utcnow())

    def registered(self) -> dict[str, str]:
        """The ids of the keys in use, by purpose."""
        with psycopg.connect(self.owner) as connection:
            query = "SELECT purpose, key_id FROM key_fingerprints WHERE lost_at IS NULL"
            return dict(connection.execute(query).fetchall())

    def forget(self) -> None:
        """As it was before it knew its keys."""
        with psycopg.connect(self.owner) as connection:
            connection.execute("DELETE FROM key_fingerprints")
            connection.execute("DELETE FROM door.keys")

    def make_clinic(self, secret: str) -> None:
        """A clinic, whose administrator's address is encrypted with this key."""
        with self.start(secret).app_context():
            create_clinic("North", "Europe/Paris", "FR", "admin@north.test", utcnow())


@contextmanager
def installed(urls: DatabaseUrls, folder: Path, key: str) -> Iterator[Installation]:
    """Migrated, without a key; afterwards this process has this key again."""
    upgrade(urls.owner)
    made = Installation(urls, folder)
    try:
        yield made
    finally:
        for app in made.apps:
            with app.app_context():
                db.engine.dispose()
        keyring.use(key)
