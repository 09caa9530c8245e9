"""`flask db`, and the refusal to run as a role that row-level security does not hold."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from api import create_app
from api.embedded.urls import DatabaseUrls
from api.settings import Settings
from migrations.roles import LOGIN_ROLES, libpq_url
from models.database import UnsafeRoleError, db


def settings_with(app: Flask, **changes: str) -> Settings:
    settings: Settings = app.config["INTERLUDE"]
    return replace(settings, **changes)


def test_an_operator_makes_roles_and_migrates(
    app: Flask, database_urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_with(
        app,
        admin_database_url=database_urls.need("admin"),
        owner_database_url=database_urls.need("owner"),
    )
    monkeypatch.setitem(app.config, "INTERLUDE", settings)
    runner = app.test_cli_runner()
    made = runner.invoke(args=["db", "roles"])
    assert made.exit_code == 0, made.output
    assert "interlude_worker" in made.output
    migrated = runner.invoke(args=["db", "upgrade"])
    assert migrated.exit_code == 0, migrated.output
    with psycopg.connect(libpq_url(database_urls.admin)) as connection:
        let_in = [role for role in ("public", *LOGIN_ROLES) if may_connect(connection, role)]
    assert let_in == list(LOGIN_ROLES)


def may_connect(connection: psycopg.Connection, role: str) -> bool:
    found = connection.execute(
        "SELECT has_database_privilege(%s, current_database(), 'CONNECT')", (role,)
    ).fetchone()
    return found == (True,)


def test_what_is_missing_is_named(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = settings_with(app, admin_database_url="", owner_database_url="")
    monkeypatch.setitem(app.config, "INTERLUDE", bare)
    for command, missing in (
        ("roles", "INTERLUDE_ADMIN_DATABASE_URL"),
        ("upgrade", "INTERLUDE_OWNER_DATABASE_URL"),
    ):
        result = app.test_cli_runner().invoke(args=["db", command])
        assert result.exit_code == 1
        assert missing in result.output


def test_no_process_runs_as_a_superuser(app: Flask, database_urls: DatabaseUrls) -> None:
    unsafe = settings_with(app, database_url=database_urls.need("admin"))
    with pytest.raises(UnsafeRoleError, match="superuser"):
        create_app(unsafe)


def test_a_database_that_is_away_stops_no_start(app: Flask) -> None:
    away = "postgresql+psycopg://interlude_app@127.0.0.1:1/nowhere"
    made = create_app(settings_with(app, database_url=away))
    with made.app_context(), pytest.raises(OperationalError):
        db.session.execute(text("SELECT 1"))
