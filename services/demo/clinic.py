"""The demo clinic: made once, through the same use cases as any other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from sqlalchemy import select, text

from models import User
from services.access import Actor
from services.accounts.accept import Acceptance, accept
from services.accounts.clinics import create_clinic
from services.accounts.contacts import add_contact
from services.accounts.families import Grant, start_family
from services.accounts.new_account import email_digest
from services.demo.series import COURSES, DAYS, PHQ9_EVERY, Course, answers, totals
from services.intake.forms import CheckInForm
from services.intake.record import record_check_in
from services.membership.invitations import InvitationForm, invite
from services.unit_of_work import transaction

ZONE: Final = "America/New_York"
ADMIN: Final = "admin@demo.example"
STAFF: Final = {
    "clinician@demo.example": ("Clara Clinician", "clinician"),
    "oncall@demo.example": ("Owen Oncall", "on_call"),
}
PATIENT: Final = "rosa@demo.example"
NAMESPACE: Final = UUID("9d1f5a0e-6f6c-4c0e-9a3e-1d6f5a0e6f6c")


@dataclass(frozen=True, slots=True)
class DemoClinic:
    """The clinic, and whether it was made just now."""

    clinic_id: UUID
    is_new: bool


def find_demo() -> UUID | None:
    """The demo clinic of this database, if there is one."""
    with transaction() as session:
        found: UUID | None = session.scalar(
            text("SELECT clinic_id FROM door_account(:digest)"), {"digest": email_digest(ADMIN)}
        )
        return found


def make_demo(password: str, now: datetime) -> DemoClinic:
    """Make the demo clinic with staff, a contact and four weeks of simulated answers, once."""
    known = find_demo()
    if known is not None:
        return DemoClinic(known, False)
    began = now - timedelta(days=DAYS + 1)
    made = create_clinic("Demo Clinic", ZONE, "US", ADMIN, began)
    admin = _accept(made.invitation_code, password, began)
    add_contact(made.clinic_id, "mailto:oncall@demo.example", began)
    for email, (name, role) in STAFF.items():
        code = invite(admin.actor, InvitationForm(email, name, (role,)), began).code
        _accept(code, password, began)
    for seed, course in enumerate(COURSES):
        _patient(admin.actor, course, seed, password, now)
    return DemoClinic(made.clinic_id, True)


def _accept(code: str, password: str, at: datetime) -> Grant:
    return accept(Acceptance(code, password), None, at)


def _patient(admin: Actor, course: Course, seed: int, password: str, now: datetime) -> None:
    began = now - timedelta(days=DAYS + 1)
    first = course.name.split(maxsplit=1)[0].lower()
    form = InvitationForm(
        f"{first}@demo.example",
        course.name,
        ("patient",),
        ZONE,
        {"phone": "+1 555 0100", "mrn": f"DEMO-{seed + 1}", "indications": ["depression"]},
    )
    phone = _accept(invite(admin, form, began).code, password, began)
    for day, total in totals(course, seed):
        at = now - timedelta(days=DAYS - day)
        item9 = course.item9_today if day == DAYS else 0
        _answer(phone.actor, "phq9-daily", day, answers(total, item9), at)
        if day % PHQ9_EVERY == 0:
            _answer(phone.actor, "phq9", day, answers(total, item9), at)


def _answer(patient: Actor, instrument: str, day: int, form: dict[str, int], at: datetime) -> None:
    record_id = uuid5(NAMESPACE, f"{patient.patient_id} {instrument} {day}")
    record_check_in(patient, CheckInForm(record_id, instrument, form, at, ZONE), at, at)


def open_phone(clinic_id: UUID, now: datetime) -> Grant:
    """A fresh log-in of the demo patient's phone, for the first request to paste."""
    with transaction(clinic_id) as session:
        user_id = session.execute(
            select(User.id).where(User.email_digest == email_digest(PATIENT))
        ).scalar_one()
        return start_family(session, user_id, now)
