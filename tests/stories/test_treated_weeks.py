"""Weeks of treatment over HTTP: M3, M4, M5, A1, B1 and U1 speak once, and only when they may."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from tests.builders.ward import MORNING, Ward


@pytest.fixture
def ward(app: Flask, clean_database: None, monkeypatch: pytest.MonkeyPatch) -> Ward:
    return Ward(app, monkeypatch, indications=["Bipolar depression"])


def answers(ward: Ward, instrument: str, *of_days: tuple[float, int]) -> list[dict[str, Any]]:
    """Forms on these days after the morning, with these totals, each sent when it was filled in."""
    sent = []
    for day, total in of_days:
        ward.at(MORNING + timedelta(days=day))
        sent.append(ward.answer(instrument, total))
        ward.check_cache()
    return sent


def kept(ward: Ward, form: dict[str, Any], rule: str) -> tuple[bool, Any]:
    """Whether the rule fired on a form, and what held it back; fails when it was not decided."""
    (decided,) = ward.decided(form["id"], rule)
    assert decided["rule_version"]
    assert "on" in decided["inputs"]
    return decided["fired"], decided["inputs"]["held"]


def sessions(ward: Ward, course: str, *days: float) -> None:
    for day in days:
        ward.session(course, MORNING + timedelta(days=day))


def test_symptoms_that_come_back_after_a_response_are_reported_once_a_course(ward: Ward) -> None:
    answers(ward, "phq9", (0, 20))
    course = ward.course()
    sessions(ward, course, 1, 3, 5)
    response, first, near, second, third = answers(
        ward, "phq9", (8, 8), (15, 12), (18, 12), (21, 12), (28, 12)
    )
    assert [kept(ward, one, "M3") for one in (response, first, near)] == [(False, None)] * 3
    assert kept(ward, second, "M3") == (True, None)
    assert kept(ward, third, "M3") == (False, "already_reported")
    (occurrence,) = ward.occurrences("M3")
    assert str(occurrence["about_id"]) == course
    assert ward.alerts() == [("m3", "medium")]


def test_a_late_form_tells_of_no_return_and_the_next_one_does(ward: Ward) -> None:
    answers(ward, "phq9", (0, 20))
    sessions(ward, ward.course(), 1)
    answers(ward, "phq9", (8, 8))
    ward.at(MORNING + timedelta(days=20))
    late = ward.answer(total=16, recorded_at=(ward.now - timedelta(hours=49)).isoformat())
    assert late["flags"] == ["entered_late"]
    assert kept(ward, late, "M3") == (False, "late")
    assert ward.alerts() == []
    (on_time,) = answers(ward, "phq9", (22, 15))
    assert kept(ward, on_time, "M3") == (True, None)
    assert len(ward.occurrences("M3")) == 1


def test_non_response_is_reported_with_a_form_after_the_fourth_session(ward: Ward) -> None:
    answers(ward, "phq9", (0, 20))
    course = ward.course()
    sessions(ward, course, 1, 3, 5)
    (early,) = answers(ward, "phq9", (6, 19))
    assert kept(ward, early, "M4") == (False, None)
    planned = ward.session(course, MORNING + timedelta(days=8))
    assert ward.alerts() == [], "a planned session has not helped yet, nor failed"
    due, again = answers(ward, "phq9", (9, 16), (12, 18))
    assert kept(ward, due, "M4") == (True, None)
    assert kept(ward, again, "M4") == (False, "already_reported")
    (occurrence,) = ward.occurrences("M4")
    assert str(occurrence["about_id"]) == course
    ward.change(planned["id"], cancelled=True)
    ward.change(planned["id"], cancelled=False)
    assert len(ward.occurrences("M4")) == 1


def test_non_response_is_reported_when_the_fourth_session_is_entered(ward: Ward) -> None:
    answers(ward, "phq9", (0, 20))
    course = ward.course()
    sessions(ward, course, 1, 3, 5)
    answers(ward, "phq9", (6, 19))
    ward.at(MORNING + timedelta(days=9))
    fourth = ward.session(course, ward.now - timedelta(days=1))
    assert ward.alerts() == [("m4", "medium")]
    (decided,) = ward.decided(fourth["id"], "M4")
    assert (decided["fired"], decided["inputs"]["sessions"]) == (True, 4)
    ward.session(course, ward.now)
    assert len(ward.occurrences("M4")) == 1, "once a course"
    ward.check_cache()


@pytest.mark.parametrize("best", [15, 14])
def test_a_partial_response_is_no_non_response(ward: Ward, best: int) -> None:
    answers(ward, "phq9", (0, 20))
    sessions(ward, ward.course(), 1, 2, 3, 4)
    found, worse = answers(ward, "phq9", (6, best), (9, 20))
    assert kept(ward, found, "M4") == kept(ward, worse, "M4") == (False, None)


def test_worse_in_the_days_after_a_session_once_of_each(ward: Ward) -> None:
    course = ward.course()
    answers(ward, "phq9-daily", (0, 9), (1, 11))
    sessions(ward, course, 2.1)
    same, worse, still = answers(ward, "phq9-daily", (3, 14), (4, 15), (5, 16))
    assert kept(ward, same, "M5") == (False, None), "10 before, 14 after"
    assert kept(ward, worse, "M5") == (True, None)
    assert kept(ward, still, "M5") == (False, "already_reported")
    sessions(ward, course, 9.1)
    answers(ward, "phq9-daily", (7, 6), (8, 6))
    beyond, next_worse = answers(ward, "phq9-daily", (9, 6), (11, 12))
    assert kept(ward, beyond, "M5") == (False, None)
    assert kept(ward, next_worse, "M5") == (True, None)
    assert len({row["about_id"] for row in ward.occurrences("M5")}) == 2


def test_a_late_form_tells_of_no_worsening_after_a_session(ward: Ward) -> None:
    answers(ward, "phq9-daily", (0, 9))
    sessions(ward, ward.course(), 1.1)
    ward.at(MORNING + timedelta(days=6))
    at = (MORNING + timedelta(days=2)).isoformat()
    late = ward.answer("phq9-daily", 20, recorded_at=at)
    assert kept(ward, late, "M5") == (False, "late")
    assert ward.alerts() == []


def test_anxiety_that_rises_is_reported_and_again_after_a_fortnight(ward: Ward) -> None:
    calm, up, again, later = answers(ward, "gad7", (0, 5), (7, 11), (14, 15), (21, 16))
    assert kept(ward, calm, "A1") == (False, None)
    assert kept(ward, up, "A1") == (True, None)
    assert kept(ward, again, "A1") == (False, "same_episode")
    assert kept(ward, later, "A1") == (True, None)
    assert ward.alerts() == [("a1", "medium")]
    assert len(ward.occurrences("A1")) == 2


def test_symptoms_of_trauma_that_rise_are_reported(ward: Ward) -> None:
    before, same, up = answers(ward, "pcl5", (0, 30), (7, 39), (14, 60))
    assert kept(ward, before, "A1") == kept(ward, same, "A1") == (False, None)
    assert kept(ward, up, "A1") == (True, None)
    ward.later(days=40)
    late = ward.answer("gad7", 21, recorded_at=(ward.now - timedelta(hours=49)).isoformat())
    assert kept(ward, late, "A1") == (False, "late")


def test_a_switch_towards_mania_is_reported_once_a_week_also_late(ward: Ward) -> None:
    calm, up, again = answers(ward, "asrm", (0, 1), (7, 5), (10, 9))
    assert kept(ward, calm, "B1") == (False, None)
    assert kept(ward, up, "B1") == (True, None), "a rise of four"
    assert kept(ward, again, "B1") == (False, "same_episode")
    ward.at(MORNING + timedelta(days=20))
    late = ward.answer("asrm", 8, recorded_at=(ward.now - timedelta(hours=49)).isoformat())
    assert kept(ward, late, "B1") == (True, None), "it is about danger, not about worsening"
    assert ward.alerts() == [("b1", "high")]


def test_everybody_is_watched_for_mania(
    app: Flask, clean_database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    ward = Ward(app, monkeypatch, indications=["TRD"])
    calm, risen, high = answers(ward, "asrm", (0, 0), (7, 5), (14, 6))
    assert kept(ward, calm, "B1") == kept(ward, risen, "B1") == (False, None)
    assert kept(ward, high, "B1") == (True, None)
    assert ward.alerts() == [("b1", "high")]


def test_the_monthly_form_on_the_bladder(ward: Ward) -> None:
    def form(day: float, *items: int) -> dict[str, Any]:
        ward.at(MORNING + timedelta(days=day))
        given = {f"q{place}": value for place, value in enumerate(items, 1)}
        return ward.answer("urinary", 0, answers=given)

    calm, risen = form(0, 1, 0, 0, 0, 0), form(30, 1, 1, 1, 1, 0)
    assert kept(ward, calm, "U1") == (False, None)
    assert kept(ward, risen, "U1") == (True, None)
    blood = form(35, 0, 0, 0, 0, 1)
    assert kept(ward, blood, "U1") == (True, None), "blood speaks at once"
    assert ward.alerts() == [("u1", "high")]
    assert kept(ward, form(40, 3, 0, 0, 0, 0), "U1") == (False, "same_episode")
    ward.check_cache()


def test_a_symptom_that_is_new_after_four_sessions_is_judged_on_the_form(ward: Ward) -> None:
    def form(day: float, *items: int) -> dict[str, Any]:
        ward.at(MORNING + timedelta(days=day))
        given = {f"q{place}": value for place, value in enumerate(items, 1)}
        return ward.answer("urinary", 0, answers=given)

    first = form(0, 1, 0, 0, 0, 0)
    sessions(ward, ward.course(), 1, 3, 5, 8)
    known, new = form(20, 1, 0, 0, 0, 0), form(40, 1, 1, 0, 0, 0)
    assert kept(ward, first, "U1") == kept(ward, known, "U1") == (False, None)
    assert kept(ward, new, "U1") == (True, None)
    assert ("u1", "medium") in ward.alerts()


def test_an_amendment_that_brings_the_worsening_is_reported_once(ward: Ward) -> None:
    answers(ward, "phq9-daily", (0, 9))
    sessions(ward, ward.course(), 1.1)
    (form,) = answers(ward, "phq9-daily", (2, 9))
    worse = ward.amend(form["id"], ward.form("phq9-daily", 20)["answers"])
    assert kept(ward, worse, "M5") == (True, None)
    more = ward.amend(form["id"], ward.form("phq9-daily", 22)["answers"])
    assert kept(ward, more, "M5") == (False, "already_reported")
    ward.check_cache()


def test_severe_worsening_pages_although_worsening_was_reported_the_week_before(ward: Ward) -> None:
    _, worse, severe, still = answers(ward, "phq9", (0, 5), (7, 15), (13, 24), (16, 23))
    assert kept(ward, worse, "M1") == kept(ward, severe, "M1") == (True, None)
    assert kept(ward, still, "M1") == (False, "same_episode")
    assert ward.alerts() == [("m1", "high")]
