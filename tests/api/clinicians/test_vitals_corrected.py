"""Vital signs entered wrongly: a new version, decided again, and nothing is taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask

from services.intake.deciding import treatment
from tests.builders.broken import broken
from tests.builders.calls import made, refused
from tests.builders.stored import alerts, rows
from tests.builders.ward import MORNING, Ward


@pytest.fixture
def ward(app: Flask, clean_database: None, monkeypatch: pytest.MonkeyPatch) -> Ward:
    return Ward(app, monkeypatch)


@pytest.fixture
def session(ward: Ward) -> str:
    """An infusion that began when the test begins."""
    return str(ward.session(ward.course(), MORNING)["id"])


def correct(ward: Ward, session: str, taken: dict[str, Any], **fields: Any) -> dict[str, Any]:
    ward.later(minutes=1)
    return made(ward.patch(f"{ward.path}/sessions/{session}/vitals/{taken['id']}", fields), 200)


def listed(ward: Ward, session: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ward.get(f"{ward.path}/sessions/{session}/vitals")["items"]
    return found


def revision(ward: Ward) -> int:
    (status,) = rows(ward.pat, "SELECT revision FROM patient_status WHERE revision > 0")
    return int(status["revision"])


def test_a_correction_is_shown_and_the_earlier_version_is_kept(ward: Ward, session: str) -> None:
    taken = ward.vitals(session, "post", systolic=120, heart_rate=70, spo2=97)
    before = revision(ward)
    fixed = correct(ward, session, taken, systolic=125, heart_rate=None)
    assert (fixed["id"], fixed["systolic"], fixed["heart_rate"]) == (taken["id"], 125, None)
    assert (fixed["diastolic"], fixed["spo2"], fixed["phase"]) == (75, 97, "post")
    assert listed(ward, session) == [fixed]
    assert revision(ward) == before + 1
    kept = rows(
        ward.pat,
        "SELECT version, systolic, heart_rate, revision, superseded_revision FROM session_vitals"
        " ORDER BY version",
    )
    assert [tuple(row.values()) for row in kept] == [
        (1, 120, 70, before, before + 1),
        (2, 125, None, before + 1, None),
    ]
    ward.check_cache()


def test_without_a_change_nothing_is_written(ward: Ward, session: str) -> None:
    taken = ward.vitals(session, "post", systolic=120, spo2=97)
    before = revision(ward)
    assert correct(ward, session, taken, systolic=120, spo2=97) == taken
    assert correct(ward, session, taken) == taken
    assert revision(ward) == before


def test_danger_that_a_correction_shows_pages(ward: Ward, session: str) -> None:
    taken = ward.vitals(session, "post", spo2=97)
    assert ward.alerts() == []
    fixed = correct(ward, session, taken, spo2=91)
    assert [one["rule"] for one in fixed["findings"]] == ["E4"]
    assert ward.alerts() == [("e4", "high")]
    assert [one["rule"] for one in listed(ward, session)[0]["findings"]] == ["E4"]


def test_a_correction_closes_nothing_and_repeats_nothing(ward: Ward, session: str) -> None:
    taken = ward.vitals(session, "post", spo2=91)
    assert correct(ward, session, taken, spo2=90)["findings"] == taken["findings"]
    assert len(ward.occurrences("E4")) == 1, "it was reported already"
    assert correct(ward, session, taken, spo2=97)["findings"] == []
    assert [(one["family"], one["status"]) for one in alerts(ward.pat)] == [("e4", "triggered")]


def test_another_finding_in_a_correction_is_news(ward: Ward, session: str) -> None:
    taken = ward.vitals(session, "discharge", spo2=91)
    correct(ward, session, taken, sedation=2)
    assert len(ward.occurrences("E4")) == 2


def test_the_alert_shows_what_the_rule_saw(ward: Ward, session: str) -> None:
    taken = ward.vitals(session, "post", spo2=91)
    correct(ward, session, taken, spo2=97)
    (alert,) = alerts(ward.pat)
    shown = ward.get(f"/v1/alerts/{alert['id']}")
    assert shown["evidence"]["vitals"]["spo2"] == 91


def test_a_corrected_pressure_stands_beside_the_next_one(ward: Ward, session: str) -> None:
    first = ward.vitals(session, "post", systolic=120)
    correct(ward, session, first, systolic=190)
    ward.later(minutes=10)
    second = ward.vitals(session, "post", systolic=190)
    assert [one["rule"] for one in second["findings"]] == ["E2"]


def test_whoever_was_over_the_guide_is_cleared_anew_also_after_a_correction(
    ward: Ward, session: str
) -> None:
    ward.screen()
    ward.vitals(session, "pre")
    made(ward.decide(session, "clearance", "cleared"))
    ward.later(minutes=1)
    taken = ward.vitals(session, "pre", systolic=160)
    correct(ward, session, taken, systolic=130)
    assert ward.get(f"{ward.path}/sessions/{session}")["clearance"] == "not_cleared"


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"systolic": None}, "systolic"),
        ({"systolic": 301}, "systolic"),
        ({"phase": "never"}, "phase"),
        ({"id": str(uuid4())}, "id"),
        ({"taken_at": (MORNING + timedelta(days=3)).isoformat()}, "taken_at"),
        ({"taken_at": (MORNING - timedelta(days=3)).isoformat()}, "taken_at"),
    ],
)
def test_what_no_measurement_can_be_is_refused(
    ward: Ward, session: str, fields: dict[str, Any], name: str
) -> None:
    taken = ward.vitals(session, "post")
    path = f"{ward.path}/sessions/{session}/vitals/{taken['id']}"
    assert name in refused(ward.patch(path, fields))
    assert listed(ward, session) == [taken]


def test_only_staff_who_see_the_patient_correct_and_only_what_is_there(
    ward: Ward, session: str
) -> None:
    taken = ward.vitals(session, "post")
    other = str(ward.session(ward.course(), MORNING + timedelta(hours=3))["id"])
    path = f"{ward.path}/sessions/{session}/vitals"
    assert ward.patch(f"{path}/{taken['id']}", {"spo2": 97}, ward.pat).status_code == 403
    stranger = ward.world.clinic().staff()
    assert ward.patch(f"{path}/{taken['id']}", {"spo2": 97}, stranger).status_code == 404
    assert ward.patch(f"{path}/{uuid4()}", {"spo2": 97}).status_code == 404
    elsewhere = f"{ward.path}/sessions/{other}/vitals/{taken['id']}"
    assert ward.patch(elsewhere, {"spo2": 97}).status_code == 404


def test_a_correction_on_which_the_rules_raise_is_decided_again(
    ward: Ward, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = ward.vitals(session, "post", spo2=97)
    with monkeypatch.context() as patch:
        patch.setattr(treatment, "vitals_decisions", broken)
        correct(ward, session, taken, spo2=91)
    assert ward.alerts() == []
    since = (MORNING - timedelta(days=1)).strftime("%Y-%m-%d")
    ran = ward.pat.app.test_cli_runner().invoke(args=["rules", "replay", "--since", since])
    assert "decided again: 1, still failing: 0" in ran.output
    assert ward.alerts() == [("e4", "high")]


def test_a_report_of_an_earlier_cut_stays_as_it_was(ward: Ward, session: str) -> None:
    ward.answer("phq9", 9)
    taken = ward.vitals(session, "post", spo2=97)
    cut = revision(ward)
    before = ward.trend(f"instrument=phq9&cut={cut}")
    ward.later(days=1)
    correct(ward, session, taken, spo2=91)
    after = ward.trend(f"instrument=phq9&cut={cut}")
    assert after | {"generated_at": None} == before | {"generated_at": None}
