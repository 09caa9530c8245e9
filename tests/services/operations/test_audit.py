"""The audit chain: put in by the application, sealed by the sealer, proved by anybody."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event
from typing import Any

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask

from api.embedded.urls import DatabaseUrls
from services import audit
from services.auditing import seal, verify
from services.auditing.checkpoints import Checkpoint, SealError
from services.clock import utcnow
from services.exceptions import NotFound
from services.unit_of_work import transaction
from tests.builders.chains import Chain
from tests.builders.stored import rows
from tests.builders.world import ClinicWorld, World

EVENTS = 60
PER_SEAL = 20


@pytest.fixture
def chain(app: Flask, database_urls: DatabaseUrls, clean_database: None) -> Chain:
    return Chain(app, database_urls.admin)


@pytest.fixture
def busy(chain: Chain, clinic: ClinicWorld, monkeypatch: pytest.MonkeyPatch) -> ClinicWorld:
    """A clinic whose entries are sealed, in several seals."""
    monkeypatch.setattr(seal, "BATCH", PER_SEAL)
    chain.events(clinic.id, EVENTS, clinic.patient().patient_id)
    assert chain.seal() > EVENTS
    return clinic


def length(chain: Chain) -> int:
    return chain.published[-1].seq


def test_what_happened_is_sealed_and_proved(chain: Chain, busy: ClinicWorld) -> None:
    proof = chain.proof()
    assert proof.faults == []
    assert proof.end == chain.published[-1]
    assert (proof.unsealed, proof.unsealed_since) == (0, None)
    assert chain.seal() == 0, "everything has its place"
    chain.events(busy.id, 2)
    younger = chain.proof()
    assert (younger.faults, younger.unsealed) == ([], 2)


# What somebody did to entry 25 of those there, and what shows it: nothing else.
TAMPERINGS = {
    "one letter": (
        "UPDATE audit_entries SET action = 'other' WHERE seq = 25",
        "entry 25 was changed",
    ),
    "an instant": (
        "UPDATE audit_entries SET at = at + interval '1 second' WHERE seq = 25",
        "entry 25 was changed",
    ),
    "whose": ("UPDATE audit_entries SET patient_id = NULL WHERE seq = 25", "entry 25 was changed"),
    "one byte of a hash": (
        "UPDATE audit_entries SET hash = set_byte(hash, 0, get_byte(hash, 0) # 1) WHERE seq = 25",
        "entry 25 was changed",
    ),
    "one byte of a digest": (
        "UPDATE audit_entries SET detail_mac = set_byte(detail_mac, 0, get_byte(detail_mac, 0) # 1)"
        " WHERE seq = 25",
        "entry 25 was changed",
    ),
    "a detail": (
        """UPDATE audit_details SET detail = '{"number": -1}'"""
        " WHERE entry_id = (SELECT id FROM audit_entries WHERE seq = 25)",
        "entry 25: its details were changed",
    ),
    "a detail taken away": (
        "DELETE FROM audit_details WHERE entry_id = (SELECT id FROM audit_entries WHERE seq = 25)",
        "entry 25: its details, or their key, are missing",
    ),
    "a row dropped": ("DELETE FROM audit_entries WHERE seq = 25", "entry 25 is missing"),
    "rows dropped": (
        "DELETE FROM audit_entries WHERE seq BETWEEN 25 AND 27",
        "entries 25 to 27 are missing",
    ),
    "two swapped": (
        "UPDATE audit_entries SET seq = -25 WHERE seq = 25;"
        "UPDATE audit_entries SET seq = 25 WHERE seq = 26;"
        "UPDATE audit_entries SET seq = 26 WHERE seq = -25",
        "entry 25 was changed",
    ),
    "a row without a place": (
        "UPDATE audit_entries SET seq = NULL WHERE seq = 25",
        "entry 25 is missing",
    ),
    "a row put before": (
        "INSERT INTO audit_entries (clinic_id, id, at, action, seq)"
        " SELECT clinic_id, gen_random_uuid(), at, action, 0 FROM audit_entries WHERE seq = 25",
        "entry 0 has a place that there is not",
    ),
    "a signature": (
        "UPDATE audit_entries SET signature = set_byte(signature, 0, get_byte(signature, 0) # 1)"
        " WHERE seq = 20",
        "entry 20: its seal is not the sealer's",
    ),
    "the end, inside a seal": (
        "DELETE FROM audit_entries WHERE seq > 25",
        "the chain ends at 25, inside a seal: its end was cut off",
    ),
}


@pytest.mark.parametrize("kind", TAMPERINGS)
def test_every_tampering_is_found_and_located(chain: Chain, busy: ClinicWorld, kind: str) -> None:
    statement, found = TAMPERINGS[kind]
    chain.spoil(statement)
    assert found in chain.faults()


def test_the_end_cut_off_at_a_seal_shows_by_a_checkpoint_alone(
    chain: Chain, busy: ClinicWorld
) -> None:
    chain.spoil("DELETE FROM audit_entries WHERE seq > 20")
    assert chain.faults() == []
    newest = length(chain)
    assert chain.faults(chain.published[-1]) == [
        f"the chain ends at 20, the checkpoint saw {newest}"
    ]


def test_a_chain_that_its_owner_wrote_anew_is_not_the_sealers(
    chain: Chain, busy: ClinicWorld
) -> None:
    theirs = Ed25519PrivateKey.generate()

    def forged(here: Checkpoint) -> bytes:
        return Checkpoint.signed(theirs, here.seq, here.hash, here.sealed_at).signature

    chain.write_anew(25, forged)
    found = chain.faults(chain.published[-1])
    assert found[0] == "entry 40: its seal is not the sealer's", "the first seal after the change"
    assert f"entry {length(chain)}, or one before it, differs from the checkpoint" in found
    chain.write_anew(25, lambda _here: None)
    last = f"the chain ends at {length(chain)}, inside a seal: its end was cut off"
    assert last in chain.faults()


def test_the_sealer_signs_nothing_that_follows_on_a_changed_chain(
    chain: Chain, busy: ClinicWorld
) -> None:
    chain.write_anew(25, lambda _here: b"")
    chain.events(busy.id, 1)
    with pytest.raises(SealError, match="changed at or before"):
        chain.seal()
    assert chain.proof().unsealed == 1


def test_a_checkpoint_that_nobody_signed_proves_nothing(chain: Chain, busy: ClinicWorld) -> None:
    made_up = replace(chain.published[-1], signature=bytes(64))
    assert chain.faults(made_up) == [
        f"the checkpoint of entry {made_up.seq} was not signed by the sealer"
    ]


def test_the_chain_holds_over_what_was_erased_and_says_what_was_not_erased_by_us(
    chain: Chain, busy: ClinicWorld
) -> None:
    ada, eve = busy.patient().patient_id, busy.patient().patient_id
    for patient in (ada, eve):
        chain.events(busy.id, 2, patient)
    chain.seal()
    for patient in (ada, eve):
        chain.spoil(
            "DELETE FROM audit_details d USING audit_entries e"
            " WHERE e.id = d.entry_id AND e.patient_id = %s",
            patient,
        )
        chain.spoil("DELETE FROM audit_keys WHERE subject_id = %s", patient)
    with busy.app.app_context(), transaction(busy.id) as session:
        audit.record(session, busy.admin.user_id, verify.ERASED, utcnow(), ada)
    chain.seal()
    (fault,) = chain.faults()
    assert fault.endswith(f"details are gone, and no erasure of {eve} is recorded")


def test_verifying_while_the_clinic_works_and_the_sealer_seals_finds_nothing(
    chain: Chain, busy: ClinicWorld
) -> None:
    done = Event()

    def work() -> int:
        turns = 0
        while not done.is_set() and turns < 400:
            chain.events(busy.id, 3)
            turns += 1
        return turns

    def keep_sealing() -> int:
        with chain.sealing() as sealer:
            return sum(sealer.seal_all(utcnow) for _ in range(30))

    with ThreadPoolExecutor(3) as pool:
        working = [pool.submit(work) for _ in range(2)]
        sealing = pool.submit(keep_sealing)
        try:
            proofs = [chain.proof(*chain.published) for _ in range(6)]
            sealed = sealing.result()
        finally:
            done.set()
    assert [proof.faults for proof in proofs] == [[]] * 6
    chain.seal()
    last = chain.proof(*chain.published)
    assert last.faults == []
    made = 3 * sum(each.result() for each in working)
    assert sealed <= made
    (count,) = rows(busy.admin, "SELECT count(*) AS n FROM audit_entries")
    assert last.end is not None
    assert last.end.seq == count["n"]


def test_of_two_sealers_one_seals_and_the_other_goes_on_when_it_is_gone(
    chain: Chain, busy: ClinicWorld
) -> None:
    chain.events(busy.id, 5)
    with psycopg.connect(chain.role_url("sealer")) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", (seal.SEAL_LOCK,))
        assert chain.seal() == 0
    assert chain.seal() == 5
    chain.events(busy.id, 200)
    with ThreadPoolExecutor(4) as pool:
        counts = [each.result() for each in [pool.submit(chain.seal) for _ in range(4)]]
    assert sum(counts) + chain.seal() == 200
    assert chain.faults(*chain.published) == []


class Killed(BaseException):
    """What nothing in the sealer handles."""


@pytest.mark.parametrize("where", ["_place", "publish"])
def test_a_sealer_that_dies_anywhere_leaves_whole_seals(
    chain: Chain, busy: ClinicWorld, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Before the commit nothing is sealed; after it, the next one publishes what this did not."""
    chain.events(busy.id, 30)
    before = length(chain)

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch, chain.sealing() as sealer:
        patch.setattr(*((seal, where) if where == "_place" else (sealer, "_publish")), die)
        with pytest.raises(Killed):
            sealer.seal_all(utcnow)
    assert length(chain) == before
    assert chain.faults() == []
    assert chain.seal() == (30 if where == "_place" else 30 - PER_SEAL)
    assert length(chain) == before + 30
    assert chain.faults(*chain.published) == []


