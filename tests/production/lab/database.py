"""Interlude's database on a PostgreSQL server of the lab, made by the project's own commands."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from api.embedded.urls import DATABASE, DatabaseUrls
from api.setting_names import PREFIX
from migrations.roles import APP, AUDITOR, LOGIN_ROLES, OWNER, SEALER, WORKER, libpq_url
from tests.fixtures.app import SECRET

PROGRAMS: Final = Path("/usr/lib/postgresql/15/bin")
SUPERUSER: Final = "postgres"
# Of made-up roles on loopback; what a proof writes down holds none of it.
PASSWORD: Final = "interlude-lab-role"


def urls_at(port: int, database: str = DATABASE) -> DatabaseUrls:
    """Every role's URL on a loopback port; `admin` is the superuser in the same database."""

    def url(role: str) -> str:
        return f"postgresql+psycopg://{role}:{PASSWORD}@127.0.0.1:{port}/{database}"

    return DatabaseUrls(
        app=url(APP),
        owner=url(OWNER),
        worker=url(WORKER),
        auditor=url(AUDITOR),
        sealer=url(SEALER),
        admin=url(SUPERUSER),
    )


def environ_for(urls: DatabaseUrls, data_dir: Path, **settings: str) -> dict[str, str]:
    """The environment of a process of ours: no setting of this machine's, these instead."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    own = {"SECRET_KEY": SECRET, "DATA_DIR": str(data_dir), **settings}
    return {**kept, **urls.environ(), **{PREFIX + name: value for name, value in own.items()}}


def command(environ: Mapping[str, str], *words: str) -> str:
    """What a command of ours prints.

    Raises:
        RuntimeError: it fails; with what it wrote.
    """
    flask = [sys.executable, "-m", "flask", "--app", "wsgi", *words]
    done = subprocess.run(flask, env=dict(environ), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stdout}{done.stderr}"[-1000:])
    return done.stdout


def make_database(port: int, data_dir: Path) -> DatabaseUrls:
    """Roles, an empty database that lets nobody else in, its tables: as the README says."""
    urls = urls_at(port)
    first = {PREFIX + "ADMIN_DATABASE_URL": urls_at(port, "postgres").admin}
    command(environ_for(urls, data_dir) | first, "db", "roles")
    words = ["-h", "127.0.0.1", "-p", str(port), "-U", SUPERUSER, "-O", OWNER, DATABASE]
    password = {**os.environ, "PGPASSWORD": PASSWORD}
    subprocess.run([str(PROGRAMS / "createdb"), *words], env=password, check=True)
    _let_in_only_our_roles(urls.admin)
    command(environ_for(urls, data_dir), "db", "upgrade")
    return urls


def _let_in_only_our_roles(admin_url: str) -> None:
    database = sql.Identifier(DATABASE)
    roles = sql.SQL(", ").join(map(sql.Identifier, LOGIN_ROLES))
    with psycopg.connect(libpq_url(admin_url)) as admin:
        admin.execute(
            sql.SQL("REVOKE CONNECT, TEMPORARY ON DATABASE {} FROM PUBLIC").format(database)
        )
        admin.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, roles))
