"""Two members of staff do the same thing at the same moment: the patient has one account still."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from uuid import UUID

from sqlalchemy import func, select

from models import User
from services.accounts.accept import Acceptance, accept
from services.membership.invitations import Invited, invite_device
from services.patients.record import enrol
from services.unit_of_work import transaction
from tests.builders.world import ClinicWorld, World, made_up_email

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def without_account(clinic: ClinicWorld) -> UUID:
    with clinic.app.app_context(), transaction(clinic.id) as session:
        return enrol(session, clinic.id, {"name": "Pat Quagga"}, START)


def test_two_invitations_at_once_make_one_account_and_two_codes_for_it(world: World) -> None:
    clinic = World(world.app, START).clinic()
    patient_id, actor = without_account(clinic), clinic.staff().actor
    emails = [made_up_email()] * 2
    gate = Barrier(2)

    def attempt(email: str) -> Invited:
        with clinic.app.app_context():
            gate.wait(10)
            return invite_device(actor, patient_id, START, email=email)

    with ThreadPoolExecutor(2) as pool:
        codes = [found.code for found in pool.map(attempt, emails)]
    with clinic.app.app_context():
        phones = [accept(Acceptance(code), "192.0.2.1", START).actor for code in codes]
        with transaction(clinic.id) as session:
            patients = select(func.count()).where(User.roles.contains(["patient"]))
            assert session.scalar(patients) == 1
    assert [phone.patient_id for phone in phones] == [patient_id] * 2
