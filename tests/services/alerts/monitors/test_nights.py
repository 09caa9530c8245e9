"""Coverage foresight: the administrators hear of gaps before the night, each once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import pytest
from sqlalchemy import select, update

from models import ChainCheck, Clinic, Contact, ContactMethod
from models.base import new_id
from services.alerts.monitors import nights
from services.alerts.monitors.nights import look_ahead
from services.membership.users import change_user
from services.on_call.overrides import add_override, end_override
from services.on_call.policies import put_policy
from services.on_call.schedules import create_schedule
from services.operations.safety import totals
from services.unit_of_work import transaction
from tests.builders.scene import Scene
from tests.builders.world import Person
from tests.fixtures.mail import MailFault, MailServer


class Evening:
    """A scene at 17:00 in Paris, whose critical alerts page whoever is on call."""

    def __init__(self, scene: Scene, server: MailServer) -> None:
        self.scene, self.server = scene, server
        scene.now = datetime(2026, 11, 20, 16, tzinfo=UTC)
        self.ann, self.ben = (
            scene.clinic.staff("on_call", name=f"{name} Quagga") for name in ("Ann", "Ben")
        )
        rotation = {"kind": "daily", "length": 1, "handover": "08:00"}
        rotation["members"] = [self.ann.user_id]
        fields = {"name": "Nights", "timezone": "Europe/Paris", "rotation": rotation}
        self.schedule = self.by_admin(create_schedule, fields)["id"]
        targets = [{"schedule_id": self.schedule}]
        self.by_admin(put_policy, "critical", [{"delay_s": 300, "targets": targets}])

    def by_admin(self, use_case: Any, *args: Any, **more: Any) -> Any:
        with self.scene.app.app_context():
            return use_case(self.scene.clinic.admin.actor, *args, self.scene.now, **more)

    def away(self, hours: int = 4) -> Any:
        span = {"from_at": self.scene.now, "to_at": self.scene.now + timedelta(hours=hours)}
        fields = {"user_id": self.ann.user_id, "kind": "away", **span}
        return self.by_admin(add_override, self.schedule, fields)["id"]

    def letters(self, **later: float) -> list[str]:
        """The letters to the administrator that this look brings, by their subjects."""
        self.scene.later(**later)
        seen = len(self.server.inbox)
        with self.scene.worker_app.app_context():
            self.scene.worker.look_at_nights()
            self.scene.worker.send_letters(Event())
        new = self.server.inbox[seen:]
        assert {str(mail["X-Received-For"]) for mail in new} <= {self.scene.clinic.admin.email}
        return [str(mail["Subject"]).split(": ", 1)[1] for mail in new]

    def stored(self, change: Any) -> None:
        with self.scene.app.app_context(), transaction(self.scene.clinic.id) as session:
            session.execute(change)


GAPS, REPAIRED = ["tonight's chain has gaps"], ["the chain is complete again"]


@pytest.fixture
def evening(scene: Scene, smtp_server: MailServer) -> Evening:
    return Evening(scene, smtp_server)


def test_a_gap_is_reported_once_and_so_is_its_repair(evening: Evening) -> None:
    assert evening.letters() == []
    absence = evening.away()
    assert evening.letters(minutes=1) == GAPS
    text = evening.server.inbox[-1].get_content()
    assert "Nights: nobody is on call from Fri 20 Nov 17:01 to Fri 20 Nov 21:00." in text
    assert "Step 1 of the critical policy pages nobody from Fri 20 Nov 17:01" in text
    with evening.scene.worker_app.app_context():
        assert totals().chain_findings == 3
    assert evening.letters(minutes=1) == []
    evening.by_admin(end_override, evening.schedule, absence)
    assert evening.letters(minutes=1) == REPAIRED
    assert evening.letters(minutes=1) == []


def test_a_gap_that_passes_is_not_called_mended(evening: Evening) -> None:
    evening.away()
    assert evening.letters() == GAPS
    assert evening.letters(hours=4) == []


def test_at_four_the_next_night_is_looked_at(evening: Evening) -> None:
    """Who has left leaves a gap each night: it is told again when a new night comes into view."""
    evening.by_admin(change_user, evening.ann.user_id, active=False)
    assert evening.letters() == GAPS
    assert evening.letters(hours=22, minutes=59) == []
    assert evening.letters(minutes=1) == GAPS


def add_method(evening: Evening, person: Person, **state: Any) -> None:
    with evening.scene.app.app_context(), transaction(evening.scene.clinic.id) as session:
        session.add(
            ContactMethod(
                clinic_id=evening.scene.clinic.id,
                id=new_id(),
                user_id=person.user_id,
                kind="sms",
                address="+33600000000",
                shown="+33...",
                created_at=evening.scene.now,
                verified_at=evening.scene.now,
                **state,
            )
        )


def test_a_method_that_starts_to_refuse_is_reported(evening: Evening) -> None:
    add_method(evening, evening.ann)
    assert evening.letters() == []
    failing = {"failing_since": evening.scene.now, "failing_reason": "refused"}
    evening.stored(update(ContactMethod).values(**failing))
    assert evening.letters() == GAPS
    assert "Ann Quagga can be paged only by the mail" in evening.server.inbox[-1].get_content()


def test_mail_that_does_not_get_through_makes_somebody_unreachable_until_it_does(
    evening: Evening, smtp_server: MailServer
) -> None:
    smtp_server.fault = MailFault.REFUSE_PERMANENTLY
    smtp_server.faulty_recipients = {evening.ann.email}
    pat = evening.scene.clinic.patient()
    evening.scene.answer(pat)
    evening.scene.work()
    assert evening.letters() == GAPS
    assert "Ann Quagga cannot be paged" in evening.server.inbox[-1].get_content()
    smtp_server.fault = MailFault.NONE
    evening.scene.later(minutes=2)
    evening.scene.ask_for_help(pat)
    evening.scene.work()
    assert evening.letters() == REPAIRED


def test_everybody_and_a_clinic_whose_zone_is_unknown(evening: Evening) -> None:
    evening.by_admin(put_policy, "high", [{"delay_s": 300, "targets": [{"everyone": True}]}])
    evening.stored(update(Clinic).values(timezone="Nowhere/Here"))
    assert evening.letters() == []


def test_nobody_but_the_last_resort(evening: Evening) -> None:
    evening.stored(update(Contact).where(~Contact.last_resort).values(active=False))
    evening.by_admin(put_policy, "critical", [])
    assert evening.letters() == GAPS
    text = evening.server.inbox[-1].get_content()
    assert "A critical alert reaches nobody but the last resort" in text
    assert "A high alert reaches nobody but the last resort" in text


def test_of_two_workers_one_tells(evening: Evening, monkeypatch: pytest.MonkeyPatch) -> None:
    evening.away()
    clinic_id = evening.scene.clinic.id
    with evening.scene.worker_app.app_context():
        assert look_ahead(clinic_id, evening.scene.now)
        # The other had looked before the first one wrote.
        monkeypatch.setattr(nights, "_load_known", lambda *_: None)
        assert not look_ahead(clinic_id, evening.scene.now)
    with evening.scene.worker_app.app_context(), transaction() as session:
        [check] = session.execute(select(ChainCheck.findings, ChainCheck.known)).all()
    assert check.findings == len(check.known) == 3
