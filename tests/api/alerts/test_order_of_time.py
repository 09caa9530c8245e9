"""What is shown of an alert runs forward: nothing was answered after we opened it for that."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.page import views
from services.alerts.writing import AlertKey, timeline_writes
from services.clock import utcnow
from services.unit_of_work import execute_writes, transaction
from tests.builders.alerts import open_alert, read
from tests.builders.browser import Browser
from tests.builders.calls import post
from tests.builders.entries import ago, phq9
from tests.builders.stored import newest_alert, rows
from tests.builders.world import ClinicWorld


@pytest.mark.parametrize("late_s", range(0, 61, 20))
@pytest.mark.parametrize("ahead_s", [0, 40, 600])
def test_answered_is_never_shown_after_opened(
    app: Flask,
    client: FlaskClient,
    clinic: ClinicWorld,
    monkeypatch: pytest.MonkeyPatch,
    late_s: int,
    ahead_s: int,
) -> None:
    """The page once took whole minutes off the present: 13:52:40 was 13:53 at 13:53:30; and a
    phone's clock may be ahead.
    """
    staff = clinic.staff()
    alert_id = open_alert(client, clinic.patient(), 2, recorded_at=ago(seconds=-ahead_s))
    opened = datetime.fromisoformat(read(client, staff, alert_id).json["triggered_at"])
    monkeypatch.setattr(views, "now", lambda: opened + timedelta(seconds=late_s))
    browser = Browser(app, alert_id)
    browser.log_in(staff)
    # At the top, and in what is read aloud.
    (answered,) = set(re.findall(r"Answered (\d\d:\d\d) ", browser.text))
    (first,) = re.findall(r"(\d\d:\d\d) Alert opened", browser.text)
    assert answered == first
    evidence = read(client, staff, alert_id).json["evidence"]
    assert evidence["answered_at"] <= evidence["received_at"]


def test_entries_stand_by_the_time_at_which_they_were_answered(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat, staff = clinic.patient(), clinic.staff()
    for minutes in (30, 90, -10, 5):
        assert post(client, pat, phq9(2, recorded_at=ago(minutes=minutes))).status_code == 201
    alert = read(client, staff, newest_alert(pat)).json
    times = [each["at"] for each in alert["occurrences"]]
    assert len(times) == 4
    assert times == sorted(times)
    assert all(datetime.fromisoformat(at) <= utcnow() for at in times)


def test_a_machine_whose_clock_is_behind_adds_to_the_end_of_the_timeline(
    app: Flask, client: FlaskClient, clinic: ClinicWorld
) -> None:
    alert_id = open_alert(client, clinic.patient())
    key = AlertKey(clinic.id, rows(clinic.admin, "SELECT id FROM alerts")[0]["id"])
    behind, ahead = utcnow() - timedelta(seconds=9), utcnow() + timedelta(seconds=9)
    for kinds, at in ((("mailed", "note"), behind), (("resolved",), ahead), (("mailed",), behind)):
        with app.app_context(), transaction(clinic.id) as session:
            execute_writes(session, timeline_writes(key, kinds, at))
    timeline = read(client, clinic.staff(), alert_id).json["timeline"]
    assert [each["kind"] for each in timeline][-4:] == ["mailed", "note", "resolved", "mailed"]
    times = [datetime.fromisoformat(each["at"]) for each in timeline]
    assert times == sorted(times)
    assert times[-2] == ahead.astimezone(UTC)
