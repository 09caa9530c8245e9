"""People who forget their password, at a clock that the test moves."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import undefer

from models import (
    Notification,
    NotificationAttempt,
    PasswordReset,
    PasswordResetRequest,
    User,
)
from services.accounts import passwords
from services.accounts.login import Credentials, log_in
from services.alerts.delivery.sending import Pace
from services.alerts.delivery.worker import Worker
from services.channels.base import Channel
from services.channels.smtp import SmtpChannel
from services.exceptions import InvitationInvalid, LoginFailed, RateLimited
from services.password_reset.reset import ask_for_reset, confirm_reset
from services.unit_of_work import transaction
from tests.builders.workers import steady_pace, worker_on
from tests.builders.world import ClinicWorld, Person
from tests.fixtures.mail import MailServer

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
OLD, NEW = "correct horse battery", "a new long password"
HOME, AWAY = "192.0.2.1", "192.0.2.2"
CODE = re.compile(r"\b(?:[0-9A-Z]{5}-){3}[0-9A-Z]{5}\b")


@dataclass
class ResetScene:
    """`now` is the clock of everything that happens here."""

    app: Flask
    worker_app: Flask
    clinic: ClinicWorld
    server: MailServer
    now: datetime = START
    pace: Pace = field(default_factory=steady_pace)

    def later(self, **passed: float) -> None:
        """Move the clock."""
        self.now += timedelta(**passed)

    @property
    def mail(self) -> SmtpChannel:
        """The clinic's real mail."""
        port = self.server.receiver.port
        return SmtpChannel("127.0.0.1", port, "i@hospital.test", "https://i.test", timeout_s=2)

    def person(self, *roles: str) -> Person:
        """Somebody with the old password."""
        patient = roles == ("patient",)
        person = self.clinic.patient() if patient else self.clinic.staff(*roles)
        with self.app.app_context():
            self.set_account(person, password_hash=passwords.hash_password(OLD))
        return person

    def set_account(self, person: Person, **columns: Any) -> None:
        """Change an account behind everybody's back."""
        with self.app.app_context(), transaction(self.clinic.id) as session:
            session.execute(update(User).where(User.id == person.user_id).values(**columns))

    def ask(self, email: str, address: str = HOME) -> str | int:
        """`asked`, or the seconds to wait."""
        with self.app.app_context():
            try:
                ask_for_reset(email, address, self.now)
            except RateLimited as limited:
                return limited.retry_after_s
        return "asked"

    def worker(self, channel: Channel | None = None) -> Worker:
        """A worker of the worker's own database role, on the scene's clock."""
        channels = {"email": channel or self.mail}
        return worker_on(self.worker_app, channels, lambda: self.now, self.pace)

    def work(self, channel: Channel | None = None) -> None:
        """All that the worker has to do about it now."""
        self.worker(channel).send_letters(Event())

    def code_for(self, person: Person) -> str:
        """Ask, and read the code in the mail."""
        before = len(self.codes())
        assert self.ask(person.email) == "asked"
        self.work()
        codes = self.codes()
        assert len(codes) == before + 1
        return codes[-1]

    def codes(self) -> list[str]:
        """The codes of all mails, in the order of arrival; each may say its own twice, in English
        below another language.
        """
        found = (CODE.findall(str(mail.get_content())) for mail in self.server.inbox)
        return [code for codes in found for code in dict.fromkeys(codes)]

    def confirm(self, code: str, password: str = NEW, address: str = HOME) -> str | int:
        """`set`, `refused`, or the seconds to wait."""
        with self.app.app_context():
            try:
                confirm_reset(code, password, address, self.now)
            except InvitationInvalid:
                return "refused"
            except RateLimited as limited:
                return limited.retry_after_s
        return "set"

    def logs_in(self, person: Person, password: str) -> bool:
        """Does this password open the account?"""
        with self.app.app_context():
            try:
                log_in(Credentials(person.email, password), AWAY, self.now)
            except LoginFailed:
                return False
        return True

    def resets(self) -> list[Any]:
        """What the worker may read of the codes of all accounts."""
        with self.worker_app.app_context(), transaction() as session:
            return list(session.execute(select(PasswordReset.user_id, PasswordReset.used_at)))

    def letters(self) -> list[Notification]:
        """All letters, the oldest first, as the worker sees them."""
        with self.worker_app.app_context(), transaction() as session:
            query = select(Notification).where(Notification.kind == "letter")
            loaded = query.options(undefer(Notification.sealed_code)).order_by(Notification.id)
            rows = list(session.scalars(loaded))
            session.expunge_all()
            return rows

    def states(self) -> list[tuple[str, str | None, int]]:
        """State of each letter, what came of the last attempt, and how many there were."""
        last = (
            select(NotificationAttempt.outcome)
            .where(NotificationAttempt.notification_id == Notification.id)
            .order_by(NotificationAttempt.at.desc(), NotificationAttempt.id.desc())
            .limit(1)
            .scalar_subquery()
        )
        query = select(Notification.state, last, Notification.attempts)
        with self.worker_app.app_context(), transaction() as session:
            letters = session.execute(
                query.where(Notification.kind == "letter").order_by(Notification.id)
            )
            return [(state, outcome, attempts) for state, outcome, attempts in letters]

    def waiting(self) -> int:
        """Requests that nobody has looked at yet."""
        with self.worker_app.app_context(), transaction() as session:
            return len(session.scalars(select(PasswordResetRequest.id)).all())
