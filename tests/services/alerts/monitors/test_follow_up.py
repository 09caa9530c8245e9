"""Nothing heard after a session: one entry in the worklist a session, and nobody is paged."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Event
from typing import Any
from uuid import UUID

import pytest

from services.alerts.monitors import follow_up
from services.alerts.monitors.candidates import Candidate
from services.alerts.monitors.follow_up import (
    missed_follow_ups,
    report_missed_follow_ups,
)
from services.patients.status.lock import lock_patient
from services.unit_of_work import transaction
from tests.builders.calls import made
from tests.builders.scene import Scene
from tests.builders.stored import alerts, rows
from tests.builders.trends.chart import Chart
from tests.builders.world import Person
from tests.fixtures.mail import MailServer

HOUR = timedelta(hours=1)
# The scene's Friday, 10:00 in Paris. Ends 40 minutes later; driving allowed a day after that.
START = datetime.fromisoformat("2026-11-20T09:00+00:00")
OVER = START + timedelta(minutes=40)


@pytest.fixture
def pat(scene: Scene) -> Person:
    return scene.clinic.patient()


@pytest.fixture
def chart(scene: Scene, pat: Person) -> Chart:
    return scene.chart(pat, START)


@pytest.fixture
def course(chart: Chart) -> str:
    return chart.course()


@pytest.fixture
def treated(chart: Chart, course: str) -> UUID:
    """The session of a patient."""
    return chart.infusion(course, START)


def watch(scene: Scene, at: datetime) -> int:
    """How many patients a worker reports then, as the worker's own role."""
    with scene.worker_app.app_context():
        return sum(report_missed_follow_ups(each, at) for each in missed_follow_ups(at))


def windows(pat: Person) -> dict[str, Any]:
    """When each kind of window lapsed."""
    found = rows(pat, "SELECT kind, lapsed_at FROM session_follow_ups")
    return {row["kind"]: row["lapsed_at"] for row in found}


def reported(pat: Person) -> list[tuple[str, str, Any]]:
    """(tier, window, session) of everything that N2 said."""
    found = rows(
        pat, "SELECT tier, source, about_id FROM alert_occurrences WHERE rule = 'N2' ORDER BY at"
    )
    return [(row["tier"], row["source"], row["about_id"]) for row in found]


def revision(pat: Person) -> int:
    return int(rows(pat, "SELECT revision FROM patient_status")[0]["revision"])


def test_a_driving_lock_that_ends_without_contact_is_listed_once_for_its_session(
    scene: Scene, pat: Person, treated: UUID, smtp_server: MailServer
):
    before = revision(pat)
    assert watch(scene, OVER + 24 * HOUR) == 0, "the last second still counts"
    assert watch(scene, OVER + 24 * HOUR + timedelta(seconds=1)) == 1
    (alert,) = alerts(pat)
    assert (alert["family"], alert["severity"], alert["rule"]) == ("n2", "low", "N2")
    assert reported(pat) == [("low", "driving_lock", treated)]
    (kept,) = scene.occurrences(alert["id"])
    assert (kept.entry_id, kept.at, kept.revision) == (None, OVER + 24 * HOUR, before + 1)
    assert revision(pat) == before + 1
    assert watch(scene, OVER + 100 * HOUR) == 0, "the other window has nothing to add"
    assert all(windows(pat).values()), "but is looked at no more"
    assert (revision(pat), len(reported(pat))) == (before + 1, 1)
    assert scene.alert(alert["id"]).next_at is None
    scene.now = OVER + 7 * 24 * HOUR
    scene.work()
    assert (smtp_server.inbox, scene.notifications()) == ([], []), "low is neither paged nor mailed"


def test_both_windows_found_at_once_are_one_entry(scene: Scene, pat: Person, treated: UUID):
    at = OVER + 80 * HOUR
    assert watch(scene, at) == 1
    assert reported(pat) == [("low", "driving_lock", treated)]
    assert windows(pat) == {"driving_lock": at, "follow_up": at}


def test_contact_in_both_windows_lists_nobody(
    scene: Scene, chart: Chart, pat: Person, treated: UUID
):
    chart.at(OVER + 3 * HOUR)
    chart.answer("phq9-daily", 1)
    chart.at(OVER + 50 * HOUR)
    made(chart.report("nausea"))
    assert watch(scene, OVER + 80 * HOUR) == 0
    assert alerts(pat) == []
    assert windows(pat) == {"driving_lock": None, "follow_up": None}


def test_contact_on_the_first_day_only_is_listed_after_72_hours(
    scene: Scene, chart: Chart, pat: Person, treated: UUID
):
    chart.at(OVER + 3 * HOUR)
    chart.answer("phq9-daily", 1)
    assert watch(scene, OVER + 72 * HOUR) == 0
    assert watch(scene, OVER + 72 * HOUR + timedelta(seconds=1)) == 1
    assert reported(pat) == [("low", "follow_up", treated)]


