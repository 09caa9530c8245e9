"""The report of a treated patient: what sessions add to it, and what must hold for everybody."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rules.courses import Course, Session, Treatment
from services.rules.day_series import SeriesEntry
from services.rules.figures.item9 import LevelOn
from services.rules.measures import MEASURES
from services.rules.side_effects.report import EffectsReport, ReportedEffect
from services.rules.trend.document import figures_json
from services.rules.trend.report import Beside, trend
from tests.builders.rules.changed_numbers import measured_otherwise
from tests.builders.rules.courses import course, joined_plans
from tests.builders.rules.days import at, entry, on, run

DAILY = {
    **run(3, 18, 20, 19, 20, 19, 20, 18),
    **run(11, 10, 8, 9, 14, 15, 16, 15),
    **run(18, 7, 6, 8, 7, 15, 15, 15),
    **run(25, 5, 6, 6, 7, 7),
}
SESSIONS = course(days=(10, 17, 24))


def report(instrument, entries, beside=None, cut_day=60, **choices):
    return figures_json(
        trend(
            instrument,
            entries,
            timezone="Etc/UTC",
            data_cut_at=at(cut_day),
            beside=beside or Beside(SESSIONS),
            **choices,
        )
    )


def forms(scores):
    return [entry(day, score) for day, score in scores.items()]


def test_a_saw_tooth_over_three_sessions():
    found = report("phq9-daily", forms(DAILY))

    assert found["baseline"] == {"value": 134 / 7, "on": "2026-03-10", "status": "established"}
    figures = [
        (one["number"], one["pre"], one["nadir"], one["nadir_on"], one["effect"])
        for one in found["sessions"]
    ]
    assert figures == [
        (1, 19, 8, "2026-03-13", 11),
        (2, 15, 6, "2026-03-20", 9),
        (3, 37 / 3, 5, "2026-03-26", 22 / 3),
    ]
    assert [(one["duration_days"], one["duration_status"]) for one in found["sessions"]] == [
        (4, "observed"),
        (5, "observed"),
        (5, "censored"),
    ]
    assert [one["censored_by"] for one in found["sessions"]] == [None, None, "last_entry"]
    assert found["effect_duration"]["median_days"] == 5
    assert found["effect_duration"]["n"] == 3
    assert found["onset"] == {"on": "2026-03-12", "days": 1, "hours": 22}
    assert found["course"]["sessions"] == 3
    assert (found["course"]["response_status"], found["relapse"]) == (None, None)
    assert (found["status"], found["reliable_change"]) == (None, None)


def test_a_session_is_shown_as_entered():
    given_dose = replace(SESSIONS.sessions[0], dose_value=0.5, dose_unit="mg/kg")
    shared = Session("b", "a", at(11, 13), "esketamine", None)
    treated = Treatment(SESSIONS.courses, (given_dose, shared))

    first, second = report("phq9-daily", forms(DAILY), Beside(treated))["sessions"]

    assert first["started_at"] == "2026-03-11T14:00:00Z"
    assert (first["course_id"], first["product"], first["route"]) == ("a", "ketamine", "iv")
    assert first["dose"] == {"value": 0.5, "unit": "mg/kg"}
    assert (second["dose"], second["route"], second["number"]) == (None, None, 2)
    assert (first["shares_window_with"], second["shares_window_with"]) == (["b"], ["a10"])
    assert first["nadir"] == second["nadir"]
    assert (first["interval"], first["pre_is_floor"], first["observed_days"]) == (None, False, 7)


def test_the_two_week_form_tells_response_and_relapse():
    scores = {8: 20, 17: 12, 24: 9, 38: 8, 52: 15, 59: 16}
    found = report("phq9", forms(scores))

    assert found["baseline"]["status"] == "established"
    assert (found["status"], found["reliable_change"]) == ("no_response", "none")
    assert found["onset"] == {"on": "2026-03-25", "days": 14, "hours": None}
    assert found["relapse"] == {
        "on": "2026-04-22",
        "confirmed_on": "2026-04-22",
        "form": "above_nadir",
    }
    assert found["course"] == {
        "id": "a",
        "product": "ketamine",
        "phase": "induction",
        "started_on": "2026-03-01",
        "ended_on": None,
        "sessions": 3,
        "last_induction_on": "2026-03-25",
        "response_duration_days": 28,
        "response_status": "observed",
    }


def test_a_relapse_is_counted_from_the_baseline_that_the_numbers_of_the_cut_name():
    first, again = course(days=(10,)), course("b", days=(70,))
    treated = Treatment(first.courses + again.courses, first.sessions + again.sessions)
    # A response, and its loss, between two courses 60 days apart.
    answers = forms({9: 20, 12: 8, 30: 18, 40: 19, 69: 20, 75: 19})
    keep = replace(MEASURES.newest.baseline, keep_days=30)

    known = report("phq9", answers, Beside(treated), cut_day=80)
    then = report(
        "phq9",
        answers,
        Beside(treated),
        cut_day=80,
        numbers=measured_otherwise(baseline=keep),
    )

    assert known["relapse"]["on"] == on(30).isoformat()
    assert then["baseline"]["on"] == on(69).isoformat()
    assert then["relapse"] is None


def test_a_loss_in_a_gap_is_shown_as_an_interval():
    scores = {**run(7, 20, 20, 20), **run(11, 8, 8), **run(17, 18, 18)}
    (found,) = report("phq9-daily", forms(scores), Beside(course(days=(10,))))["sessions"]

    assert found["interval"] == {"low": 2, "high": 7}
    assert (found["duration_days"], found["duration_status"]) == (7, "interval_censored")


def test_rows_carry_their_session_and_the_range_of_a_busy_day():
    busy = [entry(10, total, hour) for total, hour in [(19, 8), (12, 16), (7, 18), (9, 22)]]
    few = [entry(11, total, hour) for total, hour in [(9, 8), (3, 16), (5, 18)]]
    rows = report("phq9-daily", [*busy, *few, entry(11, None, 20)])["series"]

    assert rows == [
        {
            "mood_day": "2026-03-11",
            "value": 9,
            "q9_max": 0,
            "entries": 4,
            "session_id": "a10",
            "range": {"low": 7, "high": 19},
        },
        {"mood_day": "2026-03-12", "value": 5, "q9_max": 0, "entries": 4},
    ]


def test_what_stands_beside_the_check_ins_is_shown_too():
    nausea = ReportedEffect("nausea", 2, None, at(10, 18))
    reports = [
        EffectsReport("1", at(10, 20), at(10, 20), on(10), (nausea,)),
        EffectsReport("2", at(61), at(61), on(61), (nausea,)),
    ]
    levels = [LevelOn(on(20), "low"), LevelOn(on(61), "high")]

    found = report("phq9-daily", [entry(9, 5, item9=2)], Beside(SESSIONS, levels, reports))

    assert found["item9"]["cssrs"] == [{"on": "2026-03-21", "level": "low"}]
    assert found["item9"]["days_since_positive"] == 51
    nothing = {"count": 0, "max_grade": None}
    assert found["side_effects"] == [
        {
            "session_id": "a10",
            "count": 1,
            "max_grade": 2,
            "acute": {"count": 1, "max_grade": 2},
            "persistent": nothing,
            "long_term": nothing,
            "resolved_within_24h": {"resolved": 1, "known": 1, "percent": 100},
        }
    ]


def test_a_planned_session_is_no_session_yet():
    later = joined_plans(("a", (10, 17, 24), "induction"), ("b", (61,), "maintenance"))

    assert report("phq9-daily", forms(DAILY), Beside(later)) == report("phq9-daily", forms(DAILY))


def test_a_session_after_the_reported_days_changes_nothing():
    found = report("phq9-daily", forms(DAILY), to_day=on(16))

    assert [one["id"] for one in found["sessions"]] == ["a10"]
    assert found["sessions"][0]["censored_by"] is None


ENTRIES = st.lists(
    st.builds(
        lambda minute, total, item9: SeriesEntry(
            (at(0, 0) + timedelta(minutes=minute - 240)).date(),
            at(0, 0) + timedelta(minutes=minute),
            at(0, 0) + timedelta(minutes=minute),
            f"{minute:05}",
            total,
            item9,
        ),
        st.integers(240, 50 * 1440),
        st.none() | st.integers(0, 27),
        st.none() | st.integers(0, 3),
    ),
    max_size=40,
    unique_by=lambda made: made.entry_id,
)
DAYS = st.lists(st.floats(0, 50).map(lambda day: round(day, 2)), max_size=6, unique=True)
INSTRUMENTS = st.sampled_from(["phq9", "phq9-daily", "gad7", "mood"])


@given(INSTRUMENTS, ENTRIES, DAYS, st.randoms(use_true_random=False))
def test_the_order_of_entries_never_matters(instrument, entries, days, dice):
    beside = Beside(course(days=days))
    shuffled = list(entries)
    dice.shuffle(shuffled)

    assert report(instrument, shuffled, beside) == report(instrument, entries, beside)


@given(INSTRUMENTS, ENTRIES, DAYS)
def test_every_report_is_json_without_holes(instrument, entries, days):
    found = report(instrument, entries, Beside(course(days=days)))

    assert json.loads(json.dumps(found, allow_nan=False)) == found
    followed = [one for one in found["sessions"] if one["duration_days"] is not None]
    assert all(one["effect"] > 0 and one["duration_days"] >= 2 for one in followed)
    assert found["effect_duration"]["n"] <= len(followed)


@given(INSTRUMENTS, ENTRIES, DAYS, st.integers(0, 50))
def test_a_missing_day_never_changes_another_day(instrument, entries, days, missing):
    beside = Beside(course(days=days))
    kept = [made for made in entries if made.mood_day != on(missing)]

    rows = report(instrument, entries, beside)["series"]

    there = [row for row in rows if row["mood_day"] != on(missing).isoformat()]
    assert report(instrument, kept, beside)["series"] == there


@given(INSTRUMENTS, ENTRIES, DAYS, st.integers(0, 50))
def test_a_day_out_of_a_sessions_reach_never_changes_its_effect(instrument, entries, days, missing):
    beside = Beside(course(days=days))
    kept = [made for made in entries if made.mood_day != on(missing)]

    def effects(found):
        reach = (timedelta(days=4), timedelta(days=8))
        return [
            (one["pre"], one["nadir"], one["effect"])
            for one in found["sessions"]
            if not one["shares_window_with"]
            and not at(missing) - reach[1]
            <= datetime.fromisoformat(one["started_at"])
            <= at(missing) + reach[0]
        ]

    assert effects(report(instrument, kept, beside)) == effects(report(instrument, entries, beside))


@given(INSTRUMENTS, ENTRIES, DAYS, st.sampled_from([-11, -5, 3, 12]))
def test_a_shifted_zone_shifts_days_and_nothing_else(instrument, entries, days, hours):
    """The same wall clocks elsewhere: every instant moves, and every figure stays."""
    by = timedelta(hours=-hours)
    plan = course(days=days)
    there = Treatment(
        plan.courses,
        tuple(replace(one, started_at=one.started_at + by) for one in plan.sessions),
    )
    moved = [
        made._replace(recorded_at=made.recorded_at + by, received_at=made.received_at + by)
        for made in entries
    ]
    elsewhere = figures_json(
        trend(
            instrument,
            moved,
            timezone=f"Etc/GMT{-hours:+d}",
            data_cut_at=at(60) + by,
            beside=Beside(there),
        )
    )

    here = report(instrument, entries, Beside(plan))
    for found in (here, elsewhere):
        for one in found["sessions"]:
            del one["started_at"]
    assert elsewhere == here


def test_a_course_without_a_session_is_no_course_yet():
    planned = Treatment((Course("b", "tms", "induction", on(20)),), ())

    found = report("phq9", forms(DAILY), Beside(planned))

    assert (found["course"], found["baseline"]["status"]) == (None, "provisional")


@pytest.mark.parametrize("instrument", ["gad7", "pcl5"])
def test_other_scales_have_session_effects_and_no_words(instrument):
    found = report(instrument, forms(DAILY))

    assert found["sessions"][0]["effect"] == 11
    assert (found["onset"], found["relapse"], found["status"]) == (None, None, None)


def test_a_relapse_a_return_and_a_relapse_are_two_and_the_first_leads():
    scores = {-1: 20, 14: 8, 28: 15, 35: 15, 60: 6, 90: 16, 100: 16}
    found = trend(
        "phq9",
        forms(scores),
        timezone="Etc/UTC",
        data_cut_at=at(120),
        beside=Beside(course(days=(0, 3))),
    )
    shown = figures_json(found)

    assert [one["on"] for one in shown["relapses"]] == [on(28).isoformat(), on(90).isoformat()]
    assert shown["relapse"] == shown["relapses"][0]
    assert shown["course"]["response_duration_days"] == 25
