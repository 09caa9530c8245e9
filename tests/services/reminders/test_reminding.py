"""Patients are reminded on their devices, of what is still due, and no more than that."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
from flask import Flask
from sqlalchemy import text

from services.channels.base import ChannelError
from services.channels.reminders.fcm import FcmChannel
from services.channels.reminders.nudge import AddressGone, BusyLater, Nudge, ReminderChannel
from services.channels.webpush import PushKey, WebPushChannel
from services.reminders import planning
from services.reminders.sending import Reminding
from services.rules.languages.consent import CONSENTS
from services.rules.languages.texts import TEXTS
from services.unit_of_work import transaction
from tests.builders.calls import made
from tests.builders.reach.push_service import Browser
from tests.builders.stored import rows
from tests.builders.trends.chart import Chart
from tests.builders.world import World
from tests.fixtures.fcm import FcmService, refused, taken
from tests.fixtures.webhook import Answer, WebhookReceiver

# A Friday, 17:00 in Paris.
START = datetime(2026, 11, 20, 16, tzinfo=UTC)
TOKEN = "fcm-token-" + "x" * 140
STATES = "SELECT state, outcome, attempts, device_id FROM reminders ORDER BY at, id"


@dataclass
class Double:
    """A service that keeps what it was given, and fails as it is told."""

    failures: list[ChannelError] = field(default_factory=list)
    taken: list[tuple[datetime, Nudge]] = field(default_factory=list)

    def remind(self, nudge: Nudge, now: datetime) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.taken.append((now, nudge))


class Reminded:
    """A patient in Paris whose phone is registered, and the process that reminds them."""

    def __init__(self, app: Flask, channel: ReminderChannel) -> None:
        self.clinic = World(app, now=START - timedelta(days=3)).clinic(timezone="Europe/Paris")
        self.chart = Chart(self.clinic, self.clinic.patient(), staff=self.clinic.staff(), now=START)
        self.channel, self.app = channel, app
        self.put("phone")

    def put(self, name: str, kind: str = "fcm", subscription: Any = TOKEN) -> None:
        body = {"kind": kind, "subscription": subscription}
        answer = self.chart.send("PUT", f"/v1/me/devices/{name}", self.chart.pat, body)
        assert answer.status_code == 204, answer.json

    def round(self, **passed: float) -> int:
        self.chart.later(**passed)
        with self.app.app_context():
            reminding = Reminding(
                {"fcm": self.channel, "webpush": self.channel}, lambda: self.chart.now
            )
            return reminding.work_once()

    def states(self) -> list[tuple[str, str | None]]:
        return [(row["state"], row["outcome"]) for row in rows(self.chart.pat, STATES)]

    def answer_all(self) -> None:
        """All that is due now."""
        for item in self.chart.get("/v1/me/due", self.chart.pat)["items"]:
            if item["status"] == "due":
                self.chart.answer(item["instrument"], 0)


@pytest.fixture
def double() -> Double:
    return Double()


@pytest.fixture
def reminded(app: Flask, clean_database: None, double: Double) -> Reminded:
    return Reminded(app, double)


def test_twice_an_evening_and_no_more(reminded: Reminded, double: Double) -> None:
    seen = [reminded.round(minutes=20) for _ in range(3 * 24)]
    clocks = [(at + timedelta(hours=1)).strftime("%H:%M") for at, _ in double.taken]
    assert sum(seen) == len(double.taken)
    assert clocks == ["18:00", "20:00"]
    (nudge,) = {one for _, one in double.taken if one.ttl_s == 3 * 3600}
    assert (nudge.address, nudge.title) == (TOKEN, "Your check-in is ready.")


def test_what_is_answered_is_not_reminded_of(reminded: Reminded, double: Double) -> None:
    reminded.round(minutes=61)
    assert len(double.taken) == 1
    reminded.answer_all()
    for _ in range(6):
        reminded.round(hours=1)
    assert len(double.taken) == 1


@pytest.mark.parametrize(
    ("own", "clinics", "title"),
    [
        (None, None, "Your check-in is ready."),
        ("de-AT", None, "Ihre Fragen sind bereit. / Your check-in is ready."),
        (None, "fr", "Vos questions sont prêtes. / Your check-in is ready."),
        ("en", "fr", "Your check-in is ready."),
        ("nl", "nl reviewed", "Uw vragen staan klaar."),
    ],
)
def test_a_reminder_is_in_the_patients_language(
    reminded: Reminded, double: Double, own: str | None, clinics: str | None, title: str
) -> None:
    """Their own, else the clinic's; until it is reviewed with English."""
    chart, admin = reminded.chart, reminded.chart.clinic.admin
    chart.patch("/v1/me", {"language": own}, chart.pat)
    language, _, reviewed = (clinics or "").partition(" ")
    if language:
        chart.patch("/v1/clinic", {"language": language}, admin)
    if reviewed:
        body = {"name": "Dr. Quagga", "version": TEXTS[language].version}
        path = f"/v1/clinic/languages/{language}/review"
        assert chart.send("PUT", path, admin, body).status_code == 200
    shown = chart.get("/v1/bootstrap", chart.pat)["reminders"]
    reminded.round(minutes=61)
    ((_, nudge),) = double.taken
    assert (nudge.title, nudge.body) == (shown["title"], shown["body"])
    assert nudge.title == title


