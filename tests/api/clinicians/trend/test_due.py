"""What was due, in the trend and on the phone's list: the same days and the same forms in both."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from tests.builders.calls import made
from tests.builders.trends.chart import Chart
from tests.builders.world import World

ACCEPTED = datetime(2026, 3, 2, 12, tzinfo=UTC)


def on(day: int) -> datetime:
    """Noon of a day: 0 is the acceptance, 1 the first on which something is due."""
    return ACCEPTED + timedelta(days=day)


def a_chart(app: Flask, **patient: Any) -> Chart:
    clinic = World(app, ACCEPTED).clinic(timezone="UTC")
    return Chart(clinic, clinic.patient(**patient), now=ACCEPTED, timezone="UTC")


@pytest.fixture
def chart(app: Flask, clean_database: None) -> Chart:
    return a_chart(app)


def change(chart: Chart, day: int, **fields: Any) -> None:
    chart.at(on(day))
    made(chart.patch(chart.path, fields, chart.clinic.admin), 200)


def adherence(chart: Chart, instrument: str) -> tuple[int, int]:
    found = chart.trend(f"instrument={instrument}")["adherence"]
    return found["due"], found["answered"]


def due_days(chart: Chart) -> set[int]:
    """The days of the daily form on the phone's list, up to today."""
    items = chart.get("/v1/me/due", chart.pat)["items"]
    days = [date.fromisoformat(item["mood_day"]) for item in items if item["mood_day"]]
    return {(day - ACCEPTED.date()).days for day in days if day <= chart.now.date()}


def answer(chart: Chart, day: int, instrument: str = "phq9-daily", total: int = 6) -> None:
    chart.at(on(day))
    chart.answer(instrument, total)


def test_days_of_a_discharge_that_was_taken_back_are_not_due(chart: Chart) -> None:
    answer(chart, 2)
    change(chart, 4, status="discharged")
    change(chart, 9, status="active")
    answer(chart, 11)

    # Days 1 to 3 and 9 to 11.
    assert adherence(chart, "phq9-daily") == (6, 2)
    # The list goes back three days, and a day may be stated two days later.
    assert due_days(chart) == {9, 10, 11}


def test_a_cut_before_the_return_knows_nothing_of_it(chart: Chart) -> None:
    answer(chart, 2)
    change(chart, 4, status="discharged")
    discharged = chart.trend("instrument=phq9-daily")
    change(chart, 9, status="active")
    answer(chart, 11)
    revision = discharged["data_cut"]["revision"]

    again = chart.trend(f"instrument=phq9-daily&cut={revision}")
    found = chart.get(f"{chart.path}/trend/difference?instrument=phq9-daily&from_cut={revision}")[
        "entries"
    ]

    assert again["content_hash"] == discharged["content_hash"]
    assert [(one["kind"], one["version"]) for one in found] == [("discharge", 2), ("check_in", 1)]


def test_a_pause_may_end_in_a_discharge(chart: Chart) -> None:
    change(chart, 3, status="paused", reason="travels", until_on=str(on(20).date()))
    change(chart, 6, status="discharged")
    change(chart, 8, status="active")
    answer(chart, 8)

    assert adherence(chart, "phq9-daily") == (3, 1)  # days 1, 2 and 8


@pytest.mark.parametrize(
    ("instrument", "indication", "total"),
    [("gad7", "generalized anxiety", 9), ("pcl5", "PTSD", 20), ("asrm", "bipolar", 3)],
)
def test_a_form_that_an_indication_asks_for_is_due_in_both(
    app: Flask, clean_database: None, instrument: str, indication: str, total: int
) -> None:
    chart = a_chart(app, indications=[indication])
    answer(chart, 3, instrument, total)
    answer(chart, 40)  # the cut

    due, answered = adherence(chart, instrument)

    asked = {item["instrument"] for item in chart.get("/v1/me/due", chart.pat)["items"]}
    assert instrument in asked
    assert due > 1
    assert answered == 1


def test_what_was_due_at_a_cut_stays_after_the_indications_changed(
    app: Flask, clean_database: None
) -> None:
    chart = a_chart(app, indications=["PTSD"])
    answer(chart, 5, "pcl5", 20)
    before = chart.trend("instrument=pcl5")
    revision = before["data_cut"]["revision"]
    made(chart.patch(chart.path, {"indications": ["depression"]}), 200)

    newest = chart.trend("instrument=pcl5")
    again = chart.trend(f"instrument=pcl5&cut={revision}")
    found = chart.get(f"{chart.path}/trend/difference?instrument=pcl5&from_cut={revision}")

    assert newest["adherence"] == {"due": 0, "answered": 0}
    assert before["adherence"]["answered"] == 1
    assert again["content_hash"] == before["content_hash"]
    assert [(one["kind"], one["version"]) for one in found["entries"]] == [("indications", 2)]
    assert {one["path"] for one in found["fields"]} == {"adherence.due", "adherence.answered"}


def test_nothing_is_due_of_a_form_that_no_indication_asks_for(chart: Chart) -> None:
    answer(chart, 5, "gad7", 9)

    assert adherence(chart, "gad7") == (0, 0)
