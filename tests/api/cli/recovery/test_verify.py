"""`flask restore verify` and `lost`: is a restored database whole, and what does it not hold?"""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from api.cli.audit import working_as
from migrations.roles import libpq_url
from services.clock import utcnow
from services.erasure.fates import FATES
from services.operations.keys import register_key
from services.restoring.proof import read_restored
from tests.builders.calls import made, post
from tests.builders.entries import phq9
from tests.builders.world import ClinicWorld
from tests.fixtures.databases.restored import Backup, Service

ANOTHER = "8Kd0Qx5-vNz2Wm7Lb4Tr9Yc1Hs6Jf3PgAeUiRoSq"


def test_a_key_that_does_not_open_the_data_is_named(
    backup: Backup, hospital: ClinicWorld, service: Service
) -> None:
    made(post(service.client, hospital.patient(), phq9()))
    register_key(libpq_url(service.urls.owner), utcnow())
    backup.take()
    with backup.restored(secret_key=ANOTHER) as restored:
        code, shown = restored.run("restore", "verify")
        assert code == 1
        assert "NO   key        INTERLUDE_SECRET_KEY" in shown
        assert "missing are columns" in shown
        assert "caseload" not in shown, "nothing can be compared without it"
        code, shown = restored.run("restore", "finish")
        assert (code, "INTERLUDE_SECRET_KEY" in shown) == (1, True)
    with backup.restored() as restored:
        assert "ok   key" in restored.run("restore", "verify")[1]


def test_what_is_missing_is_found(
    backup: Backup, hospital: ClinicWorld, service: Service, tmp_path: Path
) -> None:
    made(post(service.client, hospital.patient(), phq9()))
    service.run("audit", "seal", "--once")
    counts = tmp_path / "counts.json"
    counts.write_text(service.run("restore", "counts")[1])
    backup.take()
    with backup.restored() as restored:
        restored.run("restore", "finish")
        restored.run("audit", "seal", "--once")
        assert restored.run("restore", "verify", "--counts", str(counts))[0] == 0
        restored.spoil("DELETE FROM check_in_contents; DELETE FROM check_ins")
        restored.spoil("UPDATE audit_entries SET action = 'other' WHERE seq = 1")
        code, shown = restored.run("restore", "verify", "--counts", str(counts))
    assert code == 1
    assert "NO   caseload   1 status rows, 1 differ from a recompute" in shown
    assert "NO   rows " in shown
    assert "at the backup in 2 tables: check_in_contents 0 of 1; check_ins 0 of 1" in shown
    assert "NO   answers    1 x answer_missing" in shown
    assert "entry 1 was changed" in shown


@pytest.mark.parametrize(
    ("table", "code", "words"),
    [
        ("record_ids", 1, "NO   rows       {sum}record_ids 1 of 2, and no row of it ever goes"),
        ("check_ins", 0, "ok   rows       {sum}check_ins 1 of 2"),
    ],
)
def test_fewer_rows_are_a_fault_where_none_ever_goes(
    backup: Backup, hospital: ClinicWorld, service: Service, tmp_path: Path, table, code, words
) -> None:
    made(post(service.client, hospital.patient(), phq9()))
    counted = orjson.loads(service.run("restore", "counts")[1])
    assert counted[table] == 1
    counts = tmp_path / "counts.json"
    counts.write_bytes(orjson.dumps(counted | {table: 2}))
    backup.take()
    with backup.restored() as restored:
        restored.run("restore", "finish")
        found, shown = restored.run("restore", "verify", "--counts", str(counts))
    assert found == code, shown
    before, _, after = words.partition("{sum}")
    (line,) = (line for line in shown.splitlines() if " rows " in line)
    assert line.startswith(before)
    assert line.endswith(f"fewer than at the backup in 1 tables: {after}")


def test_what_only_grows_is_what_the_database_lets_nobody_delete(service: Service) -> None:
    """What an erasure or the retention takes away is not among it, nor what the owner clears."""
    with working_as("auditor", service.settings) as app, app.app_context():
        found = read_restored().only_grow
    goes = {name for name, fate in FATES.items() if fate.fate == "goes"}
    assert not found & goes
    assert not found & {"key_fingerprints", "watch_runs", "on_call_policies"}
    assert found >= {"record_ids", "audit_entries", "clinics", "contacts", "contact_methods"}


def test_nothing_sealed_beside_a_checkpoint_that_saw_entries_is_a_fault(
    backup: Backup, hospital: ClinicWorld, service: Service
) -> None:
    backup.take()
    sealed = service.run("audit", "seal", "--once")[1].split()[1]
    checkpoint = str(service.settings.data_dir / "audit_checkpoint")
    with backup.restored() as restored:
        restored.run("restore", "finish")
        assert "ok   chain      nothing is sealed\n" in restored.run("restore", "verify")[1]
        code, shown = restored.run("restore", "verify", "--checkpoint", checkpoint)
    assert code == 1
    words = f"nothing is sealed, but a checkpoint outside saw {sealed} entries: restore a later"
    assert f"NO   chain      {words}" in shown


def test_a_checkpoint_from_after_the_instant_is_no_fault_and_a_forged_one_is(
    backup: Backup, hospital: ClinicWorld, service: Service, tmp_path: Path
) -> None:
    service.run("audit", "seal", "--once")
    backup.take()
    hospital.patient()
    service.run("audit", "seal", "--once")
    checkpoint = service.settings.data_dir / "audit_checkpoint"
    with backup.restored() as restored:
        restored.run("restore", "finish")
        code, shown = restored.run("restore", "verify", "--checkpoint", str(checkpoint))
        assert code == 0, shown
        assert "more, from after what was restored" in shown
        forged = tmp_path / "forged"
        forged.write_bytes(checkpoint.read_bytes().replace(b'"seq":', b'"seq":9'))
        code, shown = restored.run("restore", "verify", "--checkpoint", str(forged))
    assert (code, "was not signed by the sealer" in shown) == (1, True)


def test_what_came_in_since_is_listed_by_its_ids(
    backup: Backup, hospital: ClinicWorld, service: Service
) -> None:
    patient, kept, lost = hospital.patient(), phq9(), phq9(item9=2)
    made(post(service.client, patient, kept))
    backup.take()
    made(post(service.client, patient, lost))
    with backup.restored() as restored:
        # The service has gone on for hours before somebody asks what was lost.
        restored.spoil("UPDATE record_ids SET received_at = received_at + interval '2 hours'")
        code, shown = restored.run("restore", "lost", libpq_url(service.urls.auditor))
    assert code == 0
    assert shown.splitlines()[-1] == "1 records are missing here"
    assert f"check_in  clinic {hospital.id} patient {patient.patient_id} id {lost['id']}" in shown
    assert str(kept["id"]) not in shown
