"""The outcomes of a clinic over HTTP and on the command line, from stored courses and forms."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.clock import utcnow
from services.reports.cohort.outcomes import Asked, export_outcomes
from services.reports.cohort.reader import keep, outcomes_of_all
from services.reports.cohort.table import COURSE_COLUMNS
from services.unit_of_work import transaction
from tests.builders.calls import post
from tests.builders.entries import ago, phq9
from tests.builders.stored import rows
from tests.builders.trends.chart import Chart
from tests.builders.world import ClinicWorld, Person, World
from tests.fixtures.statements import statements_sent

URL = "/v1/cohort/outcomes"
SIX = (-74, -71, -68, -66, -63, -60)  # days from now; the last session was 60 days ago


def treat(
    patient: Person,
    staff: Person,
    days: tuple[int, ...] = SIX,
    product: str = "ketamine",
    route: str | None = "iv",
) -> list[str]:
    """The ids of sessions at noon on these days."""
    chart, noon = chart_of(patient, staff), datetime.now(UTC).replace(hour=12)
    course = chart.course(product=product)
    return [
        chart.session(course, noon + timedelta(days=day), product=product, route=route)["id"]
        for day in days
    ]


def chart_of(patient: Person, staff: Person) -> Chart:
    clinic = ClinicWorld(patient.app, patient.actor.clinic_id, staff)
    return Chart(clinic, patient, staff)


def answer(client: FlaskClient, patient: Person, day: int, others: int, item9: int = 0) -> str:
    """A form of eight equal items and item 9, `day` days from now."""
    sent = phq9(item9=item9, others=others, recorded_at=ago(days=-day))
    assert post(client, patient, sent).status_code == 201
    return str(sent["id"])


@pytest.fixture
def staff(clinic: ClinicWorld) -> Person:
    return clinic.staff()


@pytest.fixture
def responder(client: FlaskClient, clinic: ClinicWorld, staff: Person) -> Person:
    """From 17 with item 9 of 1 to 8 with 0."""
    pat = clinic.patient("Rosa Quagga")
    treat(pat, staff)
    answer(client, pat, -75, 2, 1)
    answer(client, pat, -40, 1)
    return pat


def outcomes(client: FlaskClient, who: Person, query: str = "") -> dict[str, Any]:
    found = client.get(f"{URL}{query}", headers=who.headers)
    assert found.status_code == 200, found.json
    return dict(found.json)


def group(document: dict[str, Any], by: str = "overall") -> dict[str, Any]:
    return next(one for one in document["groups"] if one["by"] == by)


def test_a_clinic_sees_its_counts_beside_the_published_ones(
    client: FlaskClient, clinic: ClinicWorld, staff: Person, responder: Person
) -> None:
    worse, silent, late = (clinic.patient(name) for name in ("Wim", "Sil", "Lou"))
    for pat in (worse, silent):
        treat(pat, staff)
        answer(client, pat, -75, 2)
    answer(client, worse, -30, 3, 1)
    treat(late, staff, (-10, -5))

    document = outcomes(client, staff)

    found = group(document, "phase")
    assert (found["patients"], found["courses"], found["strict"], found["n"]) == (4, 4, 3, 2)
    assert (found["missing"], found["pending"], found["small"]) == (1, 1, True)
    shares = ("response", "remission", "worsened_reliably", "item9_lower", "item9_higher")
    assert [(found[name]["count"], found[name]["n"]) for name in shares] == [
        (1, 2),
        (0, 2),
        (1, 2),
        (1, 1),
        (1, 2),
    ]
    assert document["published"]["response"] == 53.6
    assert "not a patient's expected chance" in document["caution"]
    assert "Quagga" not in json.dumps(document)


def test_a_session_taken_back_moves_the_outcome(
    client: FlaskClient, staff: Person, responder: Person
) -> None:
    *_, last = treat(responder, staff, (-74, -45))
    assert group(outcomes(client, staff))["retreated"] == 1

    chart_of(responder, staff).change(last, cancelled=True)

    assert group(outcomes(client, staff))["n"] == 1


def test_an_amended_form_counts_as_amended(
    client: FlaskClient, clinic: ClinicWorld, staff: Person, responder: Person
) -> None:
    sent = answer(client, responder, -35, 2, 1)
    assert group(outcomes(client, staff))["response"]["count"] == 0

    answers = {f"q{item}": 0 for item in range(1, 9)} | {"q9": 0}
    amended = {"id": str(uuid4()), "answers": answers, "reason": "wrong row"}
    assert post(client, responder, amended, f"/v1/check-ins/{sent}/amend").status_code == 201

    found = group(outcomes(client, staff))
    assert (found["response"]["count"], found["remission"]["count"]) == (1, 1)


@pytest.mark.parametrize(
    ("query", "courses"),
    [
        ("?product=ketamine", 1),
        ("?product=tms", 0),
        ("?route=iv", 1),
        ("?route=mixed", 0),
        ("?phase=maintenance", 0),
        ("?strict=true", 1),
        ("?from=2000-01-01", 1),
        ("?to=2000-01-01", 0),
        ("?from=2999-01-01", 0),
    ],
)
def test_filters_choose_courses(
    client: FlaskClient, staff: Person, responder: Person, query: str, courses: int
) -> None:
    assert group(outcomes(client, staff, query))["courses"] == courses


@pytest.mark.parametrize(
    "query",
    ["?product=lsd", "?route=ear", "?phase=later", "?from=2026-02-02&to=2026-02-01", "?x=1"],
)
def test_a_filter_that_makes_no_sense_is_refused(
    client: FlaskClient, staff: Person, query: str
) -> None:
    assert client.get(URL + query, headers=staff.headers).status_code == 422


def test_clinicians_and_admins_see_the_cohort_and_nobody_else(
    client: FlaskClient, clinic: ClinicWorld, staff: Person, responder: Person
) -> None:
    statuses = {
        name: client.get(URL, headers=who.headers).status_code
        for name, who in {
            "clinician": staff,
            "admin": clinic.admin,
            "on_call": clinic.staff("on_call"),
            "patient": responder,
        }.items()
    }

    assert statuses == {"clinician": 200, "admin": 200, "on_call": 403, "patient": 403}
    assert client.get(URL).status_code == 401


def test_another_clinics_courses_are_not_counted(
    client: FlaskClient, world: World, responder: Person
) -> None:
    stranger = world.clinic("South Clinic").staff()

    assert [one["courses"] for one in outcomes(client, stranger)["groups"]] == [0]


def test_every_read_is_recorded(client: FlaskClient, staff: Person) -> None:
    outcomes(client, staff)

    (entry,) = rows(staff, "SELECT actor_id FROM audit_entries WHERE action = 'cohort_read'")
    assert entry.actor_id == staff.user_id


def test_the_table_comes_as_csv_and_the_chart_as_svg(
    client: FlaskClient, staff: Person, responder: Person
) -> None:
    table = client.get(URL, headers={**staff.headers, "Accept": "text/csv"})
    chart = client.get(URL, headers={**staff.headers, "Accept": "image/svg+xml"})
    other = client.get(URL, headers={**staff.headers, "Accept": "application/pdf"})

    assert (table.mimetype, table.vary.to_header()) == ("text/csv", "Accept, Accept-Encoding")
    lines = list(csv.DictReader(io.StringIO(table.text)))
    assert [line["by"] for line in lines[:3]] == ["overall", "phase", "strict"]
    assert (lines[0]["response_percent"], lines[0]["small"]) == ("100", "true")
    cuts = {(line["as_of"], line["rules_version"], line["generated_at"]) for line in lines}
    ((as_of, version, generated_at),) = cuts
    assert datetime.fromisoformat(as_of) == datetime.fromisoformat(generated_at)
    assert version == outcomes(client, staff)["rules_version"]
    assert chart.mimetype == "image/svg+xml"
    assert chart.headers["Content-Security-Policy"].startswith("default-src 'none'")
    words = " ".join(ElementTree.fromstring(chart.data).itertext())  # noqa: S314 -- our own picture
    assert "induction, ketamine, iv (small)" in words
    assert "expected chance" in words
    assert f"rules version {version}" in words.partition("Data cut: ")[2]
    assert other.status_code == 406


def test_patients_are_read_in_batches_and_never_one_by_one(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, staff: Person
) -> None:
    people = [clinic.patient(f"P{number}") for number in range(5)]
    for pat in people:
        treat(pat, staff, (-60,))
        answer(client, pat, -65, 2)
    clinic.patient("Never treated")
    later = utcnow() + timedelta(minutes=2)
    with app.app_context(), transaction(clinic.id) as session, statements_sent(app) as sent:
        found = list(outcomes_of_all(session, later, partial(keep, session), batch=2))

    assert [(len(each), each[0].sessions) for each in found] == [(1, 1)] * 5
    assert len(sent) == 3 * 6 + 1

    with app.app_context(), transaction(clinic.id) as session, statements_sent(app) as sent:
        again = list(outcomes_of_all(session, later, partial(keep, session), batch=2))
    assert again == found
    assert len(sent) == 3 + 1, "what is kept is not worked out again"


def test_the_operator_gets_a_table_json_and_one_line_per_course(
    app: Flask, clinic: ClinicWorld, responder: Person, tmp_path: Any
) -> None:
    run = app.test_cli_runner().invoke
    file = tmp_path / "courses.csv"

    shown = run(args=["cohort", "outcomes", str(clinic.id)])
    as_json = run(args=["cohort", "outcomes", str(clinic.id), "--json"])
    by_course = run(args=["cohort", "outcomes", str(clinic.id), "--csv", str(file), "--courses"])

    assert (shown.exit_code, as_json.exit_code, by_course.exit_code) == (0, 0, 0)
    assert "induction, ketamine, iv" in shown.stdout
    assert group(json.loads(as_json.stdout))["n"] == 1
    assert "1/1" in as_json.stderr
    (line,) = csv.DictReader(io.StringIO(file.read_text()))
    assert tuple(line) == COURSE_COLUMNS
    assert (line["patient_number"], line["fate"], line["baseline"]) == ("1", "counted", "17")
    assert str(responder.patient_id) not in file.read_text()


def test_the_operator_hears_what_is_wrong(app: Flask, clinic: ClinicWorld) -> None:
    run = app.test_cli_runner().invoke

    assert "there is no clinic" in run(args=["cohort", "outcomes", str(uuid4())]).stderr
    days = ["--from", "2026-02-02", "--to", "2026-02-01"]
    assert run(args=["cohort", "outcomes", str(clinic.id), *days]).exit_code == 2
    assert run(args=["cohort", "outcomes", str(clinic.id), "--courses"]).exit_code == 2


def test_the_groups_go_to_a_file(app: Flask, clinic: ClinicWorld, responder: Person) -> None:
    done = app.test_cli_runner().invoke(args=["cohort", "outcomes", str(clinic.id), "--csv", "-"])

    assert done.stdout.splitlines()[0].startswith("by,phase,product,route,patients,courses")


def test_a_simulated_cohort_prints_the_published_table(app: Flask) -> None:
    run = app.test_cli_runner().invoke
    first, again = (run(args=["cohort", "simulate", "300", "--seed", "4"]) for _ in range(2))

    assert first.exit_code == 0
    assert first.stdout == again.stdout
    assert "SIMULATED: 300 patients, seed 4" in first.stdout
    assert "53.6 %" in first.stdout
    assert "still responding, 56 days" in first.stdout


def test_progress_counts_the_patients(app: Flask, clinic: ClinicWorld, responder: Person) -> None:
    progress: list[tuple[int, int]] = []
    with app.app_context():
        export_outcomes(clinic.id, Asked(), utcnow(), lambda *done: progress.append(done))

    assert progress == [(1, 1)]
