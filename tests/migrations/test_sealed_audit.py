"""What was recorded before there was a sealer stays, and what it sealed goes back into chains."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask

from api import create_app
from api.embedded.urls import DatabaseUrls
from api.settings import Settings
from migrations.upgrade import alembic_config, upgrade
from models.database import db
from tests.builders.chains import Chain
from tests.builders.stored import rows
from tests.builders.world import ClinicWorld, World
from tests.fixtures.app import SECRET
from tests.fixtures.postgres import let_in

DETAILS = (
    "SELECT action, detail FROM audit_entries e JOIN audit_details d ON d.entry_id = e.id"
    " ORDER BY at, action"
)
BEFORE = "SELECT action, detail FROM audit_entries WHERE detail <> '{}' ORDER BY at, action"


def migrated(app: Flask, owner: str, revision: str) -> None:
    with app.app_context():
        db.engine.dispose()
    move = command.upgrade if revision == "head" else command.downgrade
    move(alembic_config(owner), revision)


def count(clinic: ClinicWorld) -> int:
    (found,) = rows(clinic.admin, "SELECT count(*) AS n FROM audit_entries")
    return int(found["n"])


def test_entries_go_back_into_chains_of_clinics_and_forward_into_one(
    empty_database: DatabaseUrls, tmp_path: Path
) -> None:
    upgrade(empty_database.owner)
    let_in(empty_database.owner)
    given = Settings(
        secret_key=SECRET,
        data_dir=tmp_path,
        database_url=empty_database.app,
        auditor_database_url=empty_database.auditor,
        sealer_database_url=empty_database.sealer,
    )
    app = create_app(given)
    chain = Chain(app, empty_database.admin)
    clinics = [World(app).clinic(), World(app).clinic()]
    try:
        for clinic in clinics:
            clinic.staff()
        assert chain.seal() == sum(map(count, clinics))
        chain.events(clinics[0].id, 3)
        kept = [rows(clinic.admin, DETAILS) for clinic in clinics]
        migrated(app, empty_database.owner, "0017")
        assert [rows(clinic.admin, BEFORE) for clinic in clinics] == kept
        for clinic in clinics:
            (end,) = rows(clinic.admin, "SELECT seq, hash FROM audit_heads")
            (last,) = rows(
                clinic.admin, "SELECT hash FROM audit_entries WHERE seq = :n", n=end["seq"]
            )
            assert (end["seq"], end["hash"]) == (count(clinic), last["hash"])
        migrated(app, empty_database.owner, "head")
        let_in(empty_database.owner)
        assert [rows(clinic.admin, DETAILS) for clinic in clinics] == kept
        again = Chain(app, empty_database.admin, Ed25519PrivateKey.generate())
        assert again.seal() == sum(map(count, clinics))
        assert again.faults(*again.published) == []
    finally:
        with app.app_context():
            db.engine.dispose()
