"""The demo clinic: made once, through the same use cases as any other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID, uuid5

from sqlalchemy import select

from models import User
from services.access import Actor
from services.accounts.accept import Acceptance, accept
from services.accounts.account import email_digest
from services.accounts.tokens.families import Grant, start_family
from services.clinic.contacts import add_contact
from services.clinic.create import create_clinic
from services.consent.giving import NewConsent
from services.consent.giving import accept as agree
from services.demo.series import DAYS, STORIES, Story, answers, daily_totals, form_totals
from services.demo.staff import ADMIN, STAFF, find_demo
from services.demo.treatment import Physician
from services.intake.check_in import record_check_in
from services.intake.forms import CheckInForm, EffectsForm
from services.intake.side_effects import record_side_effects
from services.membership.invitations import InvitationForm, invite
from services.on_call.schedules import create_schedule
from services.rules.languages.consent import CONSENTS
from services.unit_of_work import clinic_ids, transaction

ZONE: Final = "America/New_York"
PATIENT: Final = "rosa@demo.example"
NAMESPACE: Final = UUID("9d1f5a0e-6f6c-4c0e-9a3e-1d6f5a0e6f6c")


class OtherClinicsError(RuntimeError):
    """The database has clinics of somebody's own."""


def make_demo(password: str, now: datetime) -> UUID:
    """Make the demo clinic with staff, a contact and ten weeks of simulated treatment, once.

    Raises `OtherClinicsError` where other clinics are: made-up people never stand beside real ones.
    """
    known = find_demo()
    if known is not None:
        return known
    if clinic_ids():
        raise OtherClinicsError
    began = now - timedelta(days=DAYS + 1)
    made = create_clinic("Demo Clinic", ZONE, "US", ADMIN, began, tried=False)
    admin = _accept(made.invitation_code, password, began)
    add_contact(made.clinic_id, "mailto:oncall@demo.example", began, tried=False)
    staff = {}
    for email, (name, role) in STAFF.items():
        code = invite(admin.actor, InvitationForm(email, name, (role,)), began).code
        staff[role] = _accept(code, password, began).actor.user_id
    _schedule(admin.actor, (staff["on_call"], staff["clinician"]), began)
    for seed, story in enumerate(STORIES):
        _patient(admin.actor, staff["clinician"], story, seed, password, now)
    return made.clinic_id


def _schedule(admin: Actor, members: Sequence[UUID], began: datetime) -> None:
    """Who is on call: weeks in turn, handed over on Mondays. Alerts page the contact chain."""
    turns = {"kind": "weekly", "length": 1, "handover": "mon 08:00", "members": members}
    create_schedule(admin, {"name": "On call", "timezone": ZONE, "rotation": turns}, began)


def _accept(code: str, password: str, at: datetime) -> Grant:
    return accept(Acceptance(code, password), None, at)


def _patient(
    admin: Actor, physician_id: UUID, story: Story, seed: int, password: str, now: datetime
) -> None:
    """One patient: everything that they and their physician enter, in the order of time."""
    began = now - timedelta(days=DAYS + 1)
    form = InvitationForm(
        email_of(story),
        story.name,
        ("patient",),
        ZONE,
        {"phone": "+1 202 555 0100", "mrn": f"DEMO-{seed + 1}", "indications": ["depression"]},
    )
    phone = _accept(invite(admin, form, began).code, password, began).actor
    if phone.patient_id is None:
        raise AssertionError("an invitation of a patient makes a patient")
    agree(phone, NewConsent(CONSENTS.newest.version), began)
    physician = Physician(admin.clinic_id, physician_id, phone.patient_id, story, NAMESPACE)
    entries = [*_entered_by_phone(phone, story, seed), *_entered_by_staff(physician)]
    for day, _, enter in sorted(entries, key=lambda entry: entry[:2]):
        enter(now - timedelta(days=DAYS - day))


# Hours before the last check-in of the demo at which something happens on a day of the course.
TREATED, FORM, DAILY, REPORTED = -10.0, -11.0, 0.0, -9.0
Entered = tuple[float, int, Callable[[datetime], object]]


def _entered_by_phone(phone: Actor, story: Story, seed: int) -> Iterator[Entered]:
    for day, total in daily_totals(story, seed):
        item9 = story.item9_today if day == DAYS else 0
        yield _answered(phone, "phq9-daily", day, answers(total, item9), DAILY)
    for day, total in form_totals(story):
        yield _answered(phone, "phq9", day, answers(total, 0), FORM)
    for number, (day, code, grade) in enumerate(story.effects):
        effect = {"code": code, "grade": grade}
        yield _reported(phone, day, number, effect)


def _at(day: float, hours: float) -> float:
    return day + hours / 24


def _answered(
    phone: Actor, instrument: str, day: int, form: dict[str, int], hours: float
) -> Entered:
    record_id = uuid5(NAMESPACE, f"{phone.patient_id} {instrument} {day}")

    def enter(at: datetime) -> None:
        record_check_in(phone, CheckInForm(record_id, instrument, form, at, ZONE), at, at)

    return _at(day, hours), 1, enter


def _reported(phone: Actor, day: int, number: int, effect: dict[str, Any]) -> Entered:
    """The evening after a session; by then it was over."""
    record_id = uuid5(NAMESPACE, f"{phone.patient_id} side-effects {number}")

    def enter(at: datetime) -> None:
        onset, end = at - timedelta(hours=22), at - timedelta(hours=20)
        known = effect | {"onset_at": onset, "ended_at": end}
        record_side_effects(phone, EffectsForm(record_id, at, (known,), ZONE), at, at)

    return _at(day + 1, REPORTED), 2, enter


def _entered_by_staff(physician: Physician) -> Iterator[Entered]:
    story = physician.story
    yield _at(story.given.days[0] - 1, TREATED), 0, physician.begin
    yield _at(story.maintained.days[0] - 1, TREATED), 0, physician.maintain
    for day in story.sessions:
        yield _at(day, TREATED), 0, partial(physician.treat, day)


def open_phone(clinic_id: UUID, now: datetime, email: str = PATIENT) -> Grant:
    """A fresh log-in of a demo patient's phone."""
    with transaction(clinic_id) as session:
        user_id = session.execute(
            select(User.id).where(User.email_digest == email_digest(email))
        ).scalar_one()
        return start_family(session, user_id, now)


def email_of(story: Story) -> str:
    """Of the made-up patient."""
    return f"{story.name.split(maxsplit=1)[0].lower()}@demo.example"
