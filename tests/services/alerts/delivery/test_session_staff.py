"""Vital signs page the session's staff first, the chain after five minutes (E3, E4, E7); the crisis
pressure both at once (E2); severe effects and mania the care team beside the chain (E5, B1, U1).
"""

from __future__ import annotations

from threading import Event
from uuid import UUID

import pytest
from sqlalchemy import insert, select, update

from models import TreatmentSessionVersion, User
from services.alerts.handling.ownership import acknowledge
from services.unit_of_work import transaction
from tests.builders.calls import made, refused
from tests.builders.scene import Scene
from tests.builders.stored import rows
from tests.builders.trends.chart import Chart
from tests.builders.workers import FIRST, SECOND
from tests.builders.world import Person
from tests.fixtures.mail import MailFault, MailServer


class Room:
    """A session in which `nurse` and `doctor` are with the patient."""

    def __init__(self, scene: Scene, server: MailServer) -> None:
        self.scene, self.server = scene, server
        self.nurse, self.doctor = scene.clinic.staff(), scene.clinic.staff("on_call", "clinician")
        self.chart = Chart(scene.clinic, staff=self.nurse, now=scene.now)
        self.course = self.chart.course(started_on="2026-11-20")
        self.session = self.new_session()

    def new_session(self, *staff: Person) -> str:
        named = [str(one.user_id) for one in staff or (self.nurse, self.doctor)]
        made = self.chart.session(self.course, self.scene.now, staff_ids=named)
        assert sorted(made["staff_ids"]) == sorted(named)
        return str(made["id"])

    def new_session_of(self, *staff: Person) -> str:
        """One that begins a second later: two of a patient never begin at once."""
        self.scene.later(seconds=1)
        self.chart.at(self.scene.now)
        return self.new_session(*staff)

    def measure(self, phase: str = "pre", **measured: int) -> UUID:
        """A reading now (141/90 before dosing unless said otherwise); the newest alert's id."""
        self.chart.at(self.scene.now)
        answer = self.chart.vitals(self.session, phase, **(measured or {"systolic": 141}))
        assert answer["findings"]
        query = "SELECT id FROM alerts WHERE patient_id = :patient ORDER BY triggered_at, id"
        found = rows(self.chart.pat, query, patient=self.chart.pat.patient_id)
        newest: UUID = found[-1]["id"]
        return newest

    def mails(self) -> list[str]:
        """Who is mailed now."""
        before = len(self.server.inbox)
        self.scene.work()
        return sorted(str(mail["X-Received-For"]) for mail in self.server.inbox[before:])

    def stand_downs(self) -> list[str]:
        before = len(self.server.inbox)
        with self.scene.worker_app.app_context():
            self.scene.worker.send_letters(Event())
        return sorted(str(mail["X-Received-For"]) for mail in self.server.inbox[before:])

    def take(self, person: Person, alert_id: UUID) -> None:
        with self.scene.app.app_context():
            acknowledge(person.actor, alert_id, self.scene.now)

    @property
    def staff(self) -> list[str]:
        return sorted([self.nurse.email, self.doctor.email])


@pytest.fixture
def room(scene: Scene, smtp_server: MailServer) -> Room:
    return Room(scene, smtp_server)


def leave(scene: Scene, *people: Person) -> None:
    """Their accounts are closed."""
    with scene.app.app_context(), transaction(scene.clinic.id) as session:
        ids = [person.user_id for person in people]
        session.execute(update(User).where(User.id.in_(ids)).values(active=False))


def test_the_staff_in_the_room_sleep_and_the_chain_is_paged_after_five_minutes(
    room: Room, scene: Scene, smtp_server: MailServer
):
    alert_id = room.measure()
    assert room.mails() == room.staff
    text = smtp_server.inbox[0].get_content()
    assert "If you do nothing, contact 1 (email) is paged at 22:05." in text
    alert = scene.alert(alert_id)
    assert (alert.page_round, alert.page_step) == (1, 0)
    scene.later(seconds=299)
    assert room.mails() == []
    scene.later(seconds=1)
    assert room.mails() == [FIRST]
    scene.later(hours=4)
    assert room.mails() == [SECOND]
    scene.later(hours=4)
    last = room.mails()
    assert last == [scene.clinic.admin.email]
    why = smtp_server.inbox[-1].get_content()
    assert "session staff (email) was paged and has not acknowledged." in why
    assert scene.events(alert_id).count("page_queued") == 5


