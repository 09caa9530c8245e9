"""The zone of a session over HTTP: the clinic's unless named, and kept when the patient moves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from tests.builders.calls import made, refused
from tests.builders.trends.chart import Chart, a_session
from tests.builders.ward import Ward
from tests.builders.world import ClinicWorld

ELSEWHERE = "Pacific/Kiritimati"


def days_ago(days: float) -> datetime:
    """Noon in UTC, whatever the time is now."""
    return datetime.now(UTC).replace(hour=12, minute=0, second=0) - timedelta(days=days)


def test_a_session_is_entered_in_the_clinics_zone_or_a_named_one(clinic: ClinicWorld) -> None:
    chart = Chart(clinic)
    course = chart.course()
    known = chart.session(course, days_ago(9))
    assert known["timezone"] == "Europe/Paris"
    named = chart.session(course, days_ago(6), timezone="America/Chicago")
    assert named["timezone"] == "America/Chicago"
    assert chart.change(named["id"], timezone=None)["timezone"] == "Europe/Paris"
    assert chart.change(known["id"], timezone="Asia/Kolkata")["version"] == 2
    wrong = a_session(course, days_ago(3), timezone="Mars/Base")
    refused(chart.post(f"{chart.path}/sessions", wrong), 422)


def test_a_move_of_the_patient_moves_no_session(clinic: ClinicWorld) -> None:
    chart = Chart(clinic)
    chart.session(chart.course(), days_ago(10))
    scores = {12: 20, 11: 20, 9.75: 4, 9: 4, 8: 4, 7: 4, 6: 4, 5: 18, 4: 18}
    for days, total in scores.items():
        chart.answer("phq9-daily", total, recorded_at=days_ago(days).isoformat())
    before = chart.trend("instrument=phq9-daily")["sessions"]
    assert [(one["effect"], one["duration_days"]) for one in before] == [(16, 5)]

    made(chart.patch(chart.path, {"timezone": ELSEWHERE}), 200)

    after = chart.trend("instrument=phq9-daily")
    assert (after["timezone"], after["sessions"]) == (ELSEWHERE, before)
    chart.check_cache()


def test_a_move_changes_nothing_of_what_was_due(
    app: Flask, clean_database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Accepted at 10:00 in Paris, which in Honolulu was the evening of the day before."""
    ward = Ward(app, monkeypatch)
    ward.later(days=10, hours=12)
    ward.answer("phq9-daily", 9)
    before = ward.trend("instrument=phq9-daily")["adherence"]
    assert before == {"due": 10, "answered": 1}

    for zone in ("Pacific/Honolulu", "Asia/Tokyo", "Pacific/Honolulu"):
        ward.later(days=1)
        made(ward.patch(ward.path, {"timezone": zone}), 200)

    after = ward.trend("instrument=phq9-daily")
    assert (after["timezone"], after["adherence"]) == ("Pacific/Honolulu", before)
