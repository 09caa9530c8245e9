"""People of made-up clinics, for tests and proofs: through the public services, without argon2.

    clinic = World(app).clinic(timezone="Asia/Kolkata", country="IN")
    ada = clinic.patient("Ada Quagga", indications=["F32.2"])
    client.post("/v1/check-ins", json=…, headers=ada.headers)

`app` is any application of ours: the headers hold on every server with the same secret and
database. Each `headers` is a fresh token of the person's pair, so it never expires in a test.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import update

from api.http.auth import encode_pair
from models import User
from services.access import Actor
from services.accounts.accept import Acceptance, accept
from services.accounts.passwords import HASHER
from services.accounts.tokens.families import PATIENT_LIFETIME, Grant, start_family
from services.clinic.contacts import NewContact, add_contact
from services.clinic.create import create_clinic
from services.clock import utcnow
from services.membership.invitations import InvitationForm, invite
from services.unit_of_work import transaction

# Of a password that nobody types.
NOBODYS = HASHER.hash("no account has this password: \x00")
_numbers = itertools.count(1)


def made_up_email(name: str = "person") -> str:
    """An address that no other account of this run has; it carries the mark of the log watch."""
    return f"{name.split()[0].lower()}-quagga-{next(_numbers)}@clinic.example"


@dataclass(frozen=True)
class Person:
    """Somebody who is logged in on one device."""

    app: Flask
    actor: Actor
    email: str
    name: str

    @property
    def user_id(self) -> UUID:
        """The account."""
        return self.actor.user_id

    @property
    def patient_id(self) -> UUID:
        """The patient's record; fails for staff."""
        assert self.actor.patient_id is not None, "not a patient"
        return self.actor.patient_id

    @property
    def headers(self) -> dict[str, str]:
        """A bearer header, valid for 15 minutes from now."""
        return self.headers_at(utcnow())

    def headers_at(self, issued_at: datetime) -> dict[str, str]:
        """The header of an access token issued then: an expired one, or for a moved clock."""
        return {"Authorization": f"Bearer {self.tokens(issued_at)['access_token']}"}

    def tokens(self, issued_at: datetime) -> dict[str, Any]:
        """Both tokens of the pair as they were issued then."""
        with self.app.app_context():
            return encode_pair(self.actor, issued_at, PATIENT_LIFETIME)


@dataclass(frozen=True)
class ClinicWorld:
    """One clinic and its administrator, who is logged in."""

    app: Flask
    id: UUID
    admin: Person
    now: datetime | None = None

    def staff(self, *roles: str, name: str = "Sam Quagga") -> Person:
        """Somebody with these staff roles (`clinician` when none is named)."""
        form = InvitationForm(made_up_email(name), name, roles or ("clinician",))
        with self.app.app_context():
            invited = invite(self.admin.actor, form, self.now or utcnow())
            return log_in(self.app, self.id, invited.user_id, self.now or utcnow())

    def patient(
        self, name: str = "Pat Quagga", timezone: str | None = None, **fields: Any
    ) -> Person:
        """A patient who has accepted; `fields` are those of `patient` in an invitation."""
        form = InvitationForm(made_up_email(name), name, ("patient",), timezone, fields)
        with self.app.app_context():
            now = self.now or utcnow()
            invited = invite(self.admin.actor, form, now)
            return person_of(self.app, accept(Acceptance(invited.code), "127.0.0.1", now))

    def contact(self, address: str, *, tried: bool = False) -> NewContact:
        """One more link of the alert chain: `mailto:…` or `http://…`; without its test page, so
        that inboxes hold what a test is about.
        """
        with self.app.app_context():
            return add_contact(self.id, address, self.now or utcnow(), tried=tried)


@dataclass(frozen=True)
class World:
    """All clinics of one database. `now`: the instant at which everything is made."""

    app: Flask
    now: datetime | None = None

    def clinic(
        self, name: str = "North Clinic", timezone: str = "Europe/Paris", country: str = "FR"
    ) -> ClinicWorld:
        """A new clinic with a logged-in administrator."""
        with self.app.app_context():
            now = self.now or utcnow()
            made = create_clinic(name, timezone, country, made_up_email("admin"), now, tried=False)
            admin = log_in(self.app, made.clinic_id, made.admin_id, now)
        return ClinicWorld(self.app, made.clinic_id, admin, self.now)


def log_in(app: Flask, clinic_id: UUID, user_id: UUID, now: datetime) -> Person:
    """Log an account in on one more device, without its password (needs an app context)."""
    with transaction(clinic_id) as session:
        session.execute(
            update(User)
            .where(User.id == user_id, User.password_hash.is_(None))
            .values(password_hash=NOBODYS)
        )
        return person_of(app, start_family(session, user_id, now))


def person_of(app: Flask, grant: Grant) -> Person:
    """Who a grant makes."""
    return Person(app, grant.actor, grant.profile.email, grant.profile.name)