DENIED = {
    "app": (
        "UPDATE audit_entries SET action = 'x' WHERE false",
        "DELETE FROM audit_entries WHERE false",
        "INSERT INTO audit_entries (clinic_id, id, at, action, seq) SELECT clinic_id, id, at,"
        " action, 1 FROM audit_entries WHERE false",
        "INSERT INTO audit_entries (clinic_id, id, at, action, hash) SELECT clinic_id, id, at,"
        " action, '' FROM audit_entries WHERE false",
        "UPDATE audit_details SET detail = '{}' WHERE false",
        "DELETE FROM audit_details WHERE false",
        "UPDATE audit_keys SET key = '' WHERE false",
        "DELETE FROM audit_keys WHERE false",
        "TRUNCATE audit_entries CASCADE",
    ),
    "worker": ("SELECT id FROM audit_entries WHERE false",),
    "sealer": (
        "UPDATE audit_entries SET action = 'x' WHERE false",
        "DELETE FROM audit_entries WHERE false",
        "INSERT INTO audit_entries (clinic_id) SELECT clinic_id FROM audit_entries WHERE false",
        "SELECT detail FROM audit_details WHERE false",
        "SELECT key FROM audit_keys WHERE false",
        "SELECT id FROM patients WHERE false",
        "SELECT id FROM users WHERE false",
        "SELECT answers FROM check_in_contents WHERE false",
    ),
    "auditor": ("UPDATE audit_entries SET seq = 1 WHERE false",),
}


