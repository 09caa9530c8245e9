"""Rules E2 and E3, row by row, on both sides of every limit."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rules.decision import Tier
from services.rules.session_day.blood_pressure import e2, e3, is_crisis
from services.rules.session_day.vital_signs import VITAL_THRESHOLDS
from services.rules.side_effects.report import Pressure
from tests.builders.rules.session_day import effect, pressure, report, session, vitals

CHEST_PAIN = effect("chest_pain")


def decide(decided=None, reported=None, others=(), reports=(), sessions=()):
    return e2(decided, reported, others, reports, sessions)


@pytest.mark.parametrize(
    ("systolic", "diastolic", "crisis"),
    [(179, 119, False), (180, 80, True), (120, 120, True), (180, 120, True), (179, 120, True)],
)
def test_the_crisis_range_begins_at_180_or_120(systolic, diastolic, crisis):
    assert is_crisis(pressure(0, systolic, diastolic)) is crisis


def test_a_first_reading_without_symptoms_asks_for_a_second_one():
    decision = decide(pressure(0, 185, 100))

    assert (decision.fired, decision.is_met, decision.tier) == (False, False, None)
    assert decision.inputs["repeat_wanted"] is True
    assert decision.rule_version == VITAL_THRESHOLDS.version


def test_a_reading_below_the_range_asks_for_nothing():
    decision = decide(pressure(0, 179, 119))

    assert decision.inputs["repeat_wanted"] is False
    assert (decision.inputs["systolic"], decision.inputs["crisis"]) == (179, False)


@pytest.mark.parametrize(
    ("name", "minutes_earlier", "fires"),
    [
        ("59 seconds", 59 / 60, False),
        ("one minute", 1, True),
        ("five minutes", 5, True),
        ("four hours", 240, True),
        ("four hours and a second", 240 + 1 / 60, False),
    ],
)
def test_twice_at_least_a_minute_apart_within_four_hours_is_high(name, minutes_earlier, fires):
    decision = decide(pressure(300, 182, 90), others=[pressure(300 - minutes_earlier, 140, 121)])

    assert decision.fired is fires, name
    assert decision.tier == (Tier.HIGH if fires else None)
    assert decision.inputs["repeat_wanted"] is not fires


def test_a_normal_reading_in_between_does_not_undo_the_two():
    others = [pressure(0, 190, 100), pressure(5, 130, 80)]

    assert decide(pressure(10, 185, 100), others=others).tier == Tier.HIGH


def test_the_normal_repeat_itself_does_not_fire():
    others = [pressure(0, 190, 100), pressure(5, 190, 100)]

    assert not decide(pressure(10, 130, 80), others=others).is_met


def test_a_chain_of_readings_is_one_episode():
    others = [pressure(0, 190, 100), pressure(200, 190, 100)]

    assert decide(pressure(200.5, 185, 100), others=others).inputs["seconds_apart"] == 200.5 * 60


def test_an_older_reading_that_comes_late_fires_as_well():
    decision = decide(pressure(0, 185, 100), others=[pressure(3, 185, 100)])

    assert decision.tier == Tier.HIGH


def test_the_same_reading_given_twice_is_still_one():
    one = pressure(0, 185, 100)

    assert decide(one, others=[one, one]).inputs["repeat_wanted"] is True


def test_once_with_a_symptom_in_the_same_report_is_critical():
    reported = report(0, CHEST_PAIN, vitals=pressure(0, 180, 90))

    assert decide(reported.vitals, reported).tier == Tier.CRITICAL


def test_once_with_grade_4_of_anything_is_critical():
    assert decide(pressure(0, 180, 90), report(0, effect("nausea", 4))).tier == Tier.CRITICAL


def test_a_symptom_below_the_range_is_not_e2():
    assert not decide(pressure(0, 179, 119), report(0, CHEST_PAIN)).is_met


def test_a_symptom_after_a_first_reading_makes_it_critical():
    decision = decide(reported=report(2, CHEST_PAIN), others=[pressure(0, 185, 100)])

    assert decision.tier == Tier.CRITICAL
    assert decision.inputs["systolic"] is None


@pytest.mark.parametrize(
    ("hours", "critical"), [(4, True), (4.01, False), (-4, True), (-4.01, False)]
)
def test_a_symptom_of_the_same_four_hours_counts(hours, critical):
    decision = decide(pressure(0, 185, 100), reports=[report(hours, CHEST_PAIN)])

    assert decision.is_met is critical


def test_a_symptom_counts_from_its_onset_to_its_end():
    lasting = report(9, effect("chest_pain", onset=-3, ended=8))
    over = report(9, effect("chest_pain", onset=-9, ended=-5))
    turned_round = report(9, effect("chest_pain", onset=9, ended=-1))

    assert decide(pressure(0, 185, 100), reports=[lasting]).tier == Tier.CRITICAL
    assert not decide(pressure(0, 185, 100), reports=[over]).is_met
    assert decide(pressure(0, 185, 100), reports=[turned_round]).tier == Tier.CRITICAL


@pytest.mark.parametrize(
    ("name", "symptom_at", "measured_at", "critical"),
    [
        ("both in the session's day", 1, 10, True),
        ("the reading at the very end of it", 1, 25, True),
        ("the reading after it", 1, 25.1, False),
        ("the symptom before the session", -5, 2, False),
    ],
)
def test_a_symptom_of_the_same_session_counts(name, symptom_at, measured_at, critical):
    decision = decide(
        pressure(measured_at * 60, 185, 100),
        reports=[report(symptom_at, CHEST_PAIN)],
        sessions=[session()],
    )

    assert decision.is_met is critical, name


readings = st.lists(
    st.builds(
        pressure,
        st.integers(0, 600),
        st.sampled_from([150, 179, 180, 200]),
        st.sampled_from([80, 119, 120]),
    ),
    min_size=1,
    max_size=5,
)


@given(readings, st.integers(0, 10))
def test_the_order_of_the_other_readings_never_matters(taken, symptom_at):
    decided, *others = taken
    reported = [report(symptom_at, CHEST_PAIN)]
    found = {
        str(decide(decided, others=one, reports=reported)) for one in itertools.permutations(others)
    }

    assert len(found) == 1


@given(readings)
def test_whichever_reading_comes_last_an_episode_of_two_is_found(taken):
    def fires(order: tuple[Pressure, ...]) -> bool:
        return any(decide(one, others=order[:n]).fired for n, one in enumerate(order))

    assert len({fires(order) for order in itertools.permutations(taken)}) == 1


@pytest.mark.parametrize(
    ("phase", "systolic", "diastolic", "holds"),
    [
        ("pre", 140, 90, False),
        ("pre", 141, 90, True),
        ("pre", 140, 91, True),
        ("pre", 100, 60, False),
        ("during", 170, 100, False),
        ("post", 170, 100, False),
        ("discharge", 170, 100, False),
    ],
)
def test_e3_is_a_reading_before_dosing_strictly_above_140_or_90(phase, systolic, diastolic, holds):
    decision = e3(vitals(phase, -10, systolic, diastolic))

    assert (decision.fired, decision.tier) == (holds, Tier.HIGH if holds else None)
    assert (decision.rule, decision.about) == ("E3", "s1")
    assert decision.inputs["systolic_limit"] == 140
