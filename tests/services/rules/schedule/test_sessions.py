"""What is due around sessions, by calendars made by hand (Kolkata, so half an hour off UTC)."""

from __future__ import annotations

import pytest

from services.rules.courses import Course, Session, Treatment
from tests.builders.rules.calendar import (
    answers,
    case,
    day_of,
    due_items,
    due_now,
    line,
    lines,
    moment,
    sessions_at,
)

NOON = "03-10 12:00"


def marks(treatment: Treatment, now: str = "03-20 12:00", **choices) -> dict[str, str]:
    """The daily items that carry a session, by mood day."""
    return {
        item.mood_day.strftime("%m-%d"): f"{item.reason} {item.session_id}"
        for item in due_items(case(treatment, **choices), moment(now))
        if item.reason.startswith("day_")
    }


def before(treatment: Treatment, now: str = NOON, **choices) -> list[str]:
    items = due_items(case(treatment, **choices), moment(now))
    return [line(item) for item in items if item.reason == "before_session"]


def effects(treatment: Treatment, now: str = NOON, **choices) -> list[str]:
    return lines(due_items(case(treatment, **choices), moment(now)), "side_effects")


def test_days_1_3_7_and_14_carry_the_session():
    assert marks(sessions_at("03-05 14:00")) == {
        "03-06": "day_1 s1",
        "03-08": "day_3 s1",
        "03-12": "day_7 s1",
        "03-19": "day_14 s1",
    }


def test_a_next_session_before_a_day_takes_its_place_and_one_on_it_does_not():
    assert marks(sessions_at("03-05 14:00", "03-12 14:00"), "03-14 12:00") == {
        "03-06": "day_1 s1",
        "03-08": "day_3 s1",
        "03-12": "day_7 s1",
        "03-13": "day_1 s2",
        "03-15": "day_3 s2",
        "03-19": "day_7 s2",
        "03-26": "day_14 s2",
    }


def test_every_second_day_of_an_induction_only_day_1_is_reached():
    found = marks(sessions_at("03-02 10:00", "03-04 10:00", "03-06 10:00"), "03-05 12:00")

    assert list(found.items())[:4] == [
        ("03-03", "day_1 s1"),
        ("03-05", "day_1 s2"),
        ("03-07", "day_1 s3"),
        ("03-09", "day_3 s3"),
    ]


def test_of_two_sessions_on_one_mood_day_the_later_one_is_followed():
    assert marks(sessions_at("03-05 09:00", "03-06 01:00"), "03-07 12:00")["03-06"] == "day_1 s2"


def test_a_session_at_night_belongs_to_the_day_before():
    assert "03-05" in marks(sessions_at("03-05 03:59"))
    assert "03-06" in marks(sessions_at("03-05 04:00"))


def test_the_form_before_a_session_is_the_baseline_first_and_then_opens_3_days_before():
    sessions = sessions_at("03-20 14:00", "03-25 14:00", "03-27 10:00")

    assert before(sessions, "03-25 12:00") == [
        "before_session s1: 03-06 14:00, 03-20 14:00, 03-20 14:00 expired",
        "before_session s2: 03-22 14:00, 03-25 14:00, 03-25 14:00 due",
        "before_session s3: 03-25 14:00, 03-27 10:00, 03-27 10:00 upcoming",
    ]


@pytest.mark.parametrize(
    ("name", "recorded", "status"),
    [
        ("as it opens", "03-07 14:00", "answered"),
        ("a moment before it opens", "03-07 13:59:59", "due"),
        ("a moment before the session", "03-10 13:59:59", "answered"),
        ("as the session starts", "03-10 14:00", "expired"),
        ("about an earlier day, recorded within", "03-08 14:00 about 03-06", "answered"),
    ],
)
def test_a_form_recorded_between_opening_and_start_answers_it(name, recorded, status):
    sessions = sessions_at("03-02 14:00", "03-10 14:00")
    now = "03-10 14:00" if status == "expired" else NOON
    items = due_items(case(sessions, phq9=answers(recorded)), moment(now))

    found = next(item for item in items if item.session_id == "s2" and item.instrument == "phq9")

    assert found.status == status, name
    answered = moment(recorded.partition(" about ")[0]) if status == "answered" else None
    assert found.answered_at == answered


def test_the_baseline_is_asked_for_from_the_acceptance_on():
    assert before(sessions_at("03-02 14:00"), "03-01 10:00") == [
        "before_session s1: 03-01 09:00, 03-02 14:00, 03-02 14:00 due"
    ]


def test_a_session_before_the_acceptance_asks_for_nothing_before_it():
    assert before(sessions_at("02-27 14:00", "03-01 09:00")) == []


def courses(*starts: tuple[str, str], new: str = "") -> Treatment:
    """Sessions by course and start; course `new` asks for a baseline of its own."""
    names = sorted({course for course, _ in starts})
    return Treatment(
        tuple(
            Course(name, "ketamine", "induction", day_of("01-01"), new_baseline=name == new)
            for name in names
        ),
        tuple(
            Session(f"{course}-{start[:5]}", course, moment(start), "ketamine", "iv")
            for course, start in starts
        ),
    )


def test_a_course_that_follows_soon_has_the_short_window_and_a_new_baseline_the_long_one():
    plans = (("a", "03-05 14:00"), ("a", "03-08 14:00"), ("b", "03-20 14:00"))

    kept = before(courses(*plans), "03-20 12:00")[-1]
    anew = before(courses(*plans, new="b"), "03-20 12:00")[-1]

    assert kept.startswith("before_session b-03-20: 03-17 14:00, 03-20 14:00")
    assert anew.startswith("before_session b-03-20: 03-08 14:00, 03-20 14:00")


