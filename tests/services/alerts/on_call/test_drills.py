"""A drill goes down the real chain, marked, and its times are measured."""

from __future__ import annotations

from datetime import timedelta
from threading import Event
from typing import Any

import orjson
import pytest

from services.alerts.drills import list_drills, start_drill
from services.alerts.monitors.drill_end import end_drill
from services.exceptions import DrillRunning
from services.on_call.policies import put_policy
from tests.builders.calls import made
from tests.builders.scene import Scene
from tests.builders.workers import FIRST, SECOND
from tests.builders.world import Person
from tests.fixtures.mail import MailServer
from tests.fixtures.webhook import WebhookReceiver


class Drilling:
    """A scene in which the administrator lets drills down the chain."""

    def __init__(self, scene: Scene, server: MailServer) -> None:
        self.scene, self.server = scene, server
        self.sam = scene.clinic.staff("on_call")

    def start(self, severity: str = "critical") -> dict[str, Any]:
        return self._by(self.scene.clinic.admin, start_drill, severity)

    def all(self, limit: int = 50, cursor: str | None = None) -> dict[str, Any]:
        return self._by(self.sam, list_drills, limit, cursor, late=True)

    def sent(self, **later: float) -> list[tuple[str, str]]:
        """To whom which subject goes when so much time has passed."""
        self.scene.later(**later)
        seen = len(self.server.inbox)
        self.scene.work()
        self.scene.worker.send_letters(Event())
        new = self.server.inbox[seen:]
        return [(str(mail["X-Received-For"]), str(mail["Subject"])) for mail in new]

    def post(self, drill: dict[str, Any], call: str, body: dict[str, Any] | None = None) -> Any:
        chart = self.scene.chart(self.scene.clinic.patient())
        return made(chart.post(f"/v1/alerts/{drill['alert_id']}/{call}", body or {}, self.sam), 200)

    def _by(self, person: Person, use_case: Any, *args: Any, late: bool = False) -> Any:
        """`late`: the instant stands before what is asked for."""
        with self.scene.app.app_context():
            if late:
                return use_case(person.actor, self.scene.now, *args)
            return use_case(person.actor, *args, self.scene.now)


@pytest.fixture
def drills(scene: Scene, smtp_server: MailServer) -> Drilling:
    return Drilling(scene, smtp_server)


def test_it_is_marked_and_measured(drills: Drilling) -> None:
    drill = drills.start()
    assert (drill["to_page_s"], drill["ended_at"], len(drill["pages"])) == (None, None, 1)
    [(to, subject)] = drills.sent(seconds=2)
    assert to == FIRST
    assert subject.startswith("[Interlude] DRILL: CRITICAL alert ")
    text = drills.server.inbox[-1].get_content()
    assert text.startswith("DRILL: this is about nobody.")
    [(to, _)] = drills.sent(minutes=10)
    assert to == SECOND
    drills.scene.later(seconds=58)
    drills.post(drill, "acknowledge")
    drills.post(drill, "resolve", {"disposition": "other", "note": "A drill."})
    found = drills.all()
    [one] = found["items"]
    clinic_id, now = drills.scene.clinic.id, drills.scene.now
    with drills.scene.worker_app.app_context():
        assert not end_drill(clinic_id, drill["alert_id"], drill["started_by"], now)
    assert (one["to_page_s"], one["to_acknowledge_s"]) == (2, 660)
    assert (one["acknowledged_by"], one["acknowledged_step"]) == (drills.sam.name, 2)
    assert one["ended_at"] - now < timedelta(seconds=1)
    assert [(page["contact"], page["state"]) for page in one["pages"]] == [
        ("contact 1 (email)", "sent"),
        ("contact 2 (email)", "sent"),
    ]
    assert found["figures"] == {
        "drills": 1,
        "to_page_s": {"answered": 1, "median": 2, "max": 2},
        "to_acknowledge_s": {"answered": 1, "median": 660, "max": 660},
    }


def test_nobody_answers_and_it_ends_after_one_round(drills: Drilling) -> None:
    drill = drills.start()
    assert len(drills.sent()) == len(drills.sent(minutes=10)) == len(drills.sent(minutes=10)) == 1
    assert drills.all()["items"][0]["ended_at"] is None
    stood_down = drills.sent(minutes=10)
    assert [to for to, _ in stood_down] == [FIRST, SECOND]
    assert all("DRILL: Stand down" in subject for _, subject in stood_down)
    assert drills.sent(hours=1) == []
    [one] = drills.all()["items"]
    assert one["ended_at"] is not None
    assert (one["to_acknowledge_s"], one["acknowledged_step"]) == (None, None)
    answer = drills.scene.chart(drills.scene.clinic.patient()).post(
        f"/v1/alerts/{drill['alert_id']}/resolve", {"disposition": "other", "note": "?"}, drills.sam
    )
    assert (answer.status_code, answer.json["code"]) == (409, "already_resolved")


def test_one_at_a_time_and_the_next_after_half_an_hour(drills: Drilling) -> None:
    assert drills.all()["figures"]["to_page_s"] == {"answered": 0, "median": None, "max": None}
    first = drills.start("high")
    with pytest.raises(DrillRunning):
        drills.start()
    drills.sent()
    drills.post(first, "acknowledge")
    drills.sent(minutes=29)
    with pytest.raises(DrillRunning):
        drills.start()
    drills.sent(minutes=1)
    second = drills.start()
    page = drills.all(limit=1)
    assert [each["id"] for each in page["items"]] == [second["id"]]
    assert [each["id"] for each in drills.all(1, page["next_cursor"])["items"]] == [first["id"]]


def test_a_policy_is_the_chain(drills: Drilling) -> None:
    step = {"delay_s": 60, "targets": [{"user_id": drills.sam.user_id}]}
    drills._by(drills.scene.clinic.admin, put_policy, "critical", [step])
    drills.start()
    assert [to for to, _ in drills.sent()] == [drills.sam.email]
    assert drills.all()["items"][0]["pages"][0]["contact"] == drills.sam.name


def test_a_webhook_is_marked_too(drills: Drilling, webhook_receiver: WebhookReceiver) -> None:
    drills.scene.clinic.contact(webhook_receiver.url)
    drills.start()
    for _ in range(3):
        drills.sent(minutes=10)
    [request] = webhook_receiver.wait_for(1)
    assert orjson.loads(request.body)["drill"] is True


def test_it_is_about_no_patient(drills: Drilling) -> None:
    drill = drills.start()
    chart = drills.scene.chart(drills.scene.clinic.patient())
    shown = chart.get(f"/v1/alerts/{drill['alert_id']}", drills.sam)
    assert (shown["family"], shown["patient"], shown["evidence"]) == ("drill", None, None)
