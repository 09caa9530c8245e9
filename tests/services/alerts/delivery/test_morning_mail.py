"""Medium waits for 08:00 of a working day in the clinic's zone, several in one mail."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import select, update

from models import Alert, Contact, User
from services.alerts.delivery.escalating import advance, due_alerts
from services.alerts.delivery.morning_mail import mail_in_the_morning
from services.rules.escalation import lifecycle
from services.unit_of_work import transaction
from tests.builders.scene import Scene
from tests.builders.workers import FIRST, SECOND
from tests.fixtures.mail import MailFault, MailServer

MONDAY = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)  # 08:00 in Paris


def mails(server: MailServer) -> dict[str, set[UUID]]:
    """Recipient -> the alerts of the mail; fails when somebody got two."""
    found = {
        str(mail["X-Received-For"]): {UUID(each) for each in mail.get_all("X-Interlude-Alert")}
        for mail in server.inbox
    }
    assert len(found) == len(server.inbox)
    return found


def medium(scene: Scene, **fields: object) -> UUID:
    return scene.answer(scene.clinic.patient(**fields), "medium")


def wait_until(scene: Scene, instant: datetime) -> None:
    scene.now = instant


def test_several_alerts_of_a_weekend_are_one_mail_on_monday(scene: Scene, smtp_server: MailServer):
    one = medium(scene)
    scene.later(days=1)
    two = medium(scene)
    scene.work()
    wait_until(scene, MONDAY.replace(hour=6, minute=59))
    scene.work()
    assert smtp_server.inbox == []
    wait_until(scene, MONDAY)
    scene.work()
    assert mails(smtp_server) == {FIRST: {one, two}}
    assert smtp_server.inbox[0]["Subject"] == "[Interlude] 2 medium alerts to look at, North Clinic"
    assert scene.events(one) == ["triggered", "mailed", "page_sent"]
    assert (scene.alert(one).status, scene.alert(one).next_at) == ("triggered", None)
    scene.later(days=30)
    scene.work()
    assert len(smtp_server.inbox) == 1


@pytest.mark.parametrize(
    ("zone", "holidays", "opened", "mailed"),
    [
        ("Europe/Paris", ["2026-11-23"], "2026-11-20T21:00+00:00", "2026-11-24T07:00+00:00"),
        ("America/New_York", [], "2026-10-30T20:00+00:00", "2026-11-02T13:00+00:00"),
        ("America/New_York", [], "2026-03-06T20:00+00:00", "2026-03-09T12:00+00:00"),
        ("Asia/Kolkata", [], "2026-11-23T02:00+00:00", "2026-11-23T02:30+00:00"),
    ],
)
def test_holidays_and_clock_changes_move_the_morning(
    scene: Scene, zone: str, holidays: list[str], opened: str, mailed: str
):
    scene.set_clinic(timezone=zone, holidays=holidays)
    pat = scene.clinic.patient()
    wait_until(scene, datetime.fromisoformat(opened))
    assert scene.alert(scene.answer(pat, "medium")).next_at == datetime.fromisoformat(mailed)


def test_the_care_team_gets_the_mail_of_its_own_patients(scene: Scene, smtp_server: MailServer):
    doctor, nurse = scene.clinic.staff(), scene.clinic.staff()
    gone = scene.clinic.staff()
    one = medium(scene, care_team=[doctor.user_id, gone.user_id])
    two = medium(scene, care_team=[doctor.user_id, nurse.user_id])
    three = medium(scene)
    with scene.app.app_context(), transaction(scene.clinic.id) as session:
        session.execute(update(User).where(User.id == gone.user_id).values(active=False))
    wait_until(scene, MONDAY)
    scene.work()
    assert mails(smtp_server) == {
        FIRST: {one, two, three},
        doctor.email: {one, two},
        nurse.email: {two},
    }


def test_a_member_of_the_team_who_is_the_first_contact_gets_one_mail(
    scene: Scene, smtp_server: MailServer
):
    doctor = scene.clinic.staff()
    with scene.app.app_context(), transaction(scene.clinic.id) as session:
        first = session.scalars(select(Contact).where(Contact.position == 1)).one()
        first.address = doctor.email.upper()
    alert_id = medium(scene, care_team=[doctor.user_id])
    wait_until(scene, MONDAY)
    scene.work()
    assert list(mails(smtp_server).values()) == [{alert_id}]


def test_a_member_who_leaves_between_the_mail_and_its_sending_is_not_written_to(
    scene: Scene, smtp_server: MailServer
):
    doctor = scene.clinic.staff()
    medium(scene, care_team=[doctor.user_id])
    wait_until(scene, MONDAY)
    with scene.worker_app.app_context():
        assert mail_in_the_morning(scene.clinic.id, scene.now)
        assert not mail_in_the_morning(scene.clinic.id, scene.now)
    with scene.app.app_context(), transaction(scene.clinic.id) as session:
        session.execute(update(User).where(User.id == doctor.user_id).values(active=False))
    scene.work()
    assert set(mails(smtp_server)) == {FIRST}
    assert sorted(scene.outcomes()) == ["recipient_left", "sent"]


def test_a_mail_that_is_refused_goes_to_the_next_address_with_what_is_still_open(
    scene: Scene, smtp_server: MailServer
):
    smtp_server.fault, smtp_server.faulty_recipients = MailFault.REFUSE_PERMANENTLY, {FIRST}
    one, two = medium(scene), medium(scene)
    wait_until(scene, MONDAY)
    with scene.worker_app.app_context():
        mail_in_the_morning(scene.clinic.id, scene.now)
    scene.change(one, lifecycle.resolved)
    scene.work()
    assert mails(smtp_server) == {SECOND: {two}}
    assert "mail_passed_on" in scene.events(two)


def test_a_mail_that_everybody_refuses_ends_with_the_last_resort(
    scene: Scene, smtp_server: MailServer
):
    smtp_server.fault = MailFault.REFUSE_PERMANENTLY
    alert_id = medium(scene)
    wait_until(scene, MONDAY)
    scene.work()
    assert scene.outcomes() == ["smtp_550"] * 3
    assert scene.alert(alert_id).status == "triggered"


def test_a_mail_that_fails_for_now_is_tried_again(scene: Scene, smtp_server: MailServer):
    smtp_server.fault = MailFault.REFUSE_TEMPORARILY
    alert_id = medium(scene)
    wait_until(scene, MONDAY)
    scene.work()
    smtp_server.fault = MailFault.NONE
    scene.later(seconds=5)
    scene.work()
    assert mails(smtp_server) == {FIRST: {alert_id}}


def test_a_mail_about_resolved_alerts_only_is_not_tried_again(
    scene: Scene, smtp_server: MailServer
):
    smtp_server.fault = MailFault.REFUSE_TEMPORARILY
    alert_id = medium(scene)
    wait_until(scene, MONDAY)
    with scene.worker_app.app_context():
        mail_in_the_morning(scene.clinic.id, scene.now)
    scene.change(alert_id, lifecycle.resolved)
    scene.work()
    assert [each.state for each in scene.notifications()] == ["failed_permanently"]


def test_without_any_mail_address_the_mail_stays_due(scene: Scene):
    with scene.app.app_context(), transaction(scene.clinic.id) as session:
        session.execute(update(Contact).values(active=False, last_resort=False))
    alert_id = medium(scene)
    wait_until(scene, MONDAY)
    scene.work()
    assert scene.alert(alert_id).next_at == MONDAY


def test_an_alert_that_becomes_a_matter_of_mail_meanwhile_is_left_to_the_mail(scene: Scene):
    alert_id = scene.answer(tier="high")
    scene.later(hours=4)
    with scene.worker_app.app_context():
        (due,) = due_alerts(scene.now)
    with scene.app.app_context(), transaction(scene.clinic.id) as session:
        session.execute(update(Alert).where(Alert.id == alert_id).values(ladder_severity="medium"))
    with scene.worker_app.app_context():
        assert not advance(due, scene.now)