def test_the_second_of_the_staff_takes_it_and_nobody_else_is_paged(room: Room, scene: Scene):
    alert_id = room.measure()
    assert room.mails() == room.staff
    scene.later(minutes=2)
    shown = room.chart.get(f"/v1/alerts/{alert_id}", room.doctor)
    assert shown["may"]["act"]
    assert shown["escalation"] == {
        "step": 0,
        "next_at": "2026-11-20T21:05:00Z",
        "target": "contact 1 (email)",
    }
    assert {one["contact"] for one in shown["notifications"]} == {"session staff (email)"}
    room.take(room.doctor, alert_id)
    assert room.stand_downs() == [room.nurse.email]
    scene.later(hours=11)
    assert room.mails() == []
    scene.later(hours=1)
    assert room.mails() == [FIRST]


@pytest.mark.parametrize("who", ["closed", "out of view", "nobody named"])
def test_nobody_of_the_staff_can_be_reached_and_the_chain_is_paged_at_once(
    room: Room, scene: Scene, who: str
):
    if who == "closed":
        leave(scene, room.nurse, room.doctor)
        room.chart = Chart(scene.clinic, room.chart.pat, now=scene.now)
    elif who == "out of view":
        room.session = room.new_session_of(room.nurse)
        other = scene.clinic.staff()
        team = {"user_ids": [str(other.user_id)]}
        made(room.chart.send("PUT", f"{room.chart.path}/care-team", room.nurse, team), 200)
        room.chart = Chart(scene.clinic, room.chart.pat, other, scene.now)
    else:
        room.chart.change(room.session, staff_ids=[])
    alert_id = room.measure()
    assert room.mails() == [FIRST]
    assert scene.alert(alert_id).page_step == 1


def test_the_only_one_reached_leaves_between(room: Room, scene: Scene):
    room.chart.change(room.session, staff_ids=[str(room.doctor.user_id)])
    room.measure()
    leave(scene, room.doctor)
    scene.later(seconds=1)
    assert room.mails() == [FIRST]
    assert scene.outcomes() == ["recipient_left", "sent"]


def test_one_of_two_leaves_between_and_the_other_has_their_five_minutes(room: Room, scene: Scene):
    room.measure()
    leave(scene, room.doctor)
    assert room.mails() == [room.nurse.email]
    scene.later(minutes=5)
    assert room.mails() == [FIRST]


def test_a_mail_server_that_takes_no_mail_does_not_hold_up_the_chain(
    room: Room, scene: Scene, smtp_server: MailServer
):
    scene.only_webhook("http://127.0.0.1:9/nobody")
    smtp_server.fault = MailFault.SENDER_REFUSED
    alert_id = room.measure()
    room.mails()
    assert scene.alert(alert_id).page_step >= 1


def test_a_second_reading_pages_them_again_and_wins_no_time(room: Room, scene: Scene):
    alert_id = room.measure()
    assert room.mails() == room.staff
    scene.later(minutes=4)
    room.measure(systolic=150)
    assert room.mails() == room.staff
    scene.later(minutes=1)
    assert room.mails() == [FIRST]
    scene.later(minutes=2)
    room.measure(systolic=155)
    assert room.mails() == sorted([*room.staff, FIRST])
    assert len(scene.occurrences(alert_id)) == 3


def test_a_second_session_pages_its_own_staff_too_though_somebody_has_it(room: Room, scene: Scene):
    alert_id = room.measure()
    room.mails()
    room.take(room.nurse, alert_id)
    room.stand_downs()
    scene.later(hours=1)
    room.measure(systolic=150)
    assert room.mails() == []
    third = scene.clinic.staff()
    scene.later(hours=1)
    room.session = room.new_session_of(third)
    room.measure(systolic=150)
    assert room.mails() == [third.email]
    assert scene.alert(alert_id).status == "acknowledged"