@pytest.mark.parametrize("role", DENIED)
def test_a_role_puts_in_rows_and_does_nothing_else_to_them(chain: Chain, role: str) -> None:
    with psycopg.connect(chain.role_url(role), autocommit=True) as connection:
        for statement in DENIED[role]:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_the_sealer_cannot_move_what_has_its_place(chain: Chain, busy: ClinicWorld) -> None:
    with psycopg.connect(chain.role_url("sealer"), autocommit=True) as connection:
        moved = connection.execute("UPDATE audit_entries SET seq = seq + 1000, hash = ''")
        assert moved.rowcount == 0
        assert connection.execute("SELECT count(*) FROM audit_entries").fetchone() != (0,)


def record_and_refuse(clinic: ClinicWorld) -> None:
    with transaction(clinic.id) as session:
        audit.record(session, None, "will_not_stand", utcnow())
        raise NotFound


def test_a_refused_use_case_leaves_no_entry(clinic: ClinicWorld) -> None:
    with clinic.app.app_context(), pytest.raises(NotFound):
        record_and_refuse(clinic)
    query = "SELECT 1 FROM audit_entries WHERE action = 'will_not_stand'"
    assert rows(clinic.admin, query) == []


def test_recording_waits_for_nobody(clinic: ClinicWorld) -> None:
    """Two transactions of one clinic record at once: neither holds what the other needs."""
    pat = clinic.patient().patient_id

    def record(session: Any) -> None:
        audit.record(session, None, "patient_read", utcnow(), pat)
        audit.record(session, None, "patient_changed", utcnow(), pat, fields=["name"])

    def inside_another() -> None:
        with clinic.app.app_context(), transaction(clinic.id) as session:
            session.connection().exec_driver_sql("SET LOCAL lock_timeout = '100ms'")
            record(session)

    with clinic.app.app_context():
        with transaction(clinic.id) as session:
            record(session)  # the key is there
        with transaction(clinic.id) as session, ThreadPoolExecutor(1) as pool:
            record(session)
            pool.submit(inside_another).result()


def test_two_clinics_share_the_chain_and_no_key(chain: Chain, world: World) -> None:
    first, second = world.clinic(), world.clinic()
    for clinic in (first, second):
        chain.events(clinic.id, 2)
    chain.seal()
    assert chain.faults() == []
    for clinic in (first, second):
        (own,) = rows(clinic.admin, "SELECT subject_id FROM audit_keys")
        assert own["subject_id"] == clinic.id
