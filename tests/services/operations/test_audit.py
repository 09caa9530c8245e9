"""The audit chain shows tampering."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask

from api.embedded.urls import DatabaseUrls
from migrations.roles import libpq_url
from services import audit
from services.clock import utcnow
from services.exceptions import NotFound
from services.unit_of_work import transaction
from tests.builders.world import ClinicWorld, World


@pytest.fixture
def tamper(database_urls: DatabaseUrls) -> Callable[..., None]:
    """A hand that row-level security and grants do not hold."""

    def run(statement: str, *values: object) -> None:
        with psycopg.connect(libpq_url(database_urls.admin)) as connection:
            connection.execute(statement, values)

    return run


def faults(clinic: ClinicWorld) -> list[str]:
    with clinic.app.app_context(), transaction(clinic.id) as session:
        return audit.verify_chain(session)


def verify(app: Flask, *options: str) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=["audit", "verify", *options])
    return result.exit_code, result.output


@pytest.fixture
def busy(clinic: ClinicWorld) -> ClinicWorld:
    """A clinic in which some things happened."""
    for _ in range(3):
        clinic.patient()
    return clinic


def test_what_happened_is_recorded_and_the_chain_is_whole(busy: ClinicWorld) -> None:
    assert faults(busy) == []
    with busy.app.app_context(), transaction(busy.id) as session:
        assert audit.checkpoint_of(session).seq >= 7


TAMPERINGS = [
    "UPDATE audit_entries SET action = 'other' WHERE clinic_id = %s AND seq = 3",
    "UPDATE audit_entries SET at = at + interval '1 second' WHERE clinic_id = %s AND seq = 3",
    "UPDATE audit_entries SET actor_id = NULL WHERE clinic_id = %s AND seq = 3",
    "UPDATE audit_entries SET detail = '{\"a\": 1}' WHERE clinic_id = %s AND seq = 3",
    "DELETE FROM audit_entries WHERE clinic_id = %s AND seq = 3",
    "DELETE FROM audit_entries WHERE clinic_id = %s AND seq > 4",
    "UPDATE audit_heads SET seq = 4 WHERE clinic_id = %s",
]


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_every_tampering_is_found(
    busy: ClinicWorld, tamper: Callable[..., None], tampering: str
) -> None:
    tamper(tampering, busy.id)
    assert faults(busy) != []
    status, output = verify(busy.app)
    assert status == 1
    assert str(busy.id) in output


def test_a_chain_cut_short_with_its_head_is_found_by_the_checkpoint(
    busy: ClinicWorld, tamper: Callable[..., None], tmp_path: Path
) -> None:
    kept = str(tmp_path / "checkpoint")
    assert verify(busy.app, "--checkpoint", kept)[0] == 0
    busy.patient()
    assert verify(busy.app, "--checkpoint", kept)[0] == 0
    tamper("DELETE FROM audit_entries WHERE clinic_id = %s AND seq > 4", busy.id)
    tamper(
        "UPDATE audit_heads h SET seq = 4, hash = e.hash FROM audit_entries e"
        " WHERE e.clinic_id = h.clinic_id AND e.seq = 4 AND h.clinic_id = %s",
        busy.id,
    )
    assert verify(busy.app)[0] == 0
    status, output = verify(busy.app, "--checkpoint", kept)
    assert status == 1
    assert "the checkpoint saw" in output


def test_a_broken_checkpoint_is_no_clean_bill(busy: ClinicWorld, tmp_path: Path) -> None:
    kept = tmp_path / "checkpoint"
    kept.write_text("[1]")
    assert verify(busy.app, "--checkpoint", str(kept))[0] == 1


def test_what_is_recorded_meanwhile_is_no_fault(
    busy: ClinicWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between reading the head and the entries, and between the entries and the checkpoint."""
    read_entries = audit._entries

    def as_the_clinic_works(session: object) -> list[dict[str, Any]]:
        with ThreadPoolExecutor(1) as other:
            other.submit(busy.patient).result()
        entries = list(read_entries(session))
        with ThreadPoolExecutor(1) as other:
            other.submit(busy.patient).result()
        return entries

    monkeypatch.setattr(audit, "_entries", as_the_clinic_works)
    with busy.app.app_context():
        marks, found = audit.verify_all({})
        assert found == []
        with transaction(busy.id) as session:
            assert audit.checkpoint_of(session).seq > marks[busy.id].seq


def record_and_refuse(clinic: ClinicWorld) -> None:
    with transaction(clinic.id) as session:
        audit.record(session, None, "will_not_stand", utcnow())
        raise NotFound


def test_a_refused_use_case_leaves_no_entry(busy: ClinicWorld) -> None:
    with busy.app.app_context():
        with transaction(busy.id) as session:
            before = audit.checkpoint_of(session)
        with pytest.raises(NotFound):
            record_and_refuse(busy)
        with transaction(busy.id) as session:
            assert audit.checkpoint_of(session) == before


def test_chains_of_two_clinics_do_not_touch(world: World) -> None:
    first, second = world.clinic(), world.clinic()
    first.patient()
    assert faults(first) == faults(second) == []