def test_the_next_missed_follow_up_is_added_to_the_open_alert(
    scene: Scene, chart: Chart, course: str, pat: Person, treated: UUID
):
    assert watch(scene, OVER + 73 * HOUR) == 1
    second = chart.infusion(course, START + 96 * HOUR)
    assert watch(scene, OVER + 96 * HOUR + 25 * HOUR) == 1
    (alert,) = alerts(pat)
    assert alert["occurrence_count"] == 2
    assert [about for *_, about in reported(pat)] == [treated, second]


def test_the_windows_of_the_discharged_lapse_in_silence(scene: Scene, pat: Person, treated: UUID):
    before = revision(pat)
    rows(pat, "UPDATE patients SET status = 'discharged' RETURNING id")
    assert watch(scene, OVER + 80 * HOUR) == 0
    assert alerts(pat) == []
    assert all(windows(pat).values())
    assert revision(pat) == before
    rows(pat, "UPDATE patients SET status = 'active' RETURNING id")
    assert watch(scene, OVER + 90 * HOUR) == 0, "what has lapsed is not looked at again"
    assert set(windows(pat).values()) == {OVER + 80 * HOUR}


@pytest.mark.parametrize(("days", "found"), [(13.5, 1), (20, 0)])
def test_what_a_worker_finds_after_a_fortnight_is_history(
    scene: Scene, pat: Person, treated: UUID, days: float, found: int
):
    assert watch(scene, OVER + timedelta(days=days)) == found
    assert all(windows(pat).values())


def test_a_window_that_became_history_in_silence_does_not_silence_the_other(
    scene: Scene, pat: Person, treated: UUID
):
    at = OVER + timedelta(days=16)
    assert watch(scene, at) == 1
    assert reported(pat) == [("low", "follow_up", treated)], (
        "the driving lock is history, this is not"
    )


def test_a_cancelled_session_is_not_missed(scene: Scene, chart: Chart, pat: Person, treated: UUID):
    chart.at(OVER + HOUR)
    chart.change(str(treated), cancelled=True)
    assert watch(scene, OVER + 80 * HOUR) == 0
    assert windows(pat) == {}


def test_whoever_is_being_written_about_is_looked_at_next_time(
    scene: Scene, pat: Person, treated: UUID
):
    late = OVER + 80 * HOUR
    with scene.app.app_context(), transaction(scene.clinic.id) as session:
        lock_patient(session, pat.patient_id)
        assert watch(scene, late) == 0
    assert watch(scene, late) == 1


def test_what_came_in_between_the_look_and_the_lock_counts(
    scene: Scene, chart: Chart, pat: Person, treated: UUID
):
    seen = Candidate(scene.clinic.id, pat.patient_id)
    chart.at(OVER + 3 * HOUR)
    chart.answer("phq9-daily", 1)
    with scene.worker_app.app_context():
        assert not report_missed_follow_ups(seen, OVER + 30 * HOUR)
    assert windows(pat) == {"driving_lock": None, "follow_up": None}


def test_many_patients_are_found_batch_by_batch_the_longest_due_first(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(follow_up, "BATCH", 2)
    patients = [scene.clinic.patient() for _ in range(5)]
    for number, pat in enumerate(patients):
        chart = scene.chart(pat, START)
        chart.infusion(chart.course(), START + number * HOUR)
    late = OVER + 100 * HOUR
    with scene.worker_app.app_context():
        found = [each.patient_id for each in missed_follow_ups(late)]
    assert list(dict.fromkeys(found)) == [pat.patient_id for pat in patients]
    assert watch(scene, late) == 5
    assert watch(scene, late) == 0


def test_one_patient_who_cannot_be_reported_keeps_no_other_waiting(
    scene: Scene, pat: Person, treated: UUID
):
    other = scene.clinic.patient()
    chart = scene.chart(other, START)
    chart.infusion(chart.course(), START + HOUR)
    full = "UPDATE patient_status SET revision = 2147483647 WHERE patient_id = :id RETURNING 1"
    rows(pat, full, id=pat.patient_id)
    scene.now = OVER + 30 * HOUR
    with scene.worker_app.app_context():
        assert scene.worker.report_missed_follow_ups() == 1
    assert (alerts(pat), len(alerts(other))) == ([], 1)


def test_the_worker_monitors_by_itself_and_stops_on_signal(
    scene: Scene, pat: Person, treated: UUID
):
    scene.now = OVER + 80 * HOUR
    stopping = Event()
    stopping.set()
    with scene.worker_app.app_context():
        assert scene.worker.report_missed_follow_ups(stopping) == 0
    scene.worker.work_once()
    assert ("n2", "low") in [(alert["family"], alert["severity"]) for alert in alerts(pat)]
