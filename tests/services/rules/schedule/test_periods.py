"""Forms that come back, by calendars made by hand; accepted on 1 March, so 2 March is day 1."""

from __future__ import annotations

import pytest

from tests.builders.rules.calendar import (
    answers,
    case,
    day_of,
    due_items,
    due_now,
    lines,
    moment,
    sessions_at,
)


def daily(now: str, **choices) -> list[str]:
    return lines(due_now(case(**choices), moment(now)), "phq9-daily")


def periods(now: str, treatment=None, instrument: str = "phq9", **choices) -> list[str]:
    items = due_items(case(treatment, **choices), moment(now))
    return lines(tuple(item for item in items if item.reason != "before_session"), instrument)


def test_the_daily_check_in_is_due_every_mood_day_and_overdue_for_two():
    assert daily("03-05 12:00")[:5] == [
        "daily: 03-02 04:00, 03-03 04:00, 03-05 04:00 expired",
        "daily: 03-03 04:00, 03-04 04:00, 03-06 04:00 overdue",
        "daily: 03-04 04:00, 03-05 04:00, 03-07 04:00 overdue",
        "daily: 03-05 04:00, 03-06 04:00, 03-08 04:00 due",
        "daily: 03-06 04:00, 03-07 04:00, 03-09 04:00 upcoming",
    ]


def test_a_daily_answer_counts_on_the_day_that_it_is_about_however_late():
    given = answers("03-05 12:00", "03-05 12:05 about 03-03", "03-20 12:00 about 03-02")
    items = due_now(case(phq9_daily=given), moment("03-05 12:10"))

    found = {item.mood_day: item.answered_at for item in items if item.status == "answered"}

    assert found == {
        day_of("03-02"): moment("03-20 12:00"),
        day_of("03-03"): moment("03-05 12:05"),
        day_of("03-05"): moment("03-05 12:00"),
    }


def test_an_answer_after_midnight_is_about_the_day_before():
    assert daily("03-06 03:00", phq9_daily=answers("03-06 02:59"))[3] == (
        "daily: 03-05 04:00, 03-06 04:00, 03-08 04:00 answered"
    )


@pytest.mark.parametrize(
    ("now", "status"),
    [
        ("03-02 04:00", "upcoming"),
        ("03-08 03:59", "upcoming"),
        ("03-08 04:00", "due"),
        ("03-15 03:59", "due"),
        ("03-15 04:00", "overdue"),
        ("03-16 03:59", "overdue"),
        ("03-16 04:00", "expired"),
    ],
)
def test_the_two_week_form_is_due_from_day_7_of_its_14(now, status):
    assert periods(now)[0] == f"periodic: 03-08 04:00, 03-15 04:00, 03-16 04:00 {status}"


@pytest.mark.parametrize(
    ("recorded", "answered"),
    [("03-02 04:00", 0), ("03-15 23:00", 0), ("03-16 03:59", 0), ("03-16 04:00", 1)],
)
def test_an_answer_on_any_day_of_the_period_answers_it_also_before_it_is_due(recorded, answered):
    found = periods("03-17 12:00", phq9=answers(recorded))

    assert [one.endswith("answered") for one in found].index(True) == answered


def test_paused_days_are_left_out_of_a_period():
    assert periods("03-02 12:00", paused=(("03-03", "03-05"), ("03-05", "03-06")))[0] == (
        "periodic: 03-12 04:00, 03-19 04:00, 03-20 04:00 upcoming"
    )


def test_each_session_starts_the_count_anew_and_spans_under_7_days_are_left_out():
    sessions = sessions_at("03-12 14:00", "03-19 14:00", "03-27 14:00", "04-11 14:00")

    assert periods("04-01 12:00", sessions) == [
        # 2-11 March: ten days; due to the end
        "periodic: 03-08 04:00, 03-12 04:00, 03-12 04:00 expired",
        # 13-18 March: six days; nothing
        # 20-26 March: seven days; due on the last one
        "periodic: 03-26 04:00, 03-27 04:00, 03-27 04:00 expired",
        # 28 March - 10 April: all fourteen
        "periodic: 04-03 04:00, 04-10 04:00, 04-11 04:00 upcoming",
        "periodic: 04-18 04:00, 04-25 04:00, 04-26 04:00 upcoming",
    ]