def test_a_gap_of_over_90_days_asks_for_a_baseline_anew():
    soon = courses(("a", "03-05 14:00"), ("b", "06-03 14:00"))
    late = courses(("a", "03-05 14:00"), ("b", "06-04 14:00"))

    assert before(soon, "06-01 12:00")[-1].startswith("before_session b-06-03: 05-31 14:00")
    assert before(late, "06-01 12:00")[-1].startswith("before_session b-06-04: 05-21 14:00")


def test_a_session_of_no_known_course_is_a_first_one_all_the_same():
    alone = Treatment((), sessions_at("03-20 14:00").sessions)

    assert before(alone)[0].startswith("before_session s1: 03-06 14:00")


@pytest.mark.parametrize(
    ("now", "status"),
    [
        ("03-06 14:39", "upcoming"),
        ("03-06 14:40", "due"),
        ("03-07 14:39", "due"),
        ("03-07 14:40", "overdue"),
        ("03-08 14:39", "overdue"),
        ("03-08 14:40", "expired"),
    ],
)
def test_side_effects_are_asked_for_once_a_day_after_the_end(now, status):
    assert effects(sessions_at("03-05 14:00"), now) == [
        f"after_session_24h s1: 03-06 14:40, 03-07 14:40, 03-08 14:40 {status}"
    ]


def test_the_recorded_end_counts_before_the_usual_length():
    session = Session("s1", "c1", moment("03-05 14:00"), "ketamine", "iv", moment("03-05 16:00"))
    sniffed = Session("s1", "c1", moment("03-05 14:00"), "esketamine", "intranasal")

    assert "03-06 16:00" in effects(Treatment((), (session,)))[0]
    assert "03-06 14:00" in effects(Treatment((), (sniffed,)))[0]


@pytest.mark.parametrize(
    ("recorded", "status"),
    [
        ("03-06 14:39", "due"),
        ("03-06 14:40", "answered"),
        ("03-08 14:39", "answered"),
        ("03-08 14:40", "expired"),
    ],
)
def test_only_a_report_within_the_window_says_how_it_was_a_day_later(recorded, status):
    now = "03-08 15:00" if status == "expired" else "03-06 20:00"
    found = effects(sessions_at("03-05 14:00"), now, side_effects=answers(recorded))

    assert [one.rsplit(" ", 1)[1] for one in found] == [status]


def test_a_next_session_ends_the_question_about_the_one_before():
    second_day = effects(sessions_at("03-05 14:00", "03-07 10:00"))
    third_day = effects(sessions_at("03-05 14:00", "03-08 10:00"))
    next_morning = effects(sessions_at("03-05 14:00", "03-06 10:00"))

    assert second_day[0].startswith("after_session_24h s1: 03-06 14:40, 03-07 10:00, 03-07 10:00")
    assert third_day[0].startswith("after_session_24h s1: 03-06 14:40, 03-07 14:40, 03-08 10:00")
    assert [one.partition(":")[0] for one in next_morning] == ["after_session_24h s2"]


def test_side_effects_of_a_session_shortly_before_the_acceptance_are_asked_for_while_due():
    assert effects(sessions_at("02-27 14:00")) == [
        "after_session_24h s1: 03-01 09:00, 03-01 14:40, 03-02 14:40 expired"
    ]
    assert effects(sessions_at("02-27 07:00")) == []


def test_a_pause_that_covers_the_due_days_takes_the_item_away():
    session = sessions_at("03-10 14:00")

    assert effects(session, paused=(("03-11", "03-12"),)) == []
    assert len(effects(session, paused=(("03-11", "03-11"),))) == 1
    assert before(session, accepted="03-08 09:00", paused=(("03-08", "03-10"),)) == []


def test_nothing_is_due_on_a_paused_day_and_the_rest_comes_after_it():
    planned = sessions_at("03-12 14:00")
    paused = (("03-09", "03-10"),)

    assert before(planned, "03-10 12:00", paused=paused)[0].endswith("upcoming")
    assert before(planned, "03-11 12:00", paused=paused)[0].endswith("due")


def test_a_session_that_is_entered_late_or_cancelled_moves_the_windows_around_it():
    after = sessions_at("03-05 14:00", "03-08 14:00", "03-12 14:00")
    known = Treatment(after.courses, (after.sessions[0], after.sessions[2]))
    now = moment("03-12 12:00")

    without, with_it = ({line(item) for item in due_now(case(t), now)} for t in (known, after))

    assert without - with_it == {
        "daily: 03-09 04:00, 03-10 04:00, 03-12 04:00 expired",
        "daily: 03-11 04:00, 03-12 04:00, 03-14 04:00 overdue",
        "day_7 s1: 03-12 04:00, 03-13 04:00, 03-15 04:00 due",
    }
    assert with_it - without == {
        "day_1 s2: 03-09 04:00, 03-10 04:00, 03-12 04:00 expired",
        "day_3 s2: 03-11 04:00, 03-12 04:00, 03-14 04:00 overdue",
        "daily: 03-12 04:00, 03-13 04:00, 03-15 04:00 due",
        "after_session_24h s2: 03-09 14:40, 03-10 14:40, 03-11 14:40 expired",
    }
