"""What the rules make of a report of side effects: E2, E5, U1, B1 and S7, through HTTP."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from tests.builders.calls import made
from tests.builders.ward import MORNING, Ward


@pytest.fixture
def ward(app: Flask, clean_database: None, monkeypatch: pytest.MonkeyPatch) -> Ward:
    return Ward(app, monkeypatch, country="US", timezone="America/New_York")


def test_one_crisis_reading_asks_for_another_and_the_other_pages(ward: Ward) -> None:
    pressure = {"systolic": 185, "diastolic": 101}
    answer = made(ward.report(vitals=pressure))
    assert answer["safety"]["level"] == "support"
    assert "measure it again" in answer["safety"]["message"]
    assert ward.alerts() == []
    (kept,) = ward.decided(answer["id"], "E2")
    assert (kept["fired"], kept["inputs"]["repeat_wanted"]) == (False, True)
    ward.later(minutes=5)
    answer = made(ward.report(vitals=pressure))
    assert answer["safety"]["level"] == "support"
    assert "measure it again" not in answer["safety"]["message"]
    assert ward.alerts() == [("e2", "high")]
    ward.later(hours=1)
    assert made(ward.report("breathless"))["safety"]["level"] == "crisis"
    assert ward.alerts() == [("e2", "critical"), ("e1", "critical")]


# Hours after the session's end at which is reported; onset and end in hours after it; E5?
LASTING: list[tuple[str, float, int, float | None, float | None, bool]] = [
    ("still there at 24 h", 24.0, 2, 0, None, True),
    ("still there a moment before", 23.99, 2, 0, None, False),
    ("mild at 24 h", 30.0, 1, 0, None, False),
    ("ended in time, said later", 30.0, 2, 0, 20.0, False),
    ("ended too late, said later", 30.0, 2, 0, 25.0, True),
    ("new after a day", 30.0, 2, 25.0, None, False),
    ("no end in an early report", 2.0, 2, 0, None, False),
    ("severe at any time", 1.0, 3, 0, 0.5, True),
]


@pytest.mark.parametrize(
    ("name", "after", "grade", "onset", "end", "fires"), LASTING, ids=[row[0] for row in LASTING]
)
def test_an_acute_effect_that_is_still_there_a_day_later(
    ward: Ward, name: str, after: float, grade: int, onset: float, end: float | None, fires: bool
) -> None:
    over = ward.now
    start = over - timedelta(minutes=40)
    ward.session(ward.course(), start, ended_at=over.isoformat())
    ward.at(over + timedelta(hours=after))

    def at(hours: float | None) -> str | None:
        return None if hours is None else (over + timedelta(hours=hours)).isoformat()

    answer = made(
        ward.report(
            {"code": "dizziness", "grade": grade, "onset_at": at(onset), "ended_at": at(end)}
        )
    )
    (kept,) = ward.decided(answer["id"], "E5")
    assert kept["fired"] is fires, name
    assert ward.alerts() == ([("e5", "high")] if fires else [])
    assert (answer["safety"] is not None) is fires


def test_time_that_passes_after_a_report_without_an_end_says_nothing(ward: Ward) -> None:
    ward.session(ward.course(), ward.now - timedelta(hours=1))
    made(ward.report(("dizziness", 2)))
    ward.later(hours=30)
    answer = made(ward.report("sleep_problem"))
    assert ward.decided(answer["id"], "E5")[0]["fired"] is False
    assert ward.alerts() == []


def test_harm_to_the_bladder_speaks_once_and_again_when_there_is_blood(ward: Ward) -> None:
    answer = made(ward.report(("urinary_pain", 2)))
    assert answer["safety"] is None
    assert ward.alerts() == [("u1", "medium")]
    ward.later(days=2)
    again = made(ward.report(("urinary_pain", 2)))
    assert ward.decided(again["id"], "U1")[0]["inputs"]["held"] == "same_episode"
    ward.later(days=1)
    made(ward.report(("blood_in_urine", 1)))
    assert ward.alerts() == [("u1", "high")]
    assert [row["first_tier"] for row in ward.occurrences("U1")] == ["medium", "high"]


def test_the_first_urinary_symptom_after_four_sessions(ward: Ward) -> None:
    before = (ward.now - timedelta(days=9)).isoformat()
    ward.answer("phq9", 4, recorded_at=before)  # else M4 says that response cannot be judged
    course = ward.course()
    for days in (8, 6, 4):
        ward.session(course, ward.now - timedelta(days=days))
    answer = made(ward.report(("urinary_frequency", 1)))
    assert ward.decided(answer["id"], "U1")[0]["fired"] is False
    ward.session(course, ward.now - timedelta(days=2))
    assert ward.alerts() == []
    made(ward.report(("urinary_frequency", 1)))
    assert ward.alerts() == [], "known since before the fourth"
    made(ward.report(("urinary_pain", 1)))
    assert ward.alerts() == [("u1", "medium")]


@pytest.mark.parametrize(
    ("indications", "fires"), [(["bipolar depression"], True), (["TRD"], False)]
)
def test_elevated_mood_on_two_days_in_a_row(
    app: Flask,
    clean_database: None,
    monkeypatch: pytest.MonkeyPatch,
    indications: list[str],
    fires: bool,
) -> None:
    ward = Ward(app, monkeypatch, indications=indications)
    for days in (0, 2):
        ward.at(MORNING + timedelta(days=days))
        made(ward.report(("elevated_mood_or_agitation", 2)))
        assert ward.alerts() == []
    ward.later(days=1)
    made(ward.report(("elevated_mood_or_agitation", 2)))
    assert ward.alerts() == ([("b1", "high")] if fires else [])
    ward.later(days=1)
    made(ward.report(("elevated_mood_or_agitation", 2)))
    assert len(ward.occurrences("B1")) == int(fires)


def test_words_of_crisis_in_a_note_stand_on_the_risk_alert(ward: Ward) -> None:
    answer = made(ward.report(("nausea", 1), note="I want to kill myself"))
    assert ward.alerts() == [("suicide_risk", "medium")]
    assert answer["safety"]["level"] == "support"
    assert "nausea" not in str(answer["safety"])


def test_an_emergency_of_weeks_ago_still_pages(ward: Ward) -> None:
    answer = made(ward.report("fainting", recorded_at=(ward.now - timedelta(days=20)).isoformat()))
    assert answer["flags"] == ["entered_late"]
    assert answer["safety"]["level"] == "crisis"
    assert ward.alerts() == [("e1", "critical")]
