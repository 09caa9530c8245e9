"""Rules that raise on what staff write about a session: stored as undecided, and replayed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from services.intake.deciding import treatment
from services.intake.storing import follow_ups
from tests.builders.broken import broken
from tests.builders.calls import made
from tests.builders.stored import rows
from tests.builders.ward import MORNING, Ward

BY = "SELECT by FROM decisions WHERE entry_id = CAST(:entry AS uuid) ORDER BY decided_at, revision"


@pytest.fixture
def ward(app: Flask, clean_database: None, monkeypatch: pytest.MonkeyPatch) -> Ward:
    return Ward(app, monkeypatch)


def replay(ward: Ward) -> str:
    """`flask rules replay` of everything so far; returns what it printed."""
    since = (MORNING - timedelta(days=60)).strftime("%Y-%m-%d")
    ran = ward.pat.app.test_cli_runner().invoke(args=["rules", "replay", "--since", since])
    return str(ran.output)


def decided_by(ward: Ward, entry_id: str) -> list[str]:
    return [row["by"] for row in rows(ward.pat, BY, entry=entry_id)]


def waiting(ward: Ward) -> list[Any]:
    return rows(ward.pat, "SELECT entry_id FROM rules_failures WHERE replayed_at IS NULL")


def test_vital_signs_are_decided_again(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    session = ward.session(ward.course(), MORNING)["id"]
    with monkeypatch.context() as patch:
        patch.setattr(treatment, "vitals_decisions", broken)
        taken = ward.vitals(session, "post", systolic=200, spo2=91)
        assert decided_by(ward, taken["id"]) == ["fallback"]
        assert "still failing: 1" in replay(ward)
    assert ward.alerts() == [("e2", "high")]
    assert "decided again: 1, still failing: 0" in replay(ward)
    assert decided_by(ward, taken["id"]) == ["fallback", "replay"]
    assert sorted(ward.alerts()) == [("e2", "high"), ("e4", "high")]
    assert len(ward.occurrences("E2")) == 1, "it was paged already"
    assert waiting(ward) == []
    (shown,) = ward.get(f"{ward.path}/sessions/{session}/vitals")["items"]
    assert [one["rule"] for one in shown["findings"]] == ["E4"]
    assert "decided again: 0" in replay(ward)
    ward.check_cache()


@pytest.mark.parametrize("still_failing", [False, True])
def test_what_a_correction_reported_is_not_reported_again(
    ward: Ward, monkeypatch: pytest.MonkeyPatch, still_failing: bool
) -> None:
    session = ward.session(ward.course(), MORNING)["id"]
    with monkeypatch.context() as patch:
        patch.setattr(treatment, "vitals_decisions", broken)
        taken = ward.vitals(session, "post", spo2=91)["id"]
        path = f"{ward.path}/sessions/{session}/vitals/{taken}"
        if still_failing:
            made(ward.patch(path, {"heart_rate": 70}), 200)
    made(ward.patch(path, {"heart_rate": 71}), 200)
    assert ward.alerts() == [("e4", "high")]
    assert "still failing: 0" in replay(ward)
    assert len(ward.occurrences("E4")) == 1
    assert waiting(ward) == []


def a_course_without_effect(ward: Ward) -> str:
    """Three sessions between which nothing improved; returns the id of the course."""
    ward.at(MORNING - timedelta(days=20))
    ward.answer("phq9", 20)
    course = ward.course(started_on=(MORNING - timedelta(days=19)).date().isoformat())
    for days in (18, 14, 10):
        ward.session(course, MORNING - timedelta(days=days))
    ward.at(MORNING - timedelta(days=2))
    ward.answer("phq9", 19)
    ward.at(MORNING)
    return course


def test_what_a_session_says_of_its_course_is_decided_again(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = a_course_without_effect(ward)
    with monkeypatch.context() as patch:
        patch.setattr(treatment, "session_decisions", broken)
        fourth = ward.session(course, MORNING)["id"]
        ward.change(fourth, supervision="unsupervised")
        assert decided_by(ward, fourth) == ["fallback", "fallback"]
    assert ward.alerts() == []
    assert "still failing: 0" in replay(ward)
    assert decided_by(ward, fourth) == ["fallback", "fallback", "replay", "replay"]
    assert ward.alerts() == [("m4", "medium")]
    assert len(ward.occurrences("M4")) == 1
    assert waiting(ward) == []
    ward.check_cache()


def test_a_session_that_fails_again_after_its_replay_is_decided_again(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = ward.session(ward.course(), MORNING)["id"]
    for supervision in ("unsupervised", "clinic"):
        with monkeypatch.context() as patch:
            patch.setattr(treatment, "session_decisions", broken)
            ward.change(session, supervision=supervision)
        assert len(waiting(ward)) == 1
        assert "decided again: 1, still failing: 0" in replay(ward)
        assert waiting(ward) == []


def test_the_contacts_awaited_after_a_session_are_worked_out_again(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(follow_ups, "windows", broken)
        session = ward.session(ward.course(), MORNING)["id"]
    awaited = "SELECT kind FROM session_follow_ups ORDER BY kind"
    assert rows(ward.pat, awaited) == []
    assert "still failing: 0" in replay(ward)
    assert [row["kind"] for row in rows(ward.pat, awaited)] == ["driving_lock", "follow_up"]
    assert decided_by(ward, session) == ["fallback", "replay"]