def test_an_answer_cancels_what_waits(reminded: Reminded, double: Double) -> None:
    double.failures = [ChannelError("fcm_503")]
    reminded.round(minutes=61)
    reminded.answer_all()
    reminded.round(minutes=5)
    assert (double.taken, reminded.states()) == ([], [("cancelled", "answered")])


def test_a_new_session_is_planned_at_once(reminded: Reminded, double: Double) -> None:
    reminded.answer_all()
    reminded.round(minutes=61)
    assert double.taken == []
    course = reminded.chart.course()
    reminded.chart.session(
        course, reminded.chart.now - timedelta(minutes=50), ended_at=reminded.chart.now.isoformat()
    )
    plan = reminded.chart.get("/v1/bootstrap", reminded.chart.pat)["reminders"]["plan"]
    assert "side_effects" in {one["instrument"] for each in plan for one in each["about"]}
    reminded.round()
    next_at = rows(reminded.chart.pat, "SELECT next_at FROM reminder_plans")[0]["next_at"]
    coming = [datetime.fromisoformat(one["at"]) for one in plan]
    assert reminded.chart.now < next_at <= min(at for at in coming if at > reminded.chart.now)


def test_another_zone_moves_the_plan(reminded: Reminded, double: Double) -> None:
    """17:00 in Paris is the next day's 01:00 in Tokyo: reminded at 18:00 there."""
    reminded.round()
    chart = reminded.chart
    assert chart.patch("/v1/me", {"timezone": "Asia/Tokyo"}, chart.pat).status_code == 200
    for _ in range(24):
        reminded.round(hours=1)
    first = double.taken[0][0] + timedelta(hours=9)
    assert (first.hour, len(double.taken)) == (18, 2)


def test_quiet_hours_move_it_too(reminded: Reminded, double: Double) -> None:
    reminded.round()
    quiet = {"quiet_hours": {"from": "17:30", "to": "22:00"}, "language": "en-GB"}
    chart = reminded.chart
    assert chart.patch("/v1/me", quiet, chart.pat).status_code == 200
    for _ in range(12):
        reminded.round(minutes=30)
    assert [(at + timedelta(hours=1)).hour for at, _ in double.taken] == [22]


def test_every_device_is_reminded_once(reminded: Reminded, double: Double) -> None:
    reminded.put("second", subscription=f"{TOKEN}2")
    assert reminded.round(minutes=61) == 2
    assert {one.address for _, one in double.taken} == {TOKEN, f"{TOKEN}2"}
    reminded.put("third", subscription=f"{TOKEN}3")
    assert reminded.round(minutes=1) == 0


def test_a_device_that_is_gone_goes(reminded: Reminded, double: Double) -> None:
    double.failures = [AddressGone("fcm_unregistered")]
    reminded.round(minutes=61)
    assert reminded.states() == [("failed", "fcm_unregistered")]
    assert rows(reminded.chart.pat, "SELECT id FROM devices") == []
    assert [reminded.round(hours=1) for _ in range(4)] == [0] * 4


def test_one_that_subscribed_anew_meanwhile_stays(reminded: Reminded, double: Double) -> None:
    class Slow(Double):
        def remind(self, nudge: Nudge, now: datetime) -> None:
            with reminded.app.app_context(), transaction(reminded.clinic.id) as session:
                session.execute(text("UPDATE devices SET put_at = now()"))
            raise AddressGone("fcm_unregistered")

    reminded.channel = Slow()
    reminded.round(minutes=61)
    assert len(rows(reminded.chart.pat, "SELECT id FROM devices")) == 1


def test_a_service_that_is_busy_is_left_alone_as_long_as_it_says(
    reminded: Reminded, double: Double
) -> None:
    double.failures = [BusyLater("fcm_429", 1800), ChannelError("fcm_unreachable")]
    reminded.round(minutes=61)
    assert [reminded.round(minutes=10) for _ in range(2)] == [0, 0]
    assert (len(double.failures), reminded.round(minutes=11)) == (1, 0)
    assert reminded.round(minutes=5) == 1
    assert [row["attempts"] for row in rows(reminded.chart.pat, STATES)] == [3]