def test_a_crisis_pressure_pages_staff_and_chain_at_once(room: Room, scene: Scene):
    room.session = room.new_session_of(room.nurse)
    room.chart.at(scene.now)
    room.chart.vitals(room.session, "during", systolic=185)
    scene.later(minutes=2)
    room.measure("during", systolic=186)
    assert room.mails() == sorted([room.nurse.email, FIRST])


def test_a_report_of_the_patient_in_the_session_pages_its_staff_too(room: Room, scene: Scene):
    room.chart.at(scene.now)
    room.chart.vitals(room.session, "during", systolic=185)
    scene.later(minutes=2)
    room.chart.at(scene.now)
    made(room.chart.report("chest_pain"))
    assert sorted(room.chart.alerts()) == [("e1", "critical"), ("e2", "critical")]
    assert room.mails() == sorted([*room.staff, FIRST, FIRST])


def test_a_help_request_meanwhile_pages_the_chain_at_once(room: Room, scene: Scene):
    room.measure()
    assert room.mails() == room.staff
    scene.later(minutes=1)
    scene.ask_for_help(room.chart.pat)
    assert room.mails() == [FIRST]
    scene.later(minutes=4)
    assert room.mails() == [FIRST]


def test_mania_pages_the_care_team_beside_the_chain(room: Room, scene: Scene):
    other = scene.clinic.staff()
    team = {"user_ids": [str(room.nurse.user_id), str(other.user_id)]}
    made(room.chart.send("PUT", f"{room.chart.path}/care-team", room.nurse, team), 200)
    leave(scene, other)
    room.chart.answer("asrm", 9)
    assert room.mails() == sorted([room.nurse.email, FIRST])
    found = rows(room.chart.pat, "SELECT id FROM alerts")
    shown = room.chart.get(f"/v1/alerts/{found[0]['id']}", room.nurse)
    contacts = [one["contact"] for one in shown["notifications"]]
    assert sorted(contacts) == ["care team (email)", "contact 1 (email)"]


def test_a_session_names_its_staff(room: Room, scene: Scene):
    path, staff = f"{room.chart.path}/sessions", room.chart.staff
    room.chart.later(minutes=1)
    default = room.chart.session(room.course, room.chart.now)
    assert default["staff_ids"] == [str(staff.user_id)]
    # Whoever corrects it later does not take their place.
    changed = room.chart.patch(f"{path}/{default['id']}", {"weight_kg": 70}, room.doctor)
    assert made(changed, 200)["staff_ids"] == [str(staff.user_id)]
    emptied = room.chart.patch(f"{path}/{default['id']}", {"staff_ids": None}, room.doctor)
    assert made(emptied, 200)["staff_ids"] == [str(room.doctor.user_id)]
    for one in (scene.clinic.admin.user_id, room.chart.pat.user_id, UUID(int=7)):
        answer = room.chart.patch(f"{path}/{default['id']}", {"staff_ids": [str(one)]})
        assert list(refused(answer)) == ["staff_ids"]
    # Who has left since stays named, and can be named no more.
    leave(scene, room.doctor)
    kept = room.chart.change(default["id"], weight_kg=71)
    assert kept["staff_ids"] == [str(room.doctor.user_id)]
    assert kept["version"] == 4
    fresh = room.chart.patch(f"{path}/{room.session}", {"staff_ids": [str(room.nurse.user_id)]})
    assert made(fresh, 200)["staff_ids"] == [str(room.nurse.user_id)]


def test_a_session_of_an_earlier_release_stands_for_whoever_entered_it(room: Room, scene: Scene):
    with scene.app.app_context(), transaction(scene.clinic.id) as session:
        one = TreatmentSessionVersion.__table__.c
        last = session.execute(select(*one)).one()._mapping
        session.execute(insert(TreatmentSessionVersion), {**last, "version": 2, "staff_ids": None})
    room.measure()
    assert room.mails() == [room.nurse.email]
