"""Who is paged when by a clinic's policy: told as nights, on a clock that the test moves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock
from uuid import UUID

import pytest
from sqlalchemy import update
from werkzeug.test import TestResponse

from models import User
from services.exceptions import Invalid
from services.membership.users import change_user
from services.on_call.overrides import add_override
from services.on_call.policies import put_policy
from services.on_call.schedules import create_schedule, end_schedule
from services.unit_of_work import transaction
from tests.builders.browser import Browser, page_of
from tests.builders.scene import Scene
from tests.builders.workers import FIRST, PUBLIC_URL
from tests.builders.world import Person
from tests.fixtures.mail import MailFault, MailServer

CLOCK = "api.http.auth.utcnow"


class Night:
    """A scene whose clinic has schedules and policies."""

    def __init__(self, scene: Scene, server: MailServer) -> None:
        self.scene, self.server = scene, server
        self.ann, self.ben, self.cem = (
            scene.clinic.staff("on_call", name=f"{name} Quagga") for name in ("Ann", "Ben", "Cem")
        )
        self.names = {
            each.email: each.name.split()[0] for each in (self.ann, self.ben, self.cem)
        } | {scene.clinic.admin.email: "admin", FIRST: "contact"}
        self.seen = 0

    def schedule(self, *members: Person, zone: str = "UTC", handover: str = "08:00") -> dict:
        rotation = {"kind": "daily", "length": 1, "handover": handover}
        rotation["members"] = [each.user_id for each in members]
        fields = {"name": "Nights", "timezone": zone, "rotation": rotation}
        return self._by_admin(create_schedule, fields)

    def policy(self, *steps: Any, delay_s: int = 600, severity: str = "critical") -> None:
        """Each step: targets, as they are stored."""
        wanted = [{"delay_s": delay_s, "targets": list(step)} for step in steps]
        self._by_admin(put_policy, severity, wanted)

    def override(self, schedule: dict, of: Person, kind: str, hours: int = 12) -> None:
        span = {"from_at": self.scene.now, "to_at": self.scene.now + timedelta(hours=hours)}
        fields = {"user_id": of.user_id, "kind": kind, **span}
        self._by_admin(add_override, schedule["id"], fields)

    def leaves(self, person: Person) -> None:
        with self.scene.app.app_context():
            actor = self.scene.clinic.admin.actor
            change_user(actor, person.user_id, self.scene.now, active=False)

    def paged(self, **later: float) -> list[str]:
        """Who is paged when so much time has passed."""
        self.scene.later(**later)
        self.scene.work()
        new = self.server.inbox[self.seen :]
        self.seen = len(self.server.inbox)
        return [self.names[str(mail["X-Received-For"])] for mail in new]

    def page_of(self, alert_id: str, person: Person) -> Browser:
        """The page of an alert on somebody's phone, at this instant."""
        with mock.patch(CLOCK, return_value=self.scene.now):
            return page_of(self.scene.app, alert_id, person)

    def by_page(self, page: Browser, what: str) -> TestResponse:
        """Press a button of it."""
        with mock.patch(CLOCK, return_value=self.scene.now):
            return page.send(what)

    def _by_admin(self, use_case: Any, *args: Any) -> Any:
        with self.scene.app.app_context():
            return use_case(self.scene.clinic.admin.actor, *args, self.scene.now)


@pytest.fixture
def night(scene: Scene, smtp_server: MailServer) -> Night:
    return Night(scene, smtp_server)


def on(schedule: dict) -> tuple[dict[str, UUID]]:
    return ({"schedule_id": schedule["id"]},)


def the(person: Person) -> tuple[dict[str, UUID]]:
    return ({"user_id": person.user_id},)


def test_first_asleep_second_on_vacation_third_acknowledges(night: Night):
    """Ann sleeps; it is Ben's duty, who is away, and Cem covers for him: Cem takes it, by the page
    that the mail links to.
    """
    back_up = night.schedule(night.ben)
    night.override(back_up, night.ben, "away")
    night.override(back_up, night.cem, "cover")
    night.policy(on(night.schedule(night.ann)), on(back_up))
    alert_id = night.scene.answer()
    assert night.paged() == ["Ann"]
    chart = night.scene.chart(night.scene.clinic.patient())
    shown = chart.get(f"/v1/alerts/{alert_id}", night.cem)["escalation"]
    assert (shown["step"], shown["target"]) == (1, "Cem Quagga")
    assert night.paged(minutes=9) == []
    assert night.paged(minutes=1) == ["Cem"]
    link = night.server.inbox[-1].get_content().partition(f"{PUBLIC_URL}/a/")[2].split()[0]
    assert link == str(alert_id)
    page = night.page_of(link, night.cem)
    assert "Nobody has taken this alert." in page.text
    assert night.by_page(page, "acknowledge").status_code == 200
    assert "You took this alert" in page.text
    assert night.paged(minutes=40) == []