def test_it_is_not_shown_in_quiet_hours_however_late_it_is(
    reminded: Reminded, double: Double
) -> None:
    reminded.round(hours=1)
    double.failures = [BusyLater("fcm_503", 3600)] * 20
    for _ in range(12):
        reminded.round(minutes=30)
    assert reminded.states() == [("sent", None), ("failed", "fcm_503")]


def test_who_is_paused_discharged_or_logged_out_is_not_reminded(
    reminded: Reminded, double: Double
) -> None:
    chart = reminded.chart
    chart.patch(
        chart.path,
        {"status": "paused", "reason": "away", "until_on": chart.now.date().isoformat()},
    )
    assert [reminded.round(hours=1) for _ in range(5)] == [0] * 5
    assert chart.send("POST", "/v1/auth/logout", chart.pat, {}).status_code == 204
    assert [reminded.round(hours=8) for _ in range(3)] == [0] * 3


def test_who_withdrew_their_consent_is_not_reminded(reminded: Reminded, double: Double) -> None:
    chart = reminded.chart
    agreed = {"version": CONSENTS.newest.version}
    one = made(chart.post("/v1/consents", agreed, chart.pat))
    made(chart.post(f"/v1/consents/{one['id']}/withdraw", {}, chart.pat), 200)
    assert [reminded.round(hours=1) for _ in range(5)] == [0] * 5
    made(chart.post("/v1/consents", agreed, chart.pat))
    assert sum(reminded.round(hours=1) for _ in range(24)) > 0


def test_a_plan_that_cannot_be_worked_out_keeps_no_other_waiting(
    reminded: Reminded, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound, other, plan = reminded.chart.pat, reminded.clinic.patient(), planning.planned

    def planned(session: Any, patient: Any, *given: Any) -> planning.Planned:
        if patient.user_id == other.user_id:
            raise ArithmeticError
        return plan(session, patient, *given)

    monkeypatch.setattr(planning, "planned", planned)
    monkeypatch.setattr(planning, "BATCH", 1)
    for one in (other, sound):
        reminded.chart.pat = one
        reminded.put("tablet", subscription=f"{one.user_id}{TOKEN}")
    reminded.round(minutes=61)
    assert len(double.taken) == 2  # the phone and the tablet of the sound one
    monkeypatch.setattr(planning, "planned", plan)
    reminded.round(minutes=61)
    assert len(double.taken) == 3


def test_a_browser_gets_it_encrypted(
    app: Flask, clean_database: None, webhook_receiver: WebhookReceiver
) -> None:
    webhook_receiver.otherwise = Answer(201)
    browser = Browser(webhook_receiver.url)
    parts = urlsplit(browser.endpoint)
    origin = f"{parts.scheme}://{parts.netloc}"
    channel = WebPushChannel(PushKey.of(b"x" * 32), "mailto:a@h.test", "", (origin,))
    channel.remind(Nudge(browser.subscription, "Ready.", "Two minutes.", 600), START)
    (request,) = webhook_receiver.requests
    assert (request.headers["TTL"], request.headers["Urgency"]) == ("600", "normal")
    assert browser.read(request) == {
        "kind": "reminder",
        "title": "Ready.",
        "body": "Two minutes.",
        "tag": request.headers["Topic"],
    }
    webhook_receiver.otherwise = Answer(410)
    with pytest.raises(AddressGone):
        channel.remind(Nudge(browser.subscription, "Ready.", "Two minutes.", 600), START)
    webhook_receiver.otherwise = Answer(429, headers={"Retry-After": "30"})
    with pytest.raises(BusyLater):
        channel.remind(Nudge(browser.subscription, "Ready.", "Two minutes.", 600), START)


def test_through_googles_protocol(
    app: Flask, clean_database: None, fcm_service: FcmService
) -> None:
    """A quota that is spent, an answer that is lost, and an app that was removed."""
    reminded = Reminded(app, FcmChannel(fcm_service.account))
    fcm_service.sends.answers.extend(
        [refused(429, "QUOTA_EXCEEDED", "60"), Answer(drop=True), taken()]
    )
    assert [reminded.round(minutes=61), *(reminded.round(minutes=5) for _ in range(2))] == [0, 0, 1]
    bodies = [orjson.loads(one.body)["message"] for one in fcm_service.sends.requests]
    assert {one["notification"]["title"] for one in bodies} == {"Your check-in is ready."}
    assert {one["token"] for one in bodies} == {TOKEN}
    fcm_service.sends.otherwise = refused(404, "UNREGISTERED")
    reminded.round(hours=2)
    assert rows(reminded.chart.pat, "SELECT id FROM devices") == []
    assert reminded.states() == [("sent", None), ("failed", "fcm_unregistered")]
