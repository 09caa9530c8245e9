"""What is true when a mail leaves: nothing asks for help that is not needed any more."""

from __future__ import annotations

from threading import Event

import pytest
from sqlalchemy import LargeBinary, cast, literal, select, update

from models import Contact
from services.alerts.handling.ownership import acknowledge
from services.alerts.handling.resolve import Ending, resolve
from services.channels.base import short_id
from services.rules.escalation import lifecycle
from services.unit_of_work import transaction
from tests.builders.scene import Scene
from tests.builders.workers import FIRST, SECOND
from tests.builders.world import Person
from tests.fixtures.mail import MailFault, MailServer

ENDING = Ending("emergency_services")


@pytest.fixture
def nurse(scene: Scene) -> Person:
    return scene.clinic.staff("on_call")


def take(scene: Scene, person: Person, alert_id) -> None:
    with scene.app.app_context():
        acknowledge(person.actor, alert_id, scene.now)


def end(scene: Scene, person: Person, alert_id) -> None:
    with scene.app.app_context():
        resolve(person.actor, alert_id, ENDING, scene.now)


def stand_downs(scene: Scene, server: MailServer) -> list[tuple[str, str]]:
    """To whom, and what became of the alert, of the stand-downs that are sent now."""
    before = len(server.inbox)
    scene.later(seconds=1)
    scene.work()
    with scene.worker_app.app_context():
        scene.worker.send_letters(Event())
    mails = [mail for mail in server.inbox[before:] if "Stand down" in mail["Subject"]]
    return [(str(mail["To"]), str(mail["Subject"]).rpartition(" ")[2]) for mail in mails]


def test_a_page_that_is_late_to_a_resolve_is_withdrawn(scene: Scene, smtp_server: MailServer):
    alert_id = scene.answer()
    scene.change(alert_id, lifecycle.resolved)
    scene.work()
    assert smtp_server.inbox == []
    assert scene.outcomes() == ["alert_resolved"]
    assert scene.events(alert_id)[-1] == "page_withdrawn"
    scene.later(minutes=1)
    scene.work()
    assert scene.outcomes() == ["alert_resolved"]


def test_a_page_that_is_late_to_an_acknowledgement_says_that_somebody_has_it(
    scene: Scene, smtp_server: MailServer, nurse: Person
):
    alert_id = scene.answer()
    take(scene, nurse, alert_id)
    scene.work()
    (mail,) = smtp_server.inbox
    assert str(mail["Subject"]).endswith(": somebody has taken it")
    assert "contact 1 (email) is paged at 23:00." in mail.get_content()


def test_a_page_says_what_happens_next_on_the_clinics_clock(scene: Scene, smtp_server: MailServer):
    alert_id = scene.answer()
    scene.work()
    lines = smtp_server.inbox[0].get_content().splitlines()
    assert lines[0] == f"CRITICAL alert {short_id(alert_id)}, North Clinic"
    assert "Opened 22:00. Nobody has taken it." in lines
    assert "If you do nothing, contact 2 (email) is paged at 22:10." in lines


def test_later_mails_refer_to_the_first_page_of_the_alert(
    scene: Scene, smtp_server: MailServer, nurse: Person
):
    alert_id = scene.answer()
    scene.work()
    scene.later(minutes=10)
    scene.work()
    take(scene, nurse, alert_id)
    stand_downs(scene, smtp_server)
    first, second, *down = smtp_server.inbox
    assert first["References"] is None
    assert {str(mail["References"]) for mail in (second, *down)} == {str(first["Message-ID"])}
    assert len({str(mail["Message-ID"]) for mail in smtp_server.inbox}) == 4


def test_whoever_was_paged_learns_once_that_somebody_else_has_it(
    scene: Scene, smtp_server: MailServer, nurse: Person
):
    alert_id = scene.answer()
    scene.work()
    scene.later(minutes=10)
    scene.work()
    scene.later(minutes=1)
    take(scene, nurse, alert_id)
    assert stand_downs(scene, smtp_server) == [(FIRST, "taken"), (SECOND, "taken")]
    assert scene.events(alert_id).count("stand_down_sent") == 2
    take(scene, nurse, alert_id)
    take(scene, scene.clinic.staff("on_call"), alert_id)
    end(scene, nurse, alert_id)
    assert stand_downs(scene, smtp_server) == []


def test_who_was_paged_again_learns_it_again(scene: Scene, smtp_server: MailServer, nurse: Person):
    alert_id = scene.answer()
    scene.work()
    take(scene, nurse, alert_id)
    assert stand_downs(scene, smtp_server) == [(FIRST, "taken")]
    scene.later(minutes=60)
    scene.work()  # it has expired
    end(scene, nurse, alert_id)
    assert stand_downs(scene, smtp_server) == [(FIRST, "resolved")]
    steps = [each.page_step for each in scene.notifications() if each.kind == "stand_down"]
    assert steps == [-1, -2]


@pytest.mark.parametrize("by", ["account", "address"])
def test_whoever_acts_gets_no_stand_down(
    scene: Scene, smtp_server: MailServer, nurse: Person, by: str
):
    with scene.app.app_context(), transaction(scene.clinic.id) as session:
        own = {"user_id": nurse.user_id} if by == "account" else {"address": nurse.email.upper()}
        first = session.scalars(select(Contact).where(Contact.position == 1)).one()
        for name, value in own.items():
            setattr(first, name, value)
    alert_id = scene.answer()
    scene.work()
    take(scene, nurse, alert_id)
    assert stand_downs(scene, smtp_server) == []


def test_an_address_that_cannot_be_read_stops_nobody_from_acting(
    scene: Scene, smtp_server: MailServer, nurse: Person
):
    alert_id = scene.answer()
    scene.work()
    with scene.app.app_context(), transaction(scene.clinic.id) as session:
        unreadable = cast(literal(b"\x01 by no key of ours"), LargeBinary)
        session.execute(update(Contact).where(Contact.position == 1).values(address=unreadable))
    take(scene, nurse, alert_id)
    assert scene.alert(alert_id).status == "acknowledged"
    assert stand_downs(scene, smtp_server) == []
    assert scene.outcomes()[-1] == "address_unreadable"


def test_a_stand_down_is_withdrawn_when_nobody_has_it_any_more(
    scene: Scene, smtp_server: MailServer, nurse: Person
):
    pat = scene.clinic.patient()
    alert_id = scene.answer(pat)
    scene.work()
    take(scene, nurse, alert_id)
    scene.later(seconds=1)
    scene.ask_for_help(pat)
    assert stand_downs(scene, smtp_server) == []
    assert scene.events(alert_id)[-1] == "stand_down_withdrawn"


def test_a_stand_down_is_tried_for_an_hour(scene: Scene, smtp_server: MailServer, nurse: Person):
    alert_id = scene.answer()
    scene.work()
    end(scene, nurse, alert_id)
    smtp_server.fault = MailFault.REFUSE_TEMPORARILY
    stand_downs(scene, smtp_server)
    assert scene.notifications()[-1].state == "failed_temporarily"
    scene.later(minutes=60)
    stand_downs(scene, smtp_server)
    assert scene.notifications()[-1].state == "failed_permanently"
    assert scene.events(alert_id)[-1] == "stand_down_failed"


def test_what_nobody_was_paged_for_makes_no_stand_down(scene: Scene, nurse: Person):
    alert_id = scene.answer(tier="medium")
    end(scene, nurse, alert_id)
    assert scene.notifications() == []
