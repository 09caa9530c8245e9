"""Migrations run forward and back on a database in use, and forward again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command

from api import create_app
from api.embedded.urls import DatabaseUrls
from api.settings import Settings
from migrations.upgrade import alembic_config, upgrade
from models.database import db
from tests.builders.calls import made
from tests.builders.stored import rows
from tests.builders.ward import MORNING, Ward
from tests.fixtures.app import SECRET
from tests.fixtures.postgres import let_in

SEARCHED = "SELECT part, patient_id FROM patient_search_parts ORDER BY part, patient_id"


def test_a_clinic_that_treats_can_go_back_before_treatments_and_forward_again(
    empty_database: DatabaseUrls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade(empty_database.owner)
    let_in(empty_database.owner)
    app = create_app(
        Settings(secret_key=SECRET, data_dir=tmp_path, database_url=empty_database.app)
    )
    config = alembic_config(empty_database.owner)
    try:
        ward = Ward(app, monkeypatch)
        ward.session(ward.course(), MORNING - timedelta(hours=3))
        report = ward.effects("chest_pain")
        made(ward.post("/v1/side-effects", report, ward.pat))
        searched = rows(ward.pat, SEARCHED)
        with app.app_context():
            db.engine.dispose()
        command.downgrade(config, "0002")
        command.upgrade(config, "head")
        command.check(config)
        let_in(empty_database.owner)
        assert ward.alerts() == [("e1", "critical")]
        assert rows(ward.pat, SEARCHED) == searched != []
        assert rows(ward.pat, "SELECT 1 FROM record_ids WHERE id = :id", id=report["id"])
        with app.app_context():
            db.engine.dispose()
        command.downgrade(config, "base")
        command.upgrade(config, "head")
        command.check(config)
    finally:
        with app.app_context():
            db.engine.dispose()


def test_sessions_of_before_get_the_zone_in_which_they_were_entered_and_by_whom(
    empty_database: DatabaseUrls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One entered in Paris, then the patient moved, then another one."""
    upgrade(empty_database.owner)
    let_in(empty_database.owner)
    app = create_app(
        Settings(secret_key=SECRET, data_dir=tmp_path, database_url=empty_database.app)
    )
    config = alembic_config(empty_database.owner)
    try:
        ward = Ward(app, monkeypatch)
        course = ward.course()
        ward.session(course, MORNING - timedelta(hours=3))
        made(ward.patch(ward.path, {"timezone": "Asia/Tokyo"}), 200)
        ward.session(course, MORNING + timedelta(days=3))
        with app.app_context():
            db.engine.dispose()
        command.downgrade(config, "0003")
        command.upgrade(config, "head")
        let_in(empty_database.owner)
        found = rows(
            ward.pat,
            "SELECT timezone, staff_ids FROM treatment_session_versions ORDER BY started_at",
        )
        assert [row["timezone"] for row in found] == ["Europe/Paris", "Asia/Tokyo"]
        assert [row["staff_ids"] for row in found] == [[ward.staff.user_id]] * 2
    finally:
        with app.app_context():
            db.engine.dispose()
