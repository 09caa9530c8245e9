"""The status row is a cache: entry by entry it must equal a recompute from the whole history."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from models import PatientStatus
from services.caseload.verify import verify_caseload
from services.unit_of_work import transaction
from tests.builders.trends.histories import START, Phone, answers, faults
from tests.builders.world import ClinicWorld, World


@st.composite
def steps(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A history: forms on time, late, from odd zones and with expired tokens; amendments; danger
    in refused bodies; refreshes; stamps of years ago, and a clinician's word for some of them.
    """
    history = []
    for number in range(draw(st.integers(1, 10))):
        kinds = ["form"] * 5 + ["amend"] * (2 if number else 0) + ["refused", "refresh", "state"]
        instrument = draw(st.sampled_from(["phq9", "phq9-daily", "cssrs-screener", "gad7"]))
        history.append(
            {
                "kind": draw(st.sampled_from(kinds)),
                "instrument": instrument,
                "answers": draw(answers(instrument)),
                "after": draw(st.integers(-1, 60)),
                "late": draw(st.sampled_from([0, 0, 0, 1, 30, 24 * 20, 24 * 1000])),
                "timezone": draw(st.sampled_from(["Europe/Paris", "Pacific/Auckland", None, "X"])),
                "expired": draw(st.integers(0, 5)) == 0,
                "which": draw(st.integers(0, 9)),
                "blank": draw(st.booleans()),
            }
        )
    return history


@pytest.fixture
def old_clinic(app: Flask, clean_database: None) -> ClinicWorld:
    return World(app, now=START).clinic()


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=steps())
def test_after_every_entry_the_row_equals_a_recompute(
    app: Flask, old_clinic: ClinicWorld, history: list[dict[str, Any]]
) -> None:
    patient = old_clinic.patient()
    phone = Phone(patient, old_clinic.staff("clinician"))
    with app.app_context():
        for number, step in enumerate(history):
            phone.play(step)
            assert faults(patient) == [], f"after step {number}"


def test_an_amended_form_keeps_its_day_where_the_zone_is_unknown(
    app: Flask, old_clinic: ClinicWorld
) -> None:
    patient = old_clinic.patient()
    phone = Phone(patient)
    step = {"instrument": "phq9-daily", "timezone": "X", "late": 0, "expired": False}
    with app.app_context():
        for day in range(6):
            # The last form's day is one later in its own zone (UTC+13) than in UTC.
            phone.now = START + timedelta(days=day, hours=11 if day == 5 else -7)
            phone.form(step | {"answers": {f"q{n}": day % 4 for n in range(1, 10)}})
        last = {f"q{n}": 1 for n in range(1, 10)}
        phone.amend(step | {"answers": last, "which": 5, "blank": False})
        assert faults(patient) == []


@pytest.mark.parametrize("after", ["nothing", "a form without a total"])
def test_taking_back_the_first_form_after_months_gives_the_figures_from_before_them(
    app: Flask, old_clinic: ClinicWorld, after: str
) -> None:
    patient = old_clinic.patient()
    phone = Phone(patient)
    step = {"instrument": "phq9-daily", "timezone": "Europe/Paris", "late": 0, "expired": False}
    whole = step | {"answers": {f"q{n}": 2 for n in range(1, 10)}}
    with app.app_context():
        for day in range(20):
            phone.now = START + timedelta(days=day)
            phone.form(whole)
        phone.now += timedelta(days=100)
        phone.form(whole)
        phone.amend(whole | {"which": 20, "blank": True})
        assert faults(patient) == []
        if after != "nothing":
            phone.now += timedelta(days=60)
            phone.form(step | {"answers": {"q1": 1, "q9": 0}})
        assert faults(patient) == []


def test_verify_names_the_columns_that_differ(app: Flask, old_clinic: ClinicWorld) -> None:
    right, wrong = old_clinic.patient("Right"), old_clinic.patient("Wrong")
    runner = app.test_cli_runner()
    assert runner.invoke(args=["caseload", "verify"]).exit_code == 0
    with app.app_context(), transaction(old_clinic.id) as session:
        session.execute(
            update(PatientStatus)
            .where(PatientStatus.patient_id == wrong.patient_id)
            .values(baseline=12, last_item9=1)
        )
    result = runner.invoke(args=["caseload", "verify"])
    assert result.exit_code == 1
    assert f"patient {wrong.patient_id}: last_item9, baseline" in result.output
    assert str(right.patient_id) not in result.output
    assert "2 status rows written" in runner.invoke(args=["caseload", "refresh"]).output
    assert runner.invoke(args=["caseload", "verify"]).exit_code == 0


def test_verify_looks_at_every_clinic(app: Flask, old_clinic: ClinicWorld) -> None:
    other = World(app, now=START).clinic("South Clinic")
    patients = {old_clinic.patient().patient_id, other.patient().patient_id}
    with app.app_context():
        assert {checked.patient_id for checked in verify_caseload(START)} == patients
