"""Vital signs around a session: limits, exactly once, and each reading decided."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask

from services.intake.deciding import treatment
from tests.builders.broken import broken
from tests.builders.calls import made, refused
from tests.builders.stored import rows
from tests.builders.ward import MORNING, Ward


@pytest.fixture
def ward(app: Flask, clean_database: None, monkeypatch: pytest.MonkeyPatch) -> Ward:
    return Ward(app, monkeypatch)


@pytest.fixture
def session(ward: Ward) -> str:
    """An infusion that began when the test begins."""
    return str(ward.session(ward.course(), MORNING)["id"])


LIMITS: list[tuple[str, Any, Any]] = [
    ("systolic", (40, 300), (39, 301, "120", 120.0, True, 10**40, float("nan"))),
    ("diastolic", (20, 200), (19, 201, None)),
    ("heart_rate", (20, 300), (19, 301)),
    ("spo2", (30, 100), (29, 101)),
    ("sedation", (0, 5), (-1, 6)),
    ("dissociation", (0, 92), (-1, 93)),
]


@pytest.mark.parametrize(("field", "taken", "not_taken"), LIMITS, ids=[row[0] for row in LIMITS])
def test_limits(ward: Ward, session: str, field: str, taken: Any, not_taken: Any) -> None:
    path = f"{ward.path}/sessions/{session}/vitals"
    for value in not_taken:
        answer = ward.post(path, ward.set_of("during", **{field: value}))
        assert answer.status_code in (400, 422), value
        if answer.status_code == 422:
            assert list(refused(answer)) == [field]
    assert ward.get(path)["items"] == []
    for value in taken:
        assert made(ward.post(path, ward.set_of("during", **{field: value})))[field] == value


def test_when_a_reading_may_be_from(ward: Ward, session: str) -> None:
    path = f"{ward.path}/sessions/{session}/vitals"
    ward.later(days=3)
    rules = {
        timedelta(minutes=16): "Must not lie in the future.",
        timedelta(minutes=14): "Must be within two days of the session.",
        timedelta(days=-5, seconds=-1): "Must be within two days of the session.",
    }
    for shift, words in rules.items():
        body = ward.set_of("post", taken_at=(ward.now + shift).isoformat())
        assert refused(ward.post(path, body)) == {"taken_at": [words]}
    for taken_at in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        assert list(refused(ward.post(path, ward.set_of("post", taken_at=taken_at)))) == [
            "taken_at"
        ]
    body = ward.set_of("post", taken_at=(ward.now - timedelta(days=5)).isoformat())
    assert made(ward.post(path, body))["received_at"] == "2025-06-05T08:00:00Z"
    assert refused(ward.post(path.replace(session, str(uuid4())), body), 404)
    assert list(refused(ward.post(path, body | {"phase": "after"}))) == ["phase"]


def test_an_id_of_the_clients_is_stored_and_paged_once(ward: Ward, session: str) -> None:
    path = f"{ward.path}/sessions/{session}/vitals"
    body = ward.set_of("pre", systolic=150, id=str(uuid4()))
    first = ward.post(path, body)
    ward.later(hours=1)
    again = ward.post(path, body)
    assert (first.status_code, again.status_code, first.data) == (201, 200, again.data)
    conflict = made(ward.post(path, body | {"systolic": 151}), 409)
    assert (conflict["code"], conflict["stored"]) == ("content_conflict", made(first))
    assert len(ward.occurrences("E3")) == 1
    other = ward.session(ward.course(), MORNING + timedelta(hours=1))["id"]
    elsewhere = f"{ward.path}/sessions/{other}/vitals"
    assert made(ward.post(elsewhere, body), 409)["code"] == "content_conflict"
    server_made = made(ward.post(path, ward.set_of("post")))["id"]
    taken = ward.post(path, ward.set_of("post", id=server_made))
    assert refused(taken, 409) == {"code": "id_taken"}


READINGS: list[tuple[str, str, dict[str, int], str | None]] = [
    ("at the guide", "pre", {"systolic": 140, "diastolic": 90}, None),
    ("above it", "pre", {"systolic": 141}, "E3"),
    ("diastolic above it", "pre", {"diastolic": 91}, "E3"),
    ("high during the session", "during", {"systolic": 150}, None),
    ("oxygen at the limit", "during", {"spo2": 92}, None),
    ("oxygen below it", "during", {"spo2": 91}, "E4"),
    ("sedated at discharge", "discharge", {"sedation": 3}, "E4"),
    ("awake at discharge", "discharge", {"sedation": 4}, None),
    ("sedated during the session", "during", {"sedation": 2}, None),
    ("hardly to be woken", "during", {"sedation": 1}, "E7"),
    ("not to be woken", "post", {"sedation": 0}, "E7"),
    ("pressure too low", "during", {"systolic": 85, "diastolic": 45}, "E7"),
    ("pressure at the limit", "during", {"systolic": 90, "diastolic": 60}, None),
]


@pytest.mark.parametrize(
    ("name", "phase", "measured", "rule"), READINGS, ids=[r[0] for r in READINGS]
)
def test_what_one_reading_says(
    ward: Ward, session: str, name: str, phase: str, measured: dict[str, int], rule: str | None
) -> None:
    taken = ward.vitals(session, phase, **measured)
    assert [one["rule"] for one in taken["findings"]] == ([rule] if rule else []), name
    assert ward.alerts() == ([(rule.lower(), "high")] if rule else [])
    for decided in ("E2", "E3", "E4", "E7"):
        assert len(ward.decided(taken["id"], decided)) == 1, "kept, fired or not"
    ward.check_cache()


RISES: list[tuple[int, dict[str, int], bool]] = [
    (40, {"systolic": 159, "diastolic": 75}, False),
    (40, {"systolic": 160, "diastolic": 75}, True),
    (40, {"systolic": 120, "diastolic": 99}, False),
    (40, {"systolic": 120, "diastolic": 100}, True),
    (29, {"systolic": 170, "diastolic": 75}, False),
    (30, {"systolic": 170, "diastolic": 75}, True),
]


@pytest.mark.parametrize(("minutes", "measured", "fires"), RISES)
def test_a_rise_after_dosing(
    ward: Ward, session: str, minutes: int, measured: dict[str, int], fires: bool
) -> None:
    ward.vitals(session, "pre")
    ward.later(minutes=minutes)
    ward.vitals(session, "post", **measured)
    assert ward.alerts() == ([("e4", "high")] if fires else [])


def test_a_reading_before_dosing_that_is_typed_in_late_explains_a_rise(
    ward: Ward, session: str
) -> None:
    ward.later(minutes=40)
    assert ward.vitals(session, "post", systolic=170)["findings"] == []
    ward.later(minutes=10)
    taken = ward.vitals(session, "pre", taken_at=MORNING.isoformat())
    assert [one["rule"] for one in taken["findings"]] == ["E4"]
    listed = ward.get(f"{ward.path}/sessions/{session}/vitals")["items"]
    assert [one["phase"] for one in listed] == ["post", "pre"], "newest first by when it was taken"


def test_a_pressure_at_home_and_one_in_the_clinic_are_one_episode(ward: Ward, session: str) -> None:
    high = {"systolic": 182, "diastolic": 90}
    ward.vitals(session, "discharge", **high)
    assert ("e2", "high") not in ward.alerts()
    ward.later(hours=3)
    answer = made(ward.report(vitals=high))
    assert answer["safety"]["level"] == "support"
    assert ("e2", "high") in ward.alerts()


def test_vitals_are_the_clinics_own(ward: Ward, session: str) -> None:
    ward.vitals(session, "pre")
    found = rows(ward.world.clinic().patient(), "SELECT 1 FROM session_vitals")
    assert found == []


@pytest.mark.parametrize(
    ("systolic", "opened"),
    [(200, [("e2", "high"), ("rules_failed", "medium")]), (120, [("rules_failed", "medium")])],
)
def test_rules_that_raise_cost_no_reading_and_a_crisis_still_pages(
    ward: Ward, session: str, monkeypatch: pytest.MonkeyPatch, systolic: int, opened: list[Any]
) -> None:
    monkeypatch.setattr(treatment, "vitals_decisions", broken)
    taken = ward.vitals(session, "post", systolic=systolic)
    assert [one["rule"] for one in taken["findings"]] == [name.upper() for name, _ in opened[:-1]]
    found = rows(ward.pat, "SELECT family, severity FROM alerts ORDER BY family")
    assert [(row["family"], row["severity"]) for row in found] == opened
    ward.check_cache()


def test_rules_that_raise_cost_no_session(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(treatment, "session_decisions", broken)
    kept = ward.session(ward.course(), MORNING)
    assert ward.get(f"{ward.path}/sessions/{kept['id']}")["number"] == 1
    assert [row["family"] for row in rows(ward.pat, "SELECT family FROM alerts")] == [
        "rules_failed"
    ]
