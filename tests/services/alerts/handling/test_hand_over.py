"""A hand-over to a named colleague: who is paged, who has the alert, and when it ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.alerts.chain import load_chain
from services.alerts.handling.hand_over import hand_over
from services.alerts.handling.notes import NewNote, add_note
from services.alerts.handling.ownership import acknowledge
from services.alerts.handling.resolve import Ending, resolve
from services.alerts.handling.show_alerts import get_alert
from services.alerts.rules_failure import count_rules_failure
from services.exceptions import AlreadyResolved, Forbidden, Invalid, NotFound
from services.membership.users import change_user
from services.unit_of_work import transaction
from tests.builders.reach.methods import add_method
from tests.builders.scene import Scene
from tests.builders.stored import audited
from tests.builders.workers import FIRST
from tests.builders.world import Person, World
from tests.fixtures.mail import MailFault, MailServer
from tests.fixtures.webhook import Answer, WebhookReceiver


class Ward:
    """Ann has an alert, and a colleague, Ben."""

    def __init__(self, scene: Scene, server: MailServer) -> None:
        self.scene, self.server, self.seen = scene, server, 0
        self.ann, self.ben = (
            scene.clinic.staff("on_call", name=f"{name} Quagga") for name in ("Ann", "Ben")
        )
        self.pat = scene.clinic.patient()
        self.alert_id = scene.answer(self.pat)
        self.paged()

    def act(self, use_case: Any, person: Person, *args: Any) -> Any:
        with self.scene.app.app_context():
            return use_case(person.actor, self.alert_id, *args, self.scene.now)

    def take(self, person: Person) -> None:
        self.act(acknowledge, person)

    def hand(self, giver: Person, to: Person) -> dict[str, Any]:
        shown: dict[str, Any] = self.act(hand_over, giver, to.user_id)
        return shown

    def paged(self, **later: float) -> list[str]:
        """Who is paged when so much time has passed."""
        self.scene.later(**later)
        self.scene.work()
        new = self.server.inbox[self.seen :]
        self.seen = len(self.server.inbox)
        return [str(mail["X-Received-For"]) for mail in new]

    @property
    def alert(self) -> Any:
        return self.scene.alert(self.alert_id)


@pytest.fixture
def ward(scene: Scene, smtp_server: MailServer) -> Ward:
    return Ward(scene, smtp_server)


def test_the_colleague_is_paged_and_the_giver_has_it_until_they_acknowledge(ward: Ward):
    ward.take(ward.ann)
    shown = ward.hand(ward.ann, ward.ben)
    assert (shown["status"], shown["acknowledged_by"]) == ("acknowledged", ward.ann.user_id)
    given = next(event for event in shown["timeline"] if event["kind"] == "handed_over")
    assert (given["by_name"], given["to_name"]) == ("Ann Quagga", "Ben Quagga")
    assert ward.paged(seconds=1) == [ward.ben.email]
    assert ward.alert.acknowledged_by == ward.ann.user_id
    ward.take(ward.ben)
    assert ward.alert.acknowledged_by == ward.ben.user_id
    assert "alert_handed_over" in audited(ward.ann, str(ward.alert_id))


def test_neither_a_hand_over_nor_a_take_over_extends_the_end(ward: Ward):
    ward.take(ward.ann)
    ends = ward.alert.ack_expires_at
    first = ward.alert.acknowledged_at
    ward.paged(minutes=40)
    ward.hand(ward.ann, ward.ben)
    ward.paged(minutes=5)
    ward.take(ward.ben)
    ward.hand(ward.ben, ward.ann)
    assert (ward.alert.ack_expires_at, ward.alert.acknowledged_at) == (ends, first)
    # What alone renews it renews it to at most 4 h after it was first given.
    ward.scene.later(minutes=10)
    for _ in range(5):
        ward.act(add_note, ward.ben, NewNote(kind="contact_attempt", outcome="reached"))
        ward.scene.later(minutes=45)
        ward.take(ward.ann)
        ward.take(ward.ben)
    assert ward.alert.ack_expires_at == first + timedelta(hours=4)


def test_a_colleague_who_does_not_come_changes_nothing_of_the_expiry(ward: Ward):
    ward.take(ward.ann)
    ward.paged(seconds=1)
    ward.hand(ward.ann, ward.ben)
    assert ward.paged(minutes=30) == [ward.ben.email]
    assert ward.paged(minutes=29) == []
    assert ward.paged(minutes=1) == [FIRST]
    assert ward.alert.status == "triggered"


def test_where_nobody_has_it_the_chain_goes_on(ward: Ward):
    due = ward.alert.next_at
    assert ward.hand(ward.ann, ward.ben)["status"] == "triggered"
    assert ward.alert.next_at == due
    assert ward.paged(seconds=1) == [ward.ben.email]
    assert len(ward.paged(minutes=10)) == 1, "the second of the chain, on time"


def test_a_page_that_fails_goes_on_by_the_colleagues_next_way(
    ward: Ward, webhook_receiver: WebhookReceiver
):
    webhook_receiver.otherwise = Answer(410)
    add_method(ward.ben, "webhook", webhook_receiver.url)
    ward.take(ward.ann)
    ward.hand(ward.ann, ward.ben)
    assert ward.paged(seconds=1) == [ward.ben.email]
    assert len(webhook_receiver.requests) == 1
    assert ward.alert.acknowledged_by == ward.ann.user_id


def test_a_page_that_fails_after_they_took_it_is_over(
    ward: Ward, webhook_receiver: WebhookReceiver
):
    webhook_receiver.otherwise = Answer(410)
    add_method(ward.ben, "webhook", webhook_receiver.url)
    ward.take(ward.ann)
    ward.hand(ward.ann, ward.ben)
    ward.take(ward.ben)
    assert ward.paged(seconds=1) == []


def test_asked_again_they_are_paged_again_and_what_is_not_out_stands_for_it(ward: Ward):
    ward.take(ward.ann)
    ward.hand(ward.ann, ward.ben)
    ward.hand(ward.ann, ward.ben)
    assert ward.paged(seconds=1) == [ward.ben.email]
    ward.hand(ward.ann, ward.ben)
    assert ward.paged(seconds=1) == [ward.ben.email]
    assert "page_still_unsent" in ward.scene.events(ward.alert_id)


def test_where_nobody_has_it_an_unsent_page_stays_on_its_step(ward: Ward, smtp_server: MailServer):
    smtp_server.fault = MailFault.REFUSE_TEMPORARILY
    ward.hand(ward.ann, ward.ben)
    ward.paged(seconds=1)
    before = [one for one in ward.scene.pages() if one[1] >= 1000]
    ward.hand(ward.ann, ward.ben)
    assert [one for one in ward.scene.pages() if one[1] >= 1000] == before
    smtp_server.fault = MailFault.NONE
    assert ward.ben.email in ward.paged(seconds=1)


def refused(ward: Ward, to: UUID, giver: Person | None = None) -> None:
    before = (len(ward.scene.notifications()), ward.scene.events(ward.alert_id))
    with pytest.raises(Invalid) as error:
        ward.act(hand_over, giver or ward.ann, to)
    assert list(error.value.errors) == ["user_id"]
    assert (len(ward.scene.notifications()), ward.scene.events(ward.alert_id)) == before


def test_inactive_unreachable_or_without_the_role_is_refused(ward: Ward, smtp_server: MailServer):
    clinic, admin = ward.scene.clinic, ward.scene.clinic.admin
    with clinic.app.app_context():
        change_user(admin.actor, ward.ben.user_id, ward.scene.now, active=False)
    other = World(clinic.app, ward.scene.now).clinic("South Clinic").staff("on_call")
    for person in (ward.ben, admin, ward.pat, other):
        refused(ward, person.user_id)
    refused(ward, uuid4())


def test_whose_only_address_refuses_for_good_is_unreachable(ward: Ward, smtp_server: MailServer):
    ward.take(ward.ann)
    smtp_server.fault = MailFault.REFUSE_PERMANENTLY
    shown = ward.hand(ward.ann, ward.ben)
    assert ward.ben.user_id in {one["user_id"] for one in shown["may"]["hand_over_to"]}
    ward.paged(seconds=1)
    refused(ward, ward.ben.user_id)
    smtp_server.fault = MailFault.NONE
    shown = ward.act(get_alert, ward.ann)
    assert shown["may"]["hand_over_to"] == []
    add_method(ward.ben, "email", "ben@other.example")
    ward.hand(ward.ann, ward.ben)
    assert ward.paged(seconds=1) == ["ben@other.example"]


def test_not_to_oneself_nor_to_who_has_it(ward: Ward):
    refused(ward, ward.ann.user_id)
    ward.take(ward.ben)
    refused(ward, ward.ben.user_id)


def test_a_clinician_takes_over_only_a_patient_in_view(ward: Ward):
    inside, outside = (ward.scene.clinic.staff(name=name) for name in ("In Quagga", "Out Quagga"))
    chart = ward.scene.chart(ward.pat)
    team = {"user_ids": [str(inside.user_id)]}
    assert chart.send("PUT", f"{chart.path}/care-team", ward.scene.clinic.admin, team).json
    refused(ward, outside.user_id)
    assert ward.hand(ward.ann, inside)["status"] == "triggered"
    with pytest.raises(NotFound):
        ward.act(hand_over, outside, ward.ben.user_id)


def test_only_who_may_act_hands_over_and_nothing_that_has_ended(ward: Ward):
    with pytest.raises(Forbidden):
        ward.act(hand_over, ward.scene.clinic.admin, ward.ben.user_id)
    ward.act(resolve, ward.ann, Ending("emergency_services"))
    with pytest.raises(AlreadyResolved):
        ward.hand(ward.ann, ward.ben)
    assert ward.act(get_alert, ward.ann)["may"]["hand_over_to"] == []


def test_an_alert_about_nobody_is_an_administrators_to_take_too(ward: Ward):
    scene = ward.scene
    with scene.app.app_context(), transaction(scene.clinic.id) as session:
        ward.alert_id = count_rules_failure(
            session,
            clinic_id=scene.clinic.id,
            patient_id=ward.pat.patient_id,
            entry_id=uuid4(),
            rule_version="s-1",
            chain=load_chain(session, scene.clinic.id),
            now=scene.now,
        )
    choice = {each["name"] for each in ward.act(get_alert, ward.ann)["may"]["hand_over_to"]}
    assert choice == {"Ben Quagga", scene.clinic.admin.name}
    ward.hand(ward.ann, scene.clinic.admin)
    assert scene.clinic.admin.email in ward.paged(seconds=1)
