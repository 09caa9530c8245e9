"""The ladder on a real database: time moves it, a person stops it, only a resolve ends it."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import select, update

from models import Contact, PatientStatus, User
from services.alerts.chain import load_chain
from services.alerts.delivery.escalating import advance, due_alerts
from services.alerts.handling.ownership import confirm_on_duty, owner_deactivated
from services.exceptions import NotFound, Unauthenticated
from services.rules.escalation import lifecycle
from services.unit_of_work import transaction
from tests.builders.scene import Scene
from tests.builders.workers import FIRST, SECOND
from tests.fixtures.mail import MailServer


def recipients(server: MailServer) -> list[str]:
    return [str(mail["X-Received-For"]) for mail in server.inbox]


def test_critical_pages_the_chain_every_ten_minutes_the_last_resort_last_then_starts_over(
    scene: Scene, smtp_server: MailServer
):
    scene.answer()
    for _ in range(5):
        scene.work()
        scene.later(minutes=10)
    admin = scene.clinic.admin.email
    assert recipients(smtp_server) == [FIRST, SECOND, admin, FIRST, SECOND]


def test_a_clinic_sets_its_own_ladder_in_part(scene: Scene, smtp_server: MailServer):
    scene.set_clinic(ladder={"high": {"next_after_s": 60}})
    scene.answer(tier="high")
    scene.work()
    scene.later(minutes=1)
    scene.work()
    assert recipients(smtp_server) == [FIRST, SECOND]


def test_acknowledged_nobody_is_paged_until_it_expires_and_then_from_the_first_step(
    scene: Scene, smtp_server: MailServer
):
    alert_id = scene.answer()
    scene.work()
    scene.change(alert_id, lifecycle.acknowledged, scene.clinic.admin.user_id)
    scene.later(minutes=59)
    scene.work()
    assert recipients(smtp_server) == [FIRST]
    scene.later(minutes=1)
    scene.work()
    assert recipients(smtp_server) == [FIRST, FIRST]
    assert scene.alert(alert_id).status == "triggered"
    assert "acknowledgement_expired" in scene.events(alert_id)


def test_could_not_reach_goes_on_at_the_next_step(scene: Scene, smtp_server: MailServer):
    alert_id = scene.answer()
    scene.work()
    scene.change(alert_id, lifecycle.acknowledged, scene.clinic.admin.user_id)
    scene.change(alert_id, lifecycle.contact_attempted, "no_answer")
    scene.later(minutes=30)
    scene.work()
    assert recipients(smtp_server) == [FIRST, SECOND]


def test_a_resolved_alert_is_never_paged_again(scene: Scene, smtp_server: MailServer):
    alert_id = scene.answer()
    scene.work()
    scene.change(alert_id, lifecycle.resolved)
    scene.later(days=30)
    scene.work()
    assert recipients(smtp_server) == [FIRST]


def test_after_a_resolve_the_next_answer_opens_a_new_alert(scene: Scene):
    pat = scene.clinic.patient()
    first = scene.answer(pat)
    scene.change(first, lifecycle.resolved)
    assert scene.answer(pat) != first


def test_an_alert_whose_patient_is_being_written_about_waits_for_the_next_look(scene: Scene):
    pat = scene.clinic.patient()
    scene.answer(pat)
    scene.later(minutes=10)
    with scene.worker_app.app_context():
        (due,) = due_alerts(scene.now)
    with scene.app.app_context(), transaction(scene.clinic.id) as session:
        session.execute(
            select(PatientStatus)
            .where(PatientStatus.patient_id == pat.patient_id)
            .with_for_update()
        ).one()
        with scene.worker_app.app_context():
            assert not advance(due, scene.now)
    with scene.worker_app.app_context():
        assert advance(due, scene.now)
        assert not advance(due, scene.now)


def test_whoever_is_deactivated_drops_what_they_acknowledged(scene: Scene, smtp_server: MailServer):
    nurse = scene.clinic.staff("on_call")
    ids = [scene.answer() for _ in range(2)]
    scene.work()
    for alert_id in ids:
        scene.change(alert_id, lifecycle.acknowledged, nurse.user_id)
    with scene.app.app_context(), transaction(scene.clinic.id) as session:
        session.execute(update(User).where(User.id == nurse.user_id).values(active=False))
        assert owner_deactivated(session, nurse.user_id, scene.now) == 2
        assert owner_deactivated(session, nurse.user_id, scene.now) == 0
        with pytest.raises(Unauthenticated):
            confirm_on_duty(session, nurse.user_id)
        confirm_on_duty(session, scene.clinic.admin.user_id)
    scene.work()
    assert recipients(smtp_server) == [FIRST] * 4
    assert {scene.alert(alert_id).status for alert_id in ids} == {"triggered"}


def test_a_contact_whose_account_is_closed_is_left_out_of_the_chain(
    scene: Scene, smtp_server: MailServer
):
    nurse = scene.clinic.staff("on_call")
    with scene.app.app_context(), transaction(scene.clinic.id) as session:
        first = update(Contact).where(Contact.position == 1)
        session.execute(first.values(user_id=nurse.user_id))
        session.execute(update(User).where(User.id == nurse.user_id).values(active=False))
    scene.answer()
    scene.work()
    assert recipients(smtp_server) == [SECOND]


def test_without_a_contact_and_a_last_resort_the_alert_still_lives(scene: Scene):
    """Broken data: nothing can be sent, and the next round is due all the same."""
    with scene.app.app_context(), transaction(scene.clinic.id) as session:
        session.execute(update(Contact).values(active=False, last_resort=False, user_id=None))
        assert load_chain(session, scene.clinic.id).last_resort is None
    alert_id = scene.answer()
    scene.later(minutes=10)
    scene.work()
    assert scene.alert(alert_id).page_round == 2
    assert scene.pages() == []


def test_an_unknown_clinic_has_no_chain(scene: Scene):
    with scene.worker_app.app_context(), transaction() as session, pytest.raises(NotFound):
        load_chain(session, uuid4())


def test_settings_that_cannot_be_read_keep_nobody_from_being_paged(
    scene: Scene, smtp_server: MailServer
):
    pat = scene.clinic.patient()
    scene.set_clinic(timezone="Atlantis/Centre", staffed=[{"days": "always"}])
    scene.answer(pat)
    scene.work()
    assert recipients(smtp_server) == [FIRST]
