"""The report of a treated patient through HTTP: sessions entered late, corrected, taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.rules.numbers import Versions
from services.rules.trend.numbers import REPORTS, ReportNumbers
from tests.builders.calls import made, post
from tests.builders.entries import ago, phq9
from tests.builders.rules.changed_numbers import with_every_part_changed
from tests.builders.trends.chart import Chart
from tests.builders.world import ClinicWorld

Report = dict[str, Any]


def before(days: float) -> str:
    return (datetime.now(UTC).replace(hour=12) - timedelta(days=days)).isoformat()


class Treated(Chart):
    """A patient with a month of two-week forms and a clinician who enters what was done."""

    def __init__(self, clinic: ClinicWorld) -> None:
        super().__init__(clinic, timezone="Etc/UTC")
        for days, others in ((30, 2), (22, 1), (21, 1), (15, 1), (8, 0)):
            form = phq9(others=others, recorded_at=before(days), timezone="Etc/UTC")
            made(self.post("/v1/check-ins", form, self.pat))

    def session_before(self, days: float, course: str | None = None) -> str:
        """The id of a session at noon, so many days ago."""
        began = datetime.fromisoformat(before(days))
        of = course or self.course(started_on=before(40)[:10])
        return str(self.session(of, began, dose={"value": 35, "unit": "mg"})["id"])

    def difference(self, query: str) -> Report:
        """What differs between two cuts."""
        return self.get(f"{self.path}/trend/difference?{query}")


@pytest.fixture
def treated(clinic: ClinicWorld) -> Treated:
    return Treated(clinic)


def without_time(report: Report) -> Report:
    return {name: value for name, value in report.items() if name != "generated_at"}


def test_a_session_entered_late_recomputes_the_report(treated: Treated) -> None:
    assert treated.trend()["baseline"]["status"] == "provisional"

    session = treated.session_before(25)

    shown = treated.trend()
    assert shown["baseline"] == {"value": 16, "on": before(30)[:10], "status": "established"}
    (figures,) = shown["sessions"]
    assert (figures["id"], figures["pre"], figures["nadir"], figures["effect"]) == (
        session,
        None,
        8,
        None,
    )
    assert (figures["dose"], figures["route"]) == ({"value": 35, "unit": "mg"}, "iv")
    assert (figures["duration_days"], figures["duration_status"]) == (None, "unknown")
    assert shown["onset"] == {"on": before(22)[:10], "days": 3, "hours": None}
    assert (shown["course"]["sessions"], shown["course"]["response_status"]) == (1, "censored")


def test_a_session_moved_and_taken_back_moves_every_window(treated: Treated) -> None:
    session = treated.session_before(25)
    first = treated.trend()
    treated.change(session, started_at=before(28))
    assert treated.trend()["sessions"][0]["pre"] == 16
    treated.change(session, cancelled=True)

    assert treated.trend()["sessions"] == []
    assert treated.trend()["baseline"]["status"] == "provisional"
    again = treated.trend(f"cut={first['data_cut']['revision']}")
    assert without_time(again) == without_time(first)


def test_rows_carry_the_session_of_their_day(treated: Treated) -> None:
    session = treated.session_before(15)

    marked = [row["mood_day"] for row in treated.trend()["series"] if "session_id" in row]

    assert marked == [before(15)[:10]]
    assert treated.trend()["series"][-2]["session_id"] == session


def test_side_effects_are_listed_by_session(treated: Treated) -> None:
    session = treated.session_before(15)
    body = {
        "id": str(uuid4()),
        "recorded_at": before(14.8),
        "effects": [{"code": "nausea", "grade": 2, "ended_at": before(14.9)}],
    }
    assert post(treated.client, treated.pat, body, "/v1/side-effects").status_code == 201

    (burden,) = treated.trend()["side_effects"]
    assert (burden["session_id"], burden["count"], burden["max_grade"]) == (session, 1, 2)
    assert burden["resolved_within_24h"] == {"resolved": 1, "known": 1, "percent": 100}


def test_the_difference_of_two_cuts_names_the_entries(treated: Treated) -> None:
    first = treated.trend()["data_cut"]["revision"]
    course = treated.course(started_on=before(40)[:10])
    session = treated.session_before(25, course)
    form = phq9(others=1, recorded_at=before(1), timezone="Etc/UTC")
    assert post(treated.client, treated.pat, form).status_code == 201

    found = treated.difference(f"from_cut={first}")

    assert [(one["kind"], one["id"], one["change"]) for one in found["entries"]] == [
        ("course", course, "added"),
        ("session", session, "added"),
        ("check_in", form["id"], "added"),
    ]
    changed = {one["path"]: (one["before"], one["after"]) for one in found["fields"]}
    assert changed["baseline.status"] == ("provisional", "established")
    assert changed["current.value"] == (0, 8)
    assert changed[f"series[{before(1)[:10]}].value"] == (None, 8)
    assert found["before"]["revision"] == first
    assert found["after"] == treated.trend()["data_cut"]


def test_what_was_amended_voided_or_taken_back_is_named(treated: Treated) -> None:
    session = treated.session_before(25)
    forms = [phq9(recorded_at=before(days), timezone="Etc/UTC") for days in (3, 2)]
    for form in forms:
        post(treated.client, treated.pat, form)
    first = treated.trend()["data_cut"]["revision"]
    for form, answers in zip(forms, ({"q1": 3}, {}), strict=True):
        body = {"id": str(uuid4()), "answers": answers, "reason": "wrong day"}
        post(treated.client, treated.pat, body, f"/v1/check-ins/{form['id']}/amend")
    treated.change(session, cancelled=True)

    found = treated.difference(f"from_cut={first}")["entries"]

    assert {(one["id"], one["change"], one["version"]) for one in found} == {
        (forms[0]["id"], "changed", 2),
        (forms[1]["id"], "removed", 2),
        (session, "removed", 2),
    }


def test_a_form_without_an_answer_is_named_for_the_day_that_it_made(treated: Treated) -> None:
    first = treated.trend()["data_cut"]["revision"]
    form = phq9(answers={}, recorded_at=before(3), timezone="Etc/UTC")
    post(treated.client, treated.pat, form)

    found = treated.difference(f"from_cut={first}")

    days = {change["path"] for change in found["fields"] if change["path"].startswith("series")}
    assert f"series[{before(3)[:10]}].entries" in days
    named = [(one["kind"], one["change"]) for one in found["entries"] if one["id"] == form["id"]]
    assert named == [("check_in", "added")]


def test_pauses_zones_and_alerts_are_named_too(treated: Treated) -> None:
    first = treated.trend()["data_cut"]["revision"]
    until = (datetime.now(UTC) + timedelta(days=7)).date().isoformat()
    paused = {"status": "paused", "reason": "travels", "until_on": until}
    for body in (paused, {"status": "active"}, {"timezone": "Pacific/Auckland"}):
        answer = treated.client.patch(treated.path, json=body, headers=treated.staff.headers)
        assert answer.status_code == 200
    post(treated.client, treated.pat, phq9(item9=3))
    report = {
        "id": str(uuid4()),
        "recorded_at": ago(minutes=5),
        "effects": [{"code": "nausea", "grade": 1}],
    }
    post(treated.client, treated.pat, report, "/v1/side-effects")

    found = treated.difference(f"from_cut={first}")["entries"]

    assert {(one["kind"], one["version"]) for one in found} == {
        ("pause", 2),
        ("time_zone", 2),
        ("alert", 1),
        ("check_in", 1),
        ("side_effects", 1),
    }


def test_the_same_cut_twice_does_not_differ(treated: Treated) -> None:
    newest = treated.trend()["data_cut"]["revision"]

    found = treated.difference(f"from_cut={newest}&to_cut={newest}&instrument=phq9-daily")

    assert (found["fields"], found["entries"]) == ([], [])


@pytest.mark.parametrize(
    ("query", "path"),
    [("", "from_cut"), ("from_cut=99", "from_cut"), ("from_cut=0&to_cut=99", "to_cut")],
)
def test_a_cut_that_does_not_exist_is_422(treated: Treated, query: str, path: str) -> None:
    answer = treated.client.get(
        f"{treated.path}/trend/difference?{query}", headers=treated.staff.headers
    )
    assert answer.status_code == 422
    assert answer.json is not None
    assert list(answer.json["errors"]) == [path]


@pytest.fixture
def new_numbers(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """A second version of the numbers, in force from now on: every part counts otherwise."""
    switch = datetime.now(UTC)
    newer = replace(with_every_part_changed(), version="next", in_force_from=switch)
    versions = Versions(ReportNumbers, "trend", (REPORTS.at(switch), newer))
    monkeypatch.setattr("services.reports.trend.report.REPORTS", versions)
    return switch


def test_an_earlier_cut_keeps_the_numbers_of_its_time(treated: Treated, request: Any) -> None:
    treated.session_before(25)
    first = treated.trend()
    request.getfixturevalue("new_numbers")
    form = phq9(others=0, recorded_at=before(0.5), timezone="Etc/UTC") | {"answers": {"q9": 0}}
    form["answers"] |= {f"q{item}": int(item == 1) for item in range(1, 9)}
    assert post(treated.client, treated.pat, form).status_code == 201

    newest, again = treated.trend(), treated.trend(f"cut={first['data_cut']['revision']}")

    assert (newest["rules_version"], newest["status"]) == ("next", "partial_response")
    assert without_time(again) == without_time(first)
    assert again["status"] == "remission"
