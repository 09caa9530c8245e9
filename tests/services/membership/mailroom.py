"""A clinic whose letters are read in its outbox, at a clock that the test moves."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import undefer

from models import Contact, Notification, User
from services.accounts import passwords
from services.accounts.login import Credentials, log_in
from services.accounts.second_factor.proof import Proof
from services.exceptions import (
    LoginFailed,
)
from services.membership.new_address import ask_for_address, confirm_address
from services.membership.undo_address import undo_address
from services.unit_of_work import transaction
from tests.builders.world import ClinicWorld, Person
from tests.builders.world import log_in as log_in_again

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"
PAGE = "https://i.test/a/email?link="
HOME = "192.0.2.1"
DAY = timedelta(days=1)


@dataclass
class Mailroom:
    """A clinic, and every letter that waits in its outbox, on a clock that the test moves."""

    app: Flask
    worker_app: Flask
    clinic: ClinicWorld
    now: datetime = START

    def person(self, *roles: str) -> Person:
        """Somebody with a password."""
        patient = roles == ("patient",)
        person = self.clinic.patient() if patient else self.clinic.staff(*roles)
        self.give_password(person)
        return person

    def give_password(self, person: Person) -> None:
        kept = passwords.hash_password(PASSWORD)
        with self.app.app_context(), transaction(self.clinic.id) as session:
            session.execute(
                update(User).where(User.id == person.user_id).values(password_hash=kept)
            )

    def ask(self, person: Person, email: str, password: str = PASSWORD) -> tuple[str, str]:
        """The code that goes to the new address, and the link that goes to the old one."""
        with self.app.app_context():
            ask_for_address(person.actor, email, Proof(password), PAGE, self.now)
        asked, notice = self.letters()[-2:]
        assert (asked["topic"], asked["address"]) == ("new_address", email)
        assert notice["topic"] == "asked"
        return asked["code"], notice["code"].removeprefix(PAGE)

    def confirm(self, person: Person, code: str) -> str:
        """The address that the account has then."""
        with self.app.app_context():
            return confirm_address(person.actor, code, PAGE, HOME, self.now).email

    def undo(self, link: str) -> None:
        with self.app.app_context():
            undo_address(link, self.now)

    def again(self, person: Person) -> Person:
        """The same person on one more device."""
        with self.app.app_context():
            return log_in_again(self.app, self.clinic.id, person.user_id, self.now)

    def letters(self) -> list[dict[str, str]]:
        """What waits to be sent to another address than the account's, the oldest first."""
        query = select(Notification).where(Notification.kind == "letter")
        with self.worker_app.app_context(), transaction() as session:
            rows = session.scalars(
                query.options(undefer(Notification.sealed_code)).order_by(Notification.id)
            )
            sealed = [row.sealed_code or "" for row in rows]
        return [json.loads(each) for each in sealed if each.startswith("{")]

    def email(self, person: Person) -> str:
        """The address as the database has it."""
        with self.app.app_context(), transaction(self.clinic.id) as session:
            return session.scalars(select(User.email).where(User.id == person.user_id)).one()

    def chain(self) -> list[str]:
        """The addresses that are paged, in order, the last resort last."""
        with self.app.app_context(), transaction(self.clinic.id) as session:
            rows = select(Contact.address).order_by(Contact.last_resort, Contact.position)
            return list(session.scalars(rows))

    def opens(self, email: str) -> bool:
        with self.app.app_context():
            try:
                log_in(Credentials(email, PASSWORD), HOME, self.now)
            except LoginFailed:
                return False
        return True