def test_nobody_acknowledges_the_admin_is_last_and_it_starts_over(night: Night):
    night.policy(on(night.schedule(night.ann)), the(night.ben), delay_s=300)
    night.scene.answer()
    assert night.paged() == ["Ann"]
    assert night.paged(minutes=5) == ["Ben"]
    assert night.paged(minutes=5) == ["admin"]
    assert night.paged(minutes=10) == ["Ann"]
    assert night.paged(minutes=5) == ["Ben"]


def test_an_empty_step_is_passed_over_at_once(night: Night):
    night.policy(on(night.schedule()), the(night.ben))
    alert_id = night.scene.answer()
    assert night.paged() == ["Ben"]
    assert "step_skipped" in night.scene.events(alert_id)
    assert night.paged(minutes=10) == ["admin"]


def test_nobody_on_call_pages_the_last_resort_at_once(night: Night):
    night.policy(on(night.schedule()), on(night.schedule()))
    alert_id = night.scene.answer()
    assert night.paged() == ["admin"]
    assert "no_one_on_call" in night.scene.events(alert_id)


def test_a_deactivated_member_is_passed_over(night: Night):
    """Also when it happens while the alert climbs: steps keep their places."""
    night.policy(on(night.schedule(night.ann)), the(night.ben), the(night.cem))
    night.scene.answer()
    assert night.paged() == ["Ann"]
    night.leaves(night.ann)
    night.leaves(night.ben)
    assert night.paged(minutes=10) == ["Cem"]
    assert night.paged(minutes=10) == ["admin"]
    assert night.paged(minutes=10) == ["Cem"]


def test_a_patient_whose_team_has_left_is_every_clinician_s(night: Night):
    """Whoever sees the patient then may act, and so is paged."""
    clinic = night.scene.clinic
    gone, doc = (clinic.staff("clinician") for _ in range(2))
    night.names[doc.email] = "Doc"
    patient = clinic.patient(care_team=[gone.user_id])
    night.policy(the(gone), the(doc))
    with night.scene.app.app_context(), transaction(clinic.id) as session:
        session.execute(update(User).where(User.id == gone.user_id).values(active=False))
    night.scene.answer(patient)
    assert night.paged() == ["Doc"]


def test_a_hand_over_in_the_middle_of_a_chain(night: Night):
    """The hand-over is at 21:05: the alert of 21:00 pages Ann, then the admin, then Ben."""
    night.policy(on(night.schedule(night.ann, night.ben, handover="21:05")))
    night.scene.answer()
    assert night.paged() == ["Ann"]
    assert night.paged(minutes=10) == ["admin"]
    assert night.paged(minutes=10) == ["Ben"]


@pytest.mark.parametrize(
    ("handover", "before", "after"),
    [
        # 1 November 2026: 01:30 comes twice, at 05:30 and 06:30 UTC; the first is the hand-over.
        ("01:30", ["2026-11-01T05:29"], ["2026-11-01T05:30", "2026-11-01T06:30"]),
        # 8 March 2026: 02:30 is skipped; the gap ends at 07:00 UTC.
        ("02:30", ["2026-03-08T06:59"], ["2026-03-08T07:00", "2026-03-08T07:31"]),
    ],
)
def test_hand_overs_on_the_nights_when_the_clocks_change(
    night: Night, handover: str, before: list[str], after: list[str]
):
    times = [datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (*before, *after)]
    night.scene.now = times[0] - timedelta(hours=10)
    members = night.ann, night.ben
    night.policy(on(night.schedule(*members, zone="America/New_York", handover=handover)))
    for at, expected in zip(times, ["Ann"] + ["Ben"] * len(after), strict=True):
        night.scene.now = at
        alert_id = night.scene.answer()
        assert night.paged()[:1] == [expected]
        assert night.scene.alert(alert_id).page_step == 1


def test_everybody_is_paged_and_one_who_cannot_be_reached_brings_nothing_forward(
    night: Night, smtp_server: MailServer
):
    smtp_server.fault = MailFault.REFUSE_PERMANENTLY
    smtp_server.faulty_recipients = {night.ann.email}
    night.policy(({"everyone": True},), the(night.ann))
    night.scene.answer()
    assert sorted(night.paged()) == ["Ben", "Cem"]
    assert night.paged(minutes=9) == []


def test_high_goes_on_along_the_contact_chain(night: Night):
    night.policy(the(night.ann))
    night.scene.answer(tier="high")
    assert night.paged() == ["contact"]


def test_a_page_again_pages_each_once(night: Night):
    night.policy(the(night.ann), (*the(night.ann), *the(night.ben)))
    pat = night.scene.clinic.patient()
    night.scene.answer(pat)
    assert night.paged() == ["Ann"]
    assert night.paged(minutes=10) == ["Ann", "Ben"]
    night.scene.later(minutes=2)
    night.scene.ask_for_help(pat)
    assert sorted(night.paged()) == ["Ann", "Ben"]


def test_a_schedule_that_a_policy_pages_cannot_end(night: Night):
    schedule = night.schedule(night.ann)
    night.policy(on(schedule))
    with pytest.raises(Invalid):
        night._by_admin(end_schedule, schedule["id"])
    night.policy()
    night._by_admin(end_schedule, schedule["id"])
    night.scene.answer()
    assert night.paged() == ["contact"]
