"""A patient's page: the gravest first, the trend as the API has it, and who sees what."""

from __future__ import annotations

import html
import re
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask

from services.reports.drawing.words import number_words
from tests.builders.entries import cssrs
from tests.builders.pages.console import Console, console_of
from tests.builders.trends.chart import Chart
from tests.builders.ward import Ward
from tests.builders.world import Person

ROW = re.compile(
    r'<tr data-x="([\d.]+)"(?: data-y="([\d.]+)")?><th scope="row">([^<]+)</th>(.*?)</tr>'
)
CELL = re.compile(r"<td[^>]*>(.*?)</td>")


@pytest.fixture
def chart(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Chart:
    who = {"name": "Ada Quagga", "mrn": "Q-17", "born_on": date(1984, 3, 9)}
    return Ward(app, monkeypatch, **who)


def page_of(chart: Chart, query: str = "", person: Person | None = None) -> Console:
    """Their page, as the clinician or somebody else reads it."""
    console = console_of(chart.client.application, person or chart.staff)
    console.open(f"/patients/{chart.pat.patient_id}{query}")
    return console


def table(console: Console) -> dict[str, list[str]]:
    """The rows under the chart by day: value, then the other cells."""
    return {day: CELL.findall(cells) for _, _, day, cells in ROW.findall(console.page)}


def treated(chart: Chart) -> str:
    """A week of answers, a session, and three days more; the id of the session."""
    for total in (17, 16, 18, 16, 17, 17):
        chart.answer("phq9-daily", total)
        chart.later(days=1)
    began = chart.now
    course = chart.course(started_on=began.date().isoformat())
    session = chart.session(course, began, dose={"value": 35, "unit": "mg"})["id"]
    chart.vitals(session, "pre", systolic=152, diastolic=91)
    for days, total in ((1, 9), (2, 6)):
        chart.at(began + timedelta(days=days, hours=2))
        chart.answer("phq9-daily", total)
    chart.at(began + timedelta(days=3))
    return str(session)


def test_the_figures_are_those_of_the_api(chart: Chart) -> None:
    treated(chart)
    console = page_of(chart, "?instrument=phq9-daily&range=all")
    report = chart.trend("instrument=phq9-daily")
    shown = {day: cells[0] for day, cells in table(console).items()}
    for row in report["series"]:
        on = date.fromisoformat(row["mood_day"])
        assert shown[f"{on:%a} {on.day} {on:%b %Y}"] == number_words(row["value"])
    current, best = report["current"]["value"], report["sessions"][0]["nadir"]
    assert f"Now {number_words(current)} points on" in console.text
    assert f"best {number_words(best)} on day 2" in console.text
    assert report["content_hash"][:12] in console.text
    assert "lowest of 8 days" in console.text


def test_the_table_says_what_stands_beside_each_value(chart: Chart) -> None:
    treated(chart)
    chart.report(("nausea", 2))
    rows = list(table(page_of(chart, "?instrument=phq9-daily")).values())
    beside = " / ".join(" ".join(cells) for cells in rows)
    assert "day 2 after no. 1 50 h" in beside
    assert "no. 1, ketamine iv 35 mg" in beside
    assert "152/91 before" in beside
    assert "(grade 2)" in beside


def test_the_gravest_stands_first(chart: Chart) -> None:
    session = treated(chart)
    answers = chart.form("phq9-daily", 3)["answers"] | {"q9": 2}
    chart.answer("phq9-daily", answers=answers)
    console = page_of(chart)
    facts = re.findall(r'<div class="fact (\w+)"><dt>(.*?)</dt><dd>(.*?)</dd>', console.page)
    assert [tone for tone, _, _ in facts][:2] == ["critical", "high"]
    assert "Critical alert: Suicide risk" in facts[0][1]
    assert "Nobody has taken it." in facts[0][2]
    by_title = {html.unescape(re.sub("<.*?>", "", title)): words for _, title, words in facts}
    assert by_title["Last session"].startswith("72 h ago (day 3")
    assert "ketamine IV 35 mg" in by_title["Last session"]
    assert "item 9 positive in the last 14 days, last answer 2" in by_title["In the caseload"]
    assert "C-SSRS (after a positive item 9)" in by_title["Due now"]
    assert f"/patients/{chart.pat.patient_id}/sessions/{session}" in console.page
    # Also before the buttons: what is entered can wait for it.
    enter = console.text.index("Check-in for them")
    assert console.text.index("Critical alert") < enter < console.text.index("In the caseload")


def resolve(chart: Chart, **more: Any) -> None:
    alert_id = chart.get(f"/v1/alerts?patient_id={chart.pat.patient_id}")["items"][0]["id"]
    chart.post(f"/v1/alerts/{alert_id}/acknowledge", {})
    if more:
        assert chart.post(f"/v1/alerts/{alert_id}/resolve", more).status_code == 200


def test_alerts_with_who_answered_them_and_the_plan(chart: Chart) -> None:
    answers = chart.form("phq9", 3)["answers"]
    chart.answer("phq9", answers=answers | {"q9": 1})
    resolve(chart)
    assert "Sam Quagga took it at" in page_of(chart).text
    chart.later(hours=1)
    chart.post("/v1/check-ins", cssrs(recorded_at=chart.now.isoformat()), chart.pat)
    until = (chart.now + timedelta(days=7)).isoformat()
    plan = {"until": until, "reason": "stable quagga"}
    resolve(chart, disposition="safe_plan_made", standing_plan=plan)
    text = page_of(chart).text
    assert "Standing plan until" in text
    assert "Set by Sam Quagga" in text
    assert "stable quagga" in text
    assert "Resolved by Sam Quagga" in text
    assert "Safety plan made with the patient." in text


def test_an_admin_sees_who_is_there_and_nothing_clinical(chart: Chart) -> None:
    treated(chart)
    text = page_of(chart, person=chart.clinic.admin).text
    assert "Ada Quagga" in text
    assert "Q-17" in text
    assert "shown to those who treat this patient" in text
    for clinical in ("PHQ-9", "Session", "Alert", "ketamine", "caseload"):
        assert clinical.lower() not in text.replace("Alerts", "").lower(), clinical


def test_on_call_staff_see_a_patient_with_an_alert_alone(chart: Chart) -> None:
    nurse = chart.clinic.staff("on_call")
    path = f"/patients/{chart.pat.patient_id}"
    console = console_of(chart.client.application, nurse)
    assert console.open(path).status_code == 404
    chart.answer("phq9", answers=chart.form("phq9", 3)["answers"] | {"q9": 2})
    assert console.open(path).status_code == 200
    assert "Critical alert" in console.text


def test_nothing_answered_and_nothing_that_there_is(chart: Chart) -> None:
    console = page_of(chart)
    assert "Nothing was answered in these days." in console.text
    path = f"/patients/{chart.pat.patient_id}"
    for query in ("?instrument=nothing", "?range=7"):
        assert console.open(f"{path}{query}").status_code == 422
    assert console.open(f"{path}/trend.exe").status_code == 404


def test_a_long_past_alone_is_shown_whole(chart: Chart) -> None:
    chart.answer("phq9", 14)
    chart.later(days=200)
    console = page_of(chart)
    assert [cells[0] for cells in table(console).values()] == ["14"]
    assert 'range=all#trend" aria-current="true"' in console.page


@pytest.mark.parametrize(
    ("suffix", "kind"), [("pdf", "application/pdf"), ("png", "image/png"), ("csv", "text/csv")]
)
def test_the_trend_as_a_file(chart: Chart, suffix: str, kind: str) -> None:
    chart.answer("phq9", 14)
    console = page_of(chart)
    answer = console.open(f"/patients/{chart.pat.patient_id}/trend.{suffix}?range=30")
    assert (answer.status_code, answer.mimetype) == (200, kind)


NAMES = {
    "script": "Ada <script>alert(1)</script>&\"'",
    "Arabic": "نور القحطاني",
    "long": "Ł" * 200,
    "Devanagari": "अदिति",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_names_of_every_kind_are_shown_and_break_nothing(
    app: Flask, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    console = page_of(Ward(app, monkeypatch, name=name))
    assert f"<bdi>{html.escape(name, quote=False)}" in console.page.replace("&#34;", '"').replace(
        "&#39;", "'"
    )
    assert "<script>alert" not in console.page
