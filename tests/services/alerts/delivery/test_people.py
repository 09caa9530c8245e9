"""A page to a person: by their own methods in order, then the next person."""

from __future__ import annotations

import pytest

from services.alerts.chain import Member, load_chain, members, target_names
from services.alerts.handling.ownership import acknowledge
from services.alerts.handling.show_alerts import get_alert
from services.alerts.outbox import load_outbox
from services.contact_methods.addresses import Address, addresses_of
from services.membership.users import change_user
from services.unit_of_work import transaction
from tests.builders.reach.methods import add_method, page_goes_to
from tests.builders.scene import START, Scene
from tests.builders.workers import SECOND
from tests.builders.world import Person
from tests.fixtures.mail import MailFault, MailServer
from tests.fixtures.webhook import Answer, WebhookReceiver

MOBILE = "sam.mobile@hospital.test"


@pytest.fixture
def nurse(scene: Scene) -> Person:
    return scene.clinic.staff("on_call")


def ways(scene: Scene, person: Person) -> tuple[Address, ...]:
    with scene.worker_app.app_context(), transaction() as session:
        return addresses_of(session, scene.clinic.id, person.user_id)


def to(server: MailServer) -> list[str]:
    return [str(mail["To"]) for mail in server.inbox]


def test_somebody_without_methods_is_reached_by_the_account(scene: Scene, nurse: Person):
    assert ways(scene, nurse) == (Address("email"),)


def test_verified_methods_in_order_then_the_account_then_what_fails(scene: Scene, nurse: Person):
    broken = add_method(
        nurse, "sms", "+33600000001", failing_since=START, failing_reason="sms_30005"
    )
    first = add_method(nurse, "webhook", "https://pager.test/x")
    second = add_method(nurse, "email", MOBILE)
    add_method(nurse, "email", MOBILE, verified_at=None)
    add_method(nurse, "email", MOBILE, active=False)
    assert ways(scene, nurse) == (
        Address("webhook", first),
        Address("email", second),
        Address("email"),
        Address("sms", broken),
    )
    with scene.worker_app.app_context(), transaction() as session:
        found = members(session, scene.clinic.id, [nurse.user_id])
    assert found == {nurse.user_id: Member(nurse.user_id, "webhook", first)}
    assert found[nurse.user_id].id == nurse.user_id


def test_nobody_is_paged_whose_account_is_switched_off(scene: Scene, nurse: Person):
    with scene.app.app_context():
        change_user(scene.clinic.admin.actor, nurse.user_id, scene.now, active=False)
    assert ways(scene, nurse) == ()


def test_the_next_channel_comes_before_the_next_person(
    scene: Scene, nurse: Person, smtp_server: MailServer, webhook_receiver: WebhookReceiver
):
    pager = add_method(nurse, "webhook", webhook_receiver.url, signing_secret="s")
    add_method(nurse, "email", MOBILE)
    webhook_receiver.otherwise = Answer(500)
    alert_id = scene.answer()
    page_goes_to(scene, nurse, "webhook", pager)
    scene.work()
    assert to(smtp_server) == [MOBILE]
    assert scene.pages() == [(1, 1, "failed_temporarily"), (1, 1, "sent")]
    assert scene.events(alert_id)[-3:] == ["page_failed", "next_channel", "page_sent"]
    # The first one fails again: the person has the page, and nobody else's turn has come.
    scene.later(seconds=10)
    scene.work()
    assert to(smtp_server) == [MOBILE]
    webhook_receiver.otherwise = Answer(200)
    scene.later(seconds=20)
    scene.work()
    assert scene.pages() == [(1, 1, "delivered"), (1, 1, "sent")]
    scene.later(minutes=10)
    scene.work()
    assert to(smtp_server) == [MOBILE, SECOND]


def test_the_next_person_at_once_when_no_channel_is_left(
    scene: Scene, nurse: Person, smtp_server: MailServer, webhook_receiver: WebhookReceiver
):
    pager = add_method(nurse, "webhook", webhook_receiver.url, signing_secret="s")
    webhook_receiver.otherwise = Answer(410)
    smtp_server.fault, smtp_server.faulty_recipients = (
        MailFault.REFUSE_PERMANENTLY,
        {nurse.email},
    )
    alert_id = scene.answer()
    page_goes_to(scene, nurse, "webhook", pager)
    scene.work()
    assert to(smtp_server) == [SECOND]
    assert [state for _, step, state in scene.pages() if step == 1] == ["failed_permanently"] * 2
    assert "next_step_brought_forward" in scene.events(alert_id)


def test_a_method_that_was_removed_meanwhile_is_passed_over(
    scene: Scene, nurse: Person, smtp_server: MailServer
):
    gone = add_method(nurse, "email", MOBILE, active=False)
    scene.answer()
    page_goes_to(scene, nurse, "email", gone)
    scene.work()
    assert to(smtp_server) == [nurse.email]
    assert scene.outcomes() == ["recipient_left", "sent"]


def test_a_page_by_a_method_goes_to_its_address(
    scene: Scene, nurse: Person, smtp_server: MailServer
):
    method = add_method(nurse, "email", MOBILE)
    alert_id = scene.answer()
    page_goes_to(scene, nurse, "email", method)
    scene.work()
    assert to(smtp_server) == [MOBILE]
    with scene.app.app_context():
        shown = get_alert(scene.clinic.admin.actor, alert_id, scene.now)["notifications"]
    assert [one["contact"] for one in shown] == [nurse.name]


def test_what_comes_in_joins_the_unsent_page_of_a_person(scene: Scene, nurse: Person):
    pat = scene.clinic.patient()
    alert_id = scene.answer(pat)
    page_goes_to(scene, nurse)
    with scene.app.app_context(), transaction(scene.clinic.id) as session:
        outbox = load_outbox(session, scene.clinic.id, alert_id, scene.now)
        assert outbox.waiting == {nurse.user_id: scene.notifications()[0].id}


def test_an_acknowledged_alert_goes_to_no_further_channel(
    scene: Scene, nurse: Person, smtp_server: MailServer, webhook_receiver: WebhookReceiver
):
    pager = add_method(nurse, "webhook", webhook_receiver.url, signing_secret="s")
    webhook_receiver.otherwise = Answer(500)
    alert_id = scene.answer()
    page_goes_to(scene, nurse, "webhook", pager)
    with scene.app.app_context():
        acknowledge(nurse.actor, alert_id, scene.now)
    scene.work()
    assert to(smtp_server) == []


def test_the_last_resort_hears_by_name_who_could_not_be_reached(
    scene: Scene, nurse: Person, smtp_server: MailServer
):
    smtp_server.fault = MailFault.REFUSE_PERMANENTLY
    smtp_server.faulty_recipients = {nurse.email, SECOND}
    scene.answer()
    page_goes_to(scene, nurse)
    scene.work()
    (mail,) = smtp_server.inbox
    text = mail.get_content()
    assert str(mail["To"]) == scene.clinic.admin.email
    assert f"{nurse.name} could not be reached: smtp_550." in text
    assert "contact 2 (email) could not be reached: smtp_550." in text


def test_names_of_staff_but_of_no_patient(scene: Scene, nurse: Person):
    pat = scene.clinic.patient()
    with scene.worker_app.app_context(), transaction() as session:
        names = target_names(session, scene.clinic.id)
        links = load_chain(session, scene.clinic.id).links
    assert names[nurse.user_id] == nurse.name
    assert pat.user_id not in names
    assert names[links[0].id] == "contact 1 (email)"
