"""What a treated patient is measured against, over HTTP: nothing older than the treatment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.builders.trends.chart import Chart
from tests.builders.world import ClinicWorld

DAYS_SINCE_SESSION = 20


def day(number: float) -> str:
    """Noon of a day, counted from that of the session."""
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0)
    return (noon - timedelta(days=DAYS_SINCE_SESSION - number)).isoformat()


@pytest.fixture
def chart(clinic: ClinicWorld) -> Chart:
    return Chart(clinic, timezone="Etc/UTC")


def answered(chart: Chart, *forms: tuple[float, int]) -> None:
    for at, total in forms:
        chart.answer("phq9", total, recorded_at=day(at))


def treat(chart: Chart, *days: float) -> None:
    course = chart.course(started_on=day(0)[:10])
    for one in days:
        chart.session(course, datetime.fromisoformat(day(one)))


def test_an_old_form_is_no_baseline_and_a_form_after_the_session_tells_no_response(
    chart: Chart,
) -> None:
    """24, 310 days before; 6; 8; then 11 after the session was called a response of 54 %."""
    answered(chart, (-310, 24), (-120, 6), (-60, 8), (3, 11))
    treat(chart, 0)

    report = chart.trend()

    on = day(3)[:10]
    assert report["rules_version"] in ("3", "4")  # whatever the date
    assert report["baseline"] == {"value": 11, "on": on, "status": "provisional"}
    assert report["improvement"] == {"points": 0, "percent": None}
    assert report["status"] == "baseline_only"
    answered(chart, (9, 5))
    report = chart.trend()
    assert report["improvement"] == {"points": 6, "percent": None}
    assert report["status"] not in ("response", "partial_response")
    chart.check_cache()


def test_nothing_around_the_session_is_no_baseline(chart: Chart) -> None:
    answered(chart, (-15, 24), (8, 11))
    treat(chart, 0)
    report = chart.trend()
    assert report["baseline"] == {"value": None, "on": None, "status": "missing"}
    assert report["status"] == "baseline_missing"


def test_m4_says_that_response_cannot_be_judged(chart: Chart) -> None:
    answered(chart, (-310, 24), (3, 11))
    treat(chart, 0, 3, 6, 9)
    assert chart.alerts() == [("m4", "medium")]
    (row,) = chart.get("/v1/patients")["items"]
    assert "cannot be judged" in row["reason"] or "nothing to compare" in row["reason"]
    assert row["non_response"] is False
    chart.check_cache()


def test_an_untreated_form_is_a_baseline_only(chart: Chart) -> None:
    """One form of 18 was "no response (18 to 18)"."""
    answered(chart, (10, 18))
    assert chart.trend()["status"] == "baseline_only"
    (row,) = chart.get("/v1/patients")["items"]
    assert "PHQ-9 18, no session yet" in row["reason"]
    answered(chart, (19, 9))
    assert chart.trend()["status"] == "baseline_only"
    chart.check_cache()


def test_a_provisional_baseline_of_the_daily_form(chart: Chart) -> None:
    treat(chart, 0)
    for at, total in ((-30, 20), (-29, 20), (-28, 20), (1, 12), (2, 9), (4, 9), (12, 3)):
        chart.answer("phq9-daily", total, recorded_at=day(at))
    report = chart.trend("instrument=phq9-daily")
    assert report["baseline"] == {"value": 10, "on": day(4)[:10], "status": "provisional"}
    assert report["improvement"] == {"points": 7, "percent": None}
    assert report["onset"] is None
    chart.check_cache()


def test_the_caseload_says_that_a_response_cannot_be_judged(chart: Chart) -> None:
    treat(chart, 0)
    answered(chart, (3, 14), (9, 8))
    assert chart.trend()["status"] == "no_response"
    (row,) = chart.get("/v1/patients")["items"]
    assert row["trend_status"] == "no_response"
    assert "response cannot be judged: no PHQ-9 from before the treatment" in row["reason"]
    assert "no response" not in row["reason"]
    assert chart.get("/v1/patients?sort=trend")["items"] == [row]
    chart.check_cache()
