"""What proofs have to themselves: a database server, an application on it, a quiet terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from flask import Flask

from api import create_app
from api.embedded.server import join_or_start
from api.embedded.urls import DATABASE, DatabaseUrls, embedded_urls
from api.settings import Settings
from migrations import roles
from migrations.upgrade import upgrade
from models.database import db
from tests.fixtures.app import SECRET
from tests.fixtures.postgres import WITNESS, let_in


@contextmanager
def new_database(folder: Path) -> Iterator[DatabaseUrls]:
    """A migrated database on a server of its own, which ends with the block."""
    server = join_or_start(folder / "postgres", WITNESS)
    try:
        urls = embedded_urls(server)
        roles.make_roles(urls.admin)
        roles.make_database(urls.admin, DATABASE)
        upgrade(urls.owner)
        let_in(urls.owner)
        yield replace(urls, admin=server.url("postgres", DATABASE))
    finally:
        server.stop()


@contextmanager
def everything_else_to(log: Path) -> Iterator[TextIO]:
    """The terminal is for the table; all other output, of every process, goes to the log."""
    terminal, wrote = os.dup(1), os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    errors = os.dup(2)
    try:
        os.dup2(wrote, 1)
        os.dup2(wrote, 2)
        with os.fdopen(os.dup(terminal), "w", buffering=1) as stream:
            yield stream
    finally:
        sys.stdout.flush()
        os.dup2(terminal, 1)
        os.dup2(errors, 2)
        for each in (terminal, wrote, errors):
            os.close(each)


@contextmanager
def own_app(folder: Path) -> Iterator[Flask]:
    """The API in this process on a database of its own, without workers."""
    with new_database(folder) as urls:
        app = app_on(urls, folder)
        yield app
        with app.app_context():
            db.engine.dispose()


def app_on(urls: DatabaseUrls, folder: Path) -> Flask:
    """The API in this process on a database."""
    return create_app(
        Settings(
            secret_key=SECRET,
            data_dir=folder / "data",
            database_url=urls.app,
            worker_database_url=urls.worker,
            auditor_database_url=urls.auditor,
            sealer_database_url=urls.sealer,
        )
    )
