"""Four times of an entry are kept, and how far each device's clock is off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.builders.calls import made
from tests.builders.entries import phq9
from tests.builders.stored import rows
from tests.builders.trends.chart import Chart
from tests.builders.world import ClinicWorld

KEPT = (
    "SELECT mood_day, recorded_at, sent_at, received_at, timezone, utc_offset_s FROM check_ins"
    " ORDER BY version"
)


@pytest.mark.parametrize("skew", [timedelta(), timedelta(minutes=40), timedelta(days=-20_000)])
def test_each_time_is_kept_as_it_was(clinic: ClinicWorld, skew: timedelta) -> None:
    """Of a phone that is right, one that is 40 minutes slow, and one set to the year 2081."""
    chart = Chart(clinic)
    sent_at = datetime.now(UTC) - skew
    written = (sent_at - timedelta(minutes=2)).astimezone().isoformat()
    headers = {**chart.pat.headers, "Interlude-Sent-At": sent_at.isoformat()}
    form = phq9(recorded_at=written.replace("+00:00", "+05:30"), timezone="Asia/Kolkata")
    made(chart.client.post("/v1/check-ins", json=form, headers=headers))
    chart.amend(form["id"], form["answers"])
    first, amended = rows(chart.pat, KEPT)
    assert (first["sent_at"], amended["sent_at"]) == (sent_at, None)
    assert first["recorded_at"] == amended["recorded_at"]
    assert first["recorded_at"] == datetime.fromisoformat(form["recorded_at"])
    offset = datetime.fromisoformat(form["recorded_at"]).utcoffset()
    assert offset is not None
    assert first["utc_offset_s"] == amended["utc_offset_s"] == offset.total_seconds()
    assert abs(first["received_at"] - datetime.now(UTC)) < timedelta(minutes=1)
    (device,) = chart.client.get("/v1/me/sessions", headers=chart.pat.headers).json["items"]
    assert abs(device["clock_skew_s"] - skew.total_seconds()) < 60


def test_a_phone_that_says_no_time_of_sending_is_not_measured(clinic: ClinicWorld) -> None:
    chart = Chart(clinic)
    chart.answer()
    (device,) = chart.client.get("/v1/me/sessions", headers=chart.pat.headers).json["items"]
    assert device["clock_skew_s"] is None
    admin = chart.client.get("/v1/me/sessions", headers=clinic.admin.headers).json["items"]
    assert admin[0]["clock_skew_s"] is None
