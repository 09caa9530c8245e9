"""Alerts of the rules beside the S rules: how loud each is, what is added, what is recalled."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.alerts.alert_history import load_alert_history
from services.alerts.chain import ChainOf
from services.alerts.monitors.follow_up import missed_follow_ups, report_missed_follow_ups
from services.alerts.raising import AlertWrites, raise_alerts
from services.patients.status.lock import lock_patient
from services.rules.danger.triage import EntryFacts
from services.rules.decision import Decision, RuleId, Tier
from services.rules.escalation import lifecycle
from services.rules.side_effects.coded_list import SIDE_EFFECTS
from services.unit_of_work import execute_writes, transaction
from tests.builders.calls import made
from tests.builders.scene import Scene
from tests.builders.stored import alerts, rows
from tests.builders.workers import FIRST, SECOND
from tests.builders.world import Person
from tests.fixtures.mail import MailServer

MONDAY = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)  # 08:00 in Paris
OF_SUICIDE_RISK = "SELECT id FROM alerts WHERE family = 'suicide_risk'"
GATE = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow)
EMERGENCIES = sorted(SIDE_EFFECTS.emergency_codes)


@pytest.fixture
def pat(scene: Scene) -> Person:
    return scene.clinic.patient()


def report(scene: Scene, pat: Person, **grades: int) -> UUID:
    """Side effects by code and grade, reported now; the id of the report."""
    return UUID(made(scene.chart(pat).report(*grades.items()))["id"])


def recipients(server: MailServer) -> list[str]:
    return [str(mail["X-Received-For"]) for mail in server.inbox]


def of_family(pat: Person, family: str) -> list[Any]:
    return [alert for alert in alerts(pat) if alert["family"] == family]


def fired(
    rule: RuleId, tier: Tier | None, about: UUID | None = None, *, fires: bool = True
) -> Decision:
    return Decision(rule, "test-1", fires, fires, tier, {}, str(about) if about else None)


def raise_all(scene: Scene, pat: Person, *decisions: Decision) -> AlertWrites:
    """What the intake and the treatment services do with what the rules decided."""
    facts = EntryFacts("session", scene.now, scene.now)
    with scene.app.app_context(), transaction(scene.clinic.id) as session:
        patient = lock_patient(session, pat.patient_id)
        chain = ChainOf(session, scene.clinic.id, scene.now, pat.patient_id)
        made = raise_alerts(session, patient, facts, decisions, uuid4(), chain, scene.now)
        execute_writes(session, made.writes)
    return made


@settings(max_examples=8, suppress_health_check=GATE)
@given(
    grades=st.dictionaries(
        st.sampled_from(sorted(SIDE_EFFECTS.effects)), st.integers(1, 4), min_size=1, max_size=4
    )
)
def test_a_report_pages_as_critical_at_once_exactly_when_it_is_an_emergency(
    scene: Scene, smtp_server: MailServer, grades: dict[str, int]
):
    pat = scene.clinic.patient()
    smtp_server.inbox.clear()
    report(scene, pat, **grades)
    emergency = any(code in EMERGENCIES or grade == 4 for code, grade in grades.items())
    opened = of_family(pat, "e1")
    assert [alert["severity"] for alert in opened] == (["critical"] if emergency else [])
    scene.work()
    paged = {mail["X-Interlude-Alert"] for mail in smtp_server.inbox}
    assert {str(alert["id"]) for alert in opened} <= paged
    assert all(mail["Subject"].isascii() for mail in smtp_server.inbox)


def test_an_emergency_reaches_the_first_contact_in_the_same_minute_and_says_nothing_of_it(
    scene: Scene, smtp_server: MailServer
):
    pat = scene.clinic.patient("Ada Quagga")
    report(scene, pat, chest_pain=2)
    (alert,) = of_family(pat, "e1")
    assert scene.events(alert["id"]) == ["triggered", "page_queued"]
    scene.work()
    assert recipients(smtp_server) == [FIRST]
    (mail,) = smtp_server.inbox
    assert mail["X-Interlude-Alert"] == str(alert["id"])
    assert "critical" in mail["Subject"].lower()
    for secret in ("quagga", "chest", "pain", "effect", "symptom"):
        assert secret not in mail.as_string().lower(), secret


def test_a_second_emergency_pages_again_as_a_second_danger_does(
    scene: Scene, smtp_server: MailServer, pat: Person
):
    other = scene.clinic.patient()

    def both() -> None:
        report(scene, pat, chest_pain=2)
        scene.answer(other)
        scene.work()

    both()
    scene.later(minutes=10)
    scene.work()
    assert recipients(smtp_server) == [FIRST, FIRST, SECOND, SECOND]
    scene.later(minutes=2)
    both()
    again = recipients(smtp_server)[4:]
    assert sorted(again) == [FIRST, FIRST, SECOND, SECOND], "everybody whom it had reached"
    (emergency,), (danger,) = of_family(pat, "e1"), rows(pat, OF_SUICIDE_RISK)
    assert emergency["occurrence_count"] == 2, "the open alert holds both"
    pages = [(1, 1), (1, 2), (2, 1), (2, 2)]
    for alert_id in (emergency["id"], danger["id"]):
        made = [page for page in scene.notifications() if page.alert_id == alert_id]
        assert sorted((page.page_round, page.page_step) for page in made) == pages


def test_an_acknowledged_emergency_gathers_the_next_one_without_a_page(
    scene: Scene, smtp_server: MailServer, pat: Person
):
    report(scene, pat, chest_pain=2)
    scene.work()
    (alert,) = of_family(pat, "e1")
    scene.change(alert["id"], lifecycle.acknowledged, scene.clinic.admin.user_id)
    scene.later(minutes=5)
    report(scene, pat, seizure=2)
    scene.work()
    assert recipients(smtp_server) == [FIRST]
    assert scene.events(alert["id"])[-1] == "occurrence_added"
    assert scene.alert(alert["id"]).status == "acknowledged"


def test_a_crisis_pressure_at_a_session_pages_and_names_its_session(
    scene: Scene, smtp_server: MailServer, pat: Person
):
    began = scene.now - timedelta(hours=1)
    chart = scene.chart(pat, began)
    session = chart.infusion(chart.course(), began)
    for _ in range(2):
        scene.later(minutes=2)
        chart.at(scene.now)
        chart.vitals(str(session), "post", systolic=192, diastolic=80)
    (alert,) = of_family(pat, "e2")
    assert alert["severity"] == "high"
    (kept,) = scene.occurrences(alert["id"])
    assert (kept.about_id, kept.source) == (session, "vitals")
    scene.work()
    assert set(recipients(smtp_server)) == {FIRST, chart.staff.email}


def test_every_rule_has_an_alert_of_its_own_and_only_what_fired_counts(scene: Scene, pat: Person):
    sessions = sorted((uuid4(), uuid4()))
    made = raise_all(
        scene,
        pat,
        fired("M5", Tier.MEDIUM, sessions[0]),
        fired("M5", Tier.MEDIUM, sessions[1]),
        fired("E6", Tier.LOW),
        fired("M4", None, fires=False),
    )
    assert not made.pages
    found = {alert["family"]: alert["occurrence_count"] for alert in alerts(pat)}
    assert found == {"m5": 2, "e6": 1}
    (m5,) = of_family(pat, "m5")
    assert sorted(each.about_id for each in scene.occurrences(m5["id"])) == sessions
    assert raise_all(scene, pat, fired("E5", Tier.HIGH)).pages
    assert raise_all(scene, pat).writes == []


@pytest.mark.parametrize(
    ("tier", "pages", "next_at"),
    [
        (Tier.CRITICAL, True, True),
        (Tier.HIGH, True, True),
        (Tier.MEDIUM, False, True),
        (Tier.LOW, False, False),
    ],
)
def test_critical_and_high_page_medium_waits_for_the_morning_low_for_nobody(
    scene: Scene, pat: Person, tier: Tier, pages: bool, next_at: bool
):
    assert raise_all(scene, pat, fired("E6", tier)).pages == pages
    (alert,) = alerts(pat)
    assert (scene.alert(alert["id"]).next_at is not None) == next_at


def test_the_medium_alerts_of_a_weekend_are_one_mail_and_low_ones_are_none(
    scene: Scene, smtp_server: MailServer, pat: Person
):
    other = scene.clinic.patient()
    raise_all(scene, pat, fired("M3", Tier.MEDIUM), fired("M5", Tier.MEDIUM), fired("E6", Tier.LOW))
    scene.later(days=1)
    raise_all(
        scene, other, fired("A1", Tier.MEDIUM), fired("U1", Tier.MEDIUM), fired("M4", Tier.MEDIUM)
    )
    began = scene.now - timedelta(days=3)
    chart = scene.chart(other, began)
    chart.infusion(chart.course(), began)
    scene.now = MONDAY
    with scene.worker_app.app_context():
        assert (
            sum(report_missed_follow_ups(each, scene.now) for each in missed_follow_ups(scene.now))
            == 1
        )
    scene.work()
    (mail,) = smtp_server.inbox
    medium = {
        str(alert["id"])
        for alert in [*alerts(pat), *alerts(other)]
        if alert["severity"] == "medium"
    }
    assert set(mail.get_all("X-Interlude-Alert")) == medium
    assert mail["Subject"] == "[Interlude] 5 medium alerts to look at, North Clinic"
    low = [alert for alert in [*alerts(pat), *alerts(other)] if alert["severity"] == "low"]
    assert {alert["family"] for alert in low} == {"e6", "n2"}
    assert all(scene.events(alert["id"]) == ["triggered"] for alert in low)


def test_alert_history_is_dated_by_the_day_that_the_entry_is_about(scene: Scene, pat: Person):
    course = uuid4()
    form = UUID(scene.chart(pat).answer("phq9-daily", 1)["id"])
    reported = report(scene, pat, nausea=1)
    for entry_id, decision in (
        (form, fired("A1", Tier.MEDIUM)),
        (reported, fired("U1", Tier.MEDIUM)),
        (uuid4(), fired("M4", Tier.MEDIUM, course)),
    ):
        facts = EntryFacts("session", scene.now - timedelta(days=9), scene.now)
        with scene.app.app_context(), transaction(scene.clinic.id) as session:
            patient = lock_patient(session, pat.patient_id)
            chain = ChainOf(session, scene.clinic.id, scene.now, pat.patient_id)
            made = raise_alerts(session, patient, facts, [decision], entry_id, chain, scene.now)
            execute_writes(session, made.writes)
    raise_all(scene, pat, fired("E5", Tier.HIGH))
    today = date(2026, 11, 20)
    with scene.app.app_context(), transaction(scene.clinic.id) as session:
        history = load_alert_history(session, pat.patient_id, today)
        nobody = load_alert_history(session, uuid4(), today)
    assert history.last_opened_on == {"A1": today, "U1": today, "M4": today - timedelta(days=9)}
    assert history.about == {"M4": frozenset({str(course)})}
    assert "E5" not in history.last_opened_on, "no E rule is ever suppressed"
    assert (nobody.last_opened_on, nobody.about) == ({}, {})