def test_a_session_before_the_acceptance_starts_no_count():
    assert periods("03-02 12:00", sessions_at("02-20 14:00")) == periods("03-02 12:00")


def monthly(now: str, *starts: str, **choices) -> list[str]:
    treatment = sessions_at(*starts, **{k: choices.pop(k) for k in ["product"] if k in choices})
    return periods(now, treatment, "urinary", **choices)


def test_the_bladder_form_comes_every_30_days_from_the_first_session_on():
    assert monthly("04-10 12:00", "03-05 14:00", "03-08 14:00") == [
        "monthly: 03-05 04:00, 03-12 04:00, 04-04 04:00 expired",
        "monthly: 04-04 04:00, 04-11 04:00, 05-04 04:00 due",
    ]


def test_the_bladder_form_ends_90_days_after_the_last_session_and_comes_back_with_the_next():
    opened = [one[9:14] for one in monthly("12-01 12:00", "03-05 14:00", "09-02 14:00")]

    # 3 June is day 90; 3 July is day 120; the grid of 30 days goes on under the next session.
    assert opened == ["03-05", "04-04", "05-04", "06-03", "10-01", "10-31", "11-30"]


@pytest.mark.parametrize("product", ["tms", "ect", "other"])
def test_the_bladder_form_is_for_ketamine_and_esketamine_only(product):
    assert monthly("04-10 12:00", "03-05 14:00", product=product) == []
    assert len(monthly("04-10 12:00", "03-05 14:00", product="esketamine")) == 2


def test_the_bladder_form_skips_days_before_the_acceptance_and_paused_ones():
    late = monthly("03-10 12:00", "02-20 14:00", accepted="03-10 09:00")
    away = monthly("04-10 12:00", "03-05 14:00", paused=(("03-05", "04-03"),))

    assert late[0] == "monthly: 03-11 04:00, 03-18 04:00, 03-22 04:00 upcoming"
    assert [one[9:14] for one in away] == ["04-04"]


@pytest.mark.parametrize(
    ("indication", "instrument", "second"),
    [
        ("Anxiety disorder", "gad7", "by_indication: 03-16 04:00, 03-23 04:00, 03-30 04:00"),
        ("F41.1", "gad7", "by_indication: 03-16 04:00, 03-23 04:00, 03-30 04:00"),
        ("chronic PTSD", "pcl5", "by_indication: 04-01 04:00, 04-08 04:00, 05-01 04:00"),
        ("Bipolar depression", "asrm", "by_indication: 03-09 04:00, 03-12 04:00, 03-16 04:00"),
    ],
)
def test_an_indication_asks_for_its_form(indication, instrument, second):
    found = periods("03-30 12:00", instrument=instrument, indications=("F32.2", indication))

    assert found[1].rpartition(" ")[0] == second


def test_no_indication_asks_for_no_form():
    asked = {
        item.instrument for item in due_now(case(indications=("F32.2",)), moment("03-05 12:00"))
    }

    assert asked == {"phq9-daily", "phq9", "asrm"}


@pytest.mark.parametrize("choices", [{"accepted": None}, {"is_followed": False}])
def test_nothing_is_due_before_the_acceptance_or_after_the_discharge(choices):
    nobody = case(sessions_at("03-05 14:00"), indications=("PTSD",), **choices)

    assert due_items(nobody, moment("03-08 12:00")) == due_now(nobody, moment("03-08 12:00")) == ()


def test_nothing_was_due_before_an_acceptance_to_come():
    assert periods("02-27 12:00", instrument="phq9-daily")[0].endswith("upcoming")


def test_an_answer_to_another_form_answers_nothing():
    given = answers("03-05 12:00")
    found = due_now(case(mood=given, gad7=given), moment("03-05 13:00"))

    assert not any(item.answered_at for item in found)
