"""M3 row by row: a response is lost on two readings five days apart, or in one high reading."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rules.courses import UNTREATED
from services.rules.decision import Tier
from services.rules.worsening.return_of_symptoms import Relapse, after_first_session, m3, relapse
from tests.builders.rules.courses import session, treated
from tests.builders.rules.days import on, values

ONE_COURSE = treated(session(0), session(3), session(7))


def lost(first: int, confirmed: int) -> Relapse:
    return Relapse(on(first), on(confirmed), "lost_response")


def above(day: int) -> Relapse:
    return Relapse(on(day), on(day), "above_nadir")


@pytest.mark.parametrize(
    ("name", "baseline", "readings", "found"),
    [
        ("no reading", 20, {}, None),
        ("never a response: 11 of 20 is 45 %", 20, {7: 11, 14: 20, 21: 20}, None),
        ("response exactly at 50 %, then lost twice", 20, {7: 10, 14: 11, 21: 11}, lost(14, 21)),
        ("10 of 20 is still a response", 20, {7: 8, 14: 10, 21: 10}, None),
        ("one reading below a response", 20, {7: 8, 14: 11}, None),
        ("a pair four days apart", 20, {7: 8, 14: 11, 18: 11}, None),
        ("a pair five days apart", 20, {7: 8, 14: 11, 19: 11}, lost(14, 19)),
        ("three readings that span five days", 20, {7: 8, 14: 11, 17: 11, 19: 11}, lost(14, 19)),
        ("a response in between breaks the run", 20, {7: 8, 14: 11, 17: 9, 19: 11}, None),
        ("an odd baseline: 50 % of 21 is 10.5", 21, {7: 10, 14: 11, 21: 11}, lost(14, 21)),
        ("a mean as baseline", 20.5, {7: 10, 14: 10, 21: 10}, None),
        ("10 and 5 above the nadir, yet 58 %", 24, {7: 5, 14: 10}, above(14)),
        ("9 and 6 above the nadir", 24, {7: 3, 14: 9}, None),
        ("11 and 4 above the nadir", 24, {7: 7, 14: 11}, None),
        ("the nadir is the lowest since the response", 24, {7: 11, 14: 5, 21: 10}, above(21)),
        ("low before the response is no nadir", 10, {7: 6, 14: 5, 21: 9}, None),
        ("both at once are dated to the first", 20, {7: 8, 14: 12, 21: 14}, lost(14, 21)),
        ("the earlier confirmation counts", 20, {7: 8, 14: 12, 16: 13, 21: 14}, above(16)),
        ("the first relapse counts", 20, {7: 8, 14: 15, 21: 8, 28: 15}, above(14)),
        ("baseline 10 is enough for percent", 10, {7: 5, 14: 6, 21: 6}, lost(14, 21)),
        ("baseline 9 is not", 9, {7: 4, 14: 8, 21: 8}, None),
        ("baseline 9: remission and 10", 9, {7: 4, 14: 10}, above(14)),
        ("baseline 9 without remission", 9, {7: 5, 14: 10}, None),
        ("no baseline: remission and 10", None, {7: 4, 14: 10}, above(14)),
        ("no baseline: 9 is not enough", None, {7: 4, 14: 9, 21: 9}, None),
        ("no baseline, no remission", None, {7: 5, 14: 27}, None),
    ],
)
def test_a_relapse_is_dated_to_the_first_of_the_confirming_pair(name, baseline, readings, found):
    assert relapse(values(readings), baseline) == found, name


def test_the_baseline_may_be_exact():
    assert relapse(values({7: 10, 14: 11, 21: 11}), Fraction(62, 3)) == lost(14, 21)


READINGS = st.dictionaries(st.integers(1, 120), st.integers(0, 27), max_size=12)
BASELINES = st.one_of(st.none(), st.integers(0, 27))


@given(READINGS, BASELINES, st.randoms())
def test_the_order_of_the_readings_never_matters(readings, baseline, random):
    shuffled = list(values(readings))
    random.shuffle(shuffled)
    assert relapse(shuffled, baseline) == relapse(values(dict(sorted(readings.items()))), baseline)


@given(READINGS, BASELINES, st.integers(121, 200), st.integers(0, 27))
def test_a_later_reading_never_changes_a_relapse(readings, baseline, day, score):
    before = relapse(values(readings), baseline)
    after = relapse(values({**readings, day: score}), baseline)
    assert before is None or after == before


@given(READINGS, BASELINES)
def test_m3_holds_at_the_reading_that_confirms_a_relapse(readings, baseline):
    found = relapse(values(readings), baseline)
    for day in sorted(readings):
        known = {one: score for one, score in readings.items() if one <= day}
        decision = m3(values(known), baseline, ONE_COURSE, UTC)
        if found is None or on(day) < found.confirmed_on:
            assert not decision.is_met
        elif on(day) == found.confirmed_on:
            assert decision.inputs["relapse_on"] == found.on.isoformat()


def test_readings_count_from_the_day_after_the_first_session_of_the_course():
    kept = after_first_session(values({-3: 20, 0: 4, 1: 9}), ONE_COURSE, UTC)
    assert kept == tuple(values({1: 9}))


def test_the_day_of_the_session_is_that_of_the_patient():
    evening = treated(session(0, hour=23))
    tokyo = timezone(timedelta(hours=9))
    assert after_first_session(values({1: 9}), evening, UTC) == tuple(values({1: 9}))
    assert after_first_session(values({1: 9}), evening, tokyo) == ()


def test_a_maintenance_that_follows_keeps_the_response_to_the_induction():
    both = treated(session(0), session(30, "maintenance"))

    decision = m3(values({14: 6, 35: 12, 42: 12}), 20.0, both, UTC)

    assert (decision.is_met, decision.about) == (True, "maintenance")


def test_a_course_long_afterwards_starts_anew():
    apart = treated(session(0), session(100, "second"))

    assert not m3(values({14: 6, 105: 12, 112: 12}), 20.0, apart, UTC).is_met


def test_without_a_session_nothing_is_decided():
    decision = m3(values({7: 8, 14: 15, 21: 15}), 20.0, UNTREATED, UTC)

    assert (decision.is_met, decision.fired, decision.tier) == (False, False, None)
    assert (decision.about, decision.inputs["readings"]) == (None, 0)


def test_what_it_looked_at_is_kept():
    decision = m3(values({7: 8, 14: 11, 21: 11}), 20.0, ONE_COURSE, UTC)

    assert (decision.rule, decision.rule_version, decision.tier) == ("M3", "2", Tier.MEDIUM)
    assert (decision.is_met, decision.fired, decision.about) == (True, True, "a")
    assert decision.inputs == {
        "on": on(21).isoformat(),
        "total": 11,
        "baseline": 20.0,
        "readings": 3,
        "responded_on": on(7).isoformat(),
        "nadir": 8,
        "below_response_since": on(14).isoformat(),
        "relapse_on": on(14).isoformat(),
        "form": "lost_response",
    }


def test_a_no_keeps_what_it_looked_at_too():
    decision = m3(values({7: 8, 14: 11}), 20.0, ONE_COURSE, UTC)

    assert (decision.is_met, decision.tier, decision.about) == (False, None, "a")
    assert decision.inputs["below_response_since"] == on(14).isoformat()
    assert decision.inputs["relapse_on"] is None


def test_it_holds_until_there_is_a_response_anew():
    scores = {7: 8, 14: 15, 21: 12, 28: 9, 35: 13, 42: 14}
    decisions = [
        m3(values({day: scores[day] for day in scores if day <= last}), 20.0, ONE_COURSE, UTC)
        for last in scores
    ]
    assert [decision.is_met for decision in decisions] == [False, True, True, False, False, True]


def test_treatment_for_the_return_is_not_reported_as_a_return_in_the_new_course():
    again = treated(session(0), session(16, "re-induction"))
    scores = {7: 8, 14: 15, 20: 15}

    still = m3(values(scores), 20.0, again, UTC)
    anew = m3(values({**scores, 27: 8, 34: 15}), 20.0, again, UTC)

    assert (still.is_met, still.about) == (True, "a")
    assert (anew.is_met, anew.about) == (True, "re-induction")
