"""A clinic with a chain, patients, and a worker whose clock the test moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from flask import Flask
from sqlalchemy import select, update

from models import (
    Alert,
    AlertEvent,
    AlertOccurrence,
    Clinic,
    Contact,
    Notification,
    NotificationAttempt,
)
from services.alerts.chain import load_chain
from services.alerts.delivery.sending import Pace
from services.alerts.delivery.worker import Worker
from services.alerts.locking import lock_alert_of
from services.alerts.writing import AlertKey, change_writes
from services.channels.base import Channel
from services.rules.escalation.states import AlertState
from services.unit_of_work import execute_writes, transaction
from tests.builders.calls import made
from tests.builders.stored import rows
from tests.builders.trends.chart import Chart
from tests.builders.workers import steady_pace, worker_on
from tests.builders.world import ClinicWorld, Person

START = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)  # a Friday night
FAMILY = "suicide_risk"
OPEN = """
SELECT id FROM alerts
WHERE patient_id = :patient AND family = :family AND status <> 'resolved'
"""
ITEM9: dict[str, int | str] = {"critical": 2, "high": 1, "medium": "declined"}


@dataclass
class Scene:
    """`now` is the clock of everything that happens through this scene."""

    app: Flask
    worker_app: Flask
    clinic: ClinicWorld
    channels: Mapping[str, Channel]
    now: datetime = START
    pace: Pace = field(default_factory=steady_pace)

    def later(self, **passed: float) -> None:
        """Move the clock."""
        self.now += timedelta(**passed)

    @property
    def worker(self) -> Worker:
        """A worker of the worker's own database role, on the scene's clock."""
        return worker_on(self.worker_app, self.channels, lambda: self.now, self.pace)

    def work(self) -> None:
        """All that is due now; its patients' silence is not part of the scene."""
        self.worker.settle()

    def chart(self, pat: Person, now: datetime | None = None) -> Chart:
        """A patient's record, to be written in at the scene's instant or another."""
        return Chart(self.clinic, pat, now=now or self.now)

    def answer(self, pat: Person | None = None, tier: str = "critical") -> UUID:
        """A patient (a new one, unless named) answers item 9 now; returns the alert's id."""
        chart = self.chart(pat or self.clinic.patient())
        answers = chart.form(total=1)["answers"] | {"q9": ITEM9[tier]}
        chart.answer(answers=answers)
        (opened,) = rows(chart.pat, OPEN, patient=chart.pat.patient_id, family=FAMILY)
        alert_id: UUID = opened["id"]
        return alert_id

    def ask_for_help(self, pat: Person) -> None:
        """A patient presses the button now."""
        asked = {"id": str(uuid4()), "recorded_at": self.now.isoformat()}
        made(self.chart(pat).post("/v1/help-requests", asked, pat))

    def change(self, alert_id: UUID, transition: Any, *args: Any) -> None:
        """What a member of staff does to an alert (`transition` of the escalation rules)."""
        with self.app.app_context(), transaction(self.clinic.id) as session:
            alert = lock_alert_of(session, self.clinic.id, alert_id)
            assert alert is not None
            chain = load_chain(session, self.clinic.id)
            state = AlertState.of(alert)
            change = transition(state, *args, chain.circumstances(self.now))
            key = AlertKey(self.clinic.id, alert_id)
            execute_writes(session, change_writes(key, state, change, chain, self.now))

    def set_clinic(self, **columns: Any) -> None:
        """Change the clinic's settings."""
        with self.app.app_context(), transaction(self.clinic.id) as session:
            session.execute(update(Clinic).values(**columns))

    def set_contacts(self, **columns: Any) -> None:
        """Change every contact of the chain but the last resort."""
        with self.app.app_context(), transaction(self.clinic.id) as session:
            session.execute(update(Contact).where(~Contact.last_resort).values(**columns))

    def only_webhook(self, url: str) -> str:
        """The chain is one webhook and the last resort; returns the signing secret."""
        self.set_contacts(active=False)
        made = self.clinic.contact(url)
        assert made.signing_secret is not None
        return made.signing_secret

    def alert(self, alert_id: UUID) -> Alert:
        """The alert as it stands."""
        found: Alert = self._rows(Alert, Alert.id == alert_id)[0]
        return found

    def occurrences(self, alert_id: UUID) -> list[AlertOccurrence]:
        """Its occurrences."""
        return self._rows(AlertOccurrence, AlertOccurrence.alert_id == alert_id)

    def events(self, alert_id: UUID) -> list[str]:
        """Its timeline, as kinds."""
        return [event.kind for event in self._rows(AlertEvent, AlertEvent.alert_id == alert_id)]

    def notifications(self) -> list[Notification]:
        """All of the clinic, in the order in which they were made."""
        return self._rows(Notification)

    def pages(self) -> list[tuple[int, int, str]]:
        """(round, step, state) of each."""
        return [(each.page_round, each.page_step, each.state) for each in self.notifications()]

    def outcomes(self) -> list[str]:
        """What came of each attempt."""
        return [each.outcome for each in self._rows(NotificationAttempt)]

    def _rows(self, table: Any, *where: Any) -> list[Any]:
        with self.app.app_context(), transaction(self.clinic.id) as session:
            rows = list(session.scalars(select(table).where(*where).order_by(table.id)))
            session.expunge_all()
            return rows
