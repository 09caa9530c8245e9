"""Four times of an entry are kept, and how far each device's clock is off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from uuid import uuid4

import pytest

from tests.builders.calls import made
from tests.builders.entries import phq9
from tests.builders.stored import rows
from tests.builders.trends.chart import Chart
from tests.builders.world import ClinicWorld

MOMENT = timedelta(seconds=10)
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
    answer = made(chart.client.post("/v1/check-ins", json=form, headers=headers))
    assert datetime.fromisoformat(answer["sent_at"]) == sent_at
    chart.amend(form["id"], form["answers"])
    late = {**chart.pat.headers, "Interlude-Sent-At": (sent_at + MOMENT).isoformat()}
    again = {"id": str(uuid4()), "answers": form["answers"], "reason": "once more"}
    path = f"/v1/check-ins/{form['id']}/amend"
    made(chart.client.post(path, json=again, headers=late))
    first, amended, last = rows(chart.pat, KEPT)
    assert [one["sent_at"] for one in (first, amended, last)] == [sent_at, None, sent_at + MOMENT]
    assert first["mood_day"] == last["mood_day"]
    assert first["recorded_at"] == amended["recorded_at"]
    assert first["recorded_at"] == datetime.fromisoformat(form["recorded_at"])
    offset = datetime.fromisoformat(form["recorded_at"]).utcoffset()
    assert offset is not None
    assert first["utc_offset_s"] == amended["utc_offset_s"] == offset.total_seconds()
    assert abs(first["received_at"] - datetime.now(UTC)) < timedelta(minutes=1)
    (device,) = chart.client.get("/v1/me/sessions", headers=chart.pat.headers).json["items"]
    assert abs(device["clock_skew_s"] - skew.total_seconds()) < 60


@pytest.mark.parametrize("by", ["its own call", "sync"])
def test_the_times_of_a_call_for_help_and_of_a_corrected_report_are_kept(
    clinic: ClinicWorld, by: str
) -> None:
    chart = Chart(clinic)
    sent_at = datetime.now(UTC) - timedelta(minutes=40)
    headers = {**chart.pat.headers, "Interlude-Sent-At": sent_at.isoformat()}
    written = (sent_at - MOMENT).astimezone(timezone(timedelta(hours=-5))).isoformat()
    report = made(chart.report(("nausea", 1)))
    asked = {"id": str(uuid4()), "recorded_at": written}
    nausea = [{"code": "nausea", "grade": 2}]
    corrected = {"id": str(uuid4()), "effects": nausea, "reason": "slipped"}
    if by == "sync":
        items = [
            {"type": "help_request", **asked},
            {"type": "side_effects_amendment", "of": report["id"], **corrected},
        ]
        answer = chart.client.post("/v1/sync", json={"items": items}, headers=headers)
        assert answer.json is not None
        assert [one["status"] for one in answer.json["results"]] == [201, 201]
    else:
        made(chart.client.post("/v1/help-requests", json=asked, headers=headers))
        path = f"/v1/side-effects/{report['id']}/amend"
        made(chart.client.post(path, json=corrected, headers=headers))
    (kept,) = rows(chart.pat, "SELECT recorded_at, sent_at, utc_offset_s FROM help_requests")
    assert (kept["sent_at"], kept["utc_offset_s"]) == (sent_at, -5 * 3600)
    assert kept["recorded_at"] == sent_at - MOMENT
    sent = rows(chart.pat, "SELECT sent_at FROM side_effect_reports ORDER BY version")
    assert [one["sent_at"] for one in sent] == [None, sent_at]
    # The patient reads them too: of a report those of the version that is shown.
    changes = chart.client.get("/v1/changes", headers=chart.pat.headers).json
    assert changes is not None
    shown = {one["kind"]: one["record"] for one in changes["items"]}
    for kind in ("help_request", "side_effects"):
        record = shown[kind]
        assert datetime.fromisoformat(record["sent_at"]) == sent_at
        assert datetime.fromisoformat(record["received_at"]) > sent_at
        path = f"/v1/{kind.replace('_', '-').removesuffix('s')}s/{record['id']}"
        alone = chart.client.get(path, headers=chart.pat.headers).json
        assert alone is not None
        assert alone["sent_at"] == record["sent_at"]


def test_a_phone_that_says_no_time_of_sending_is_not_measured(clinic: ClinicWorld) -> None:
    chart = Chart(clinic)
    chart.answer()
    (device,) = chart.client.get("/v1/me/sessions", headers=chart.pat.headers).json["items"]
    assert device["clock_skew_s"] is None
    (listed,) = chart.client.get("/v1/check-ins", headers=chart.pat.headers).json["items"]
    assert listed["sent_at"] is None
    admin = chart.client.get("/v1/me/sessions", headers=clinic.admin.headers).json["items"]
    assert admin[0]["clock_skew_s"] is None
