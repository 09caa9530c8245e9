"""Rule E4, row by row: the vital signs after dosing."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.rules.decision import Tier
from services.rules.session_day.after_dosing import (
    Finding,
    e4,
    findings,
    heart_rate_flag,
    last_before_dosing,
)
from tests.builders.rules.session_day import session, vitals

SESSION = session()
PRE = vitals("pre", -10)


def kinds(*series):
    return {finding.kind for finding in findings(SESSION, series)}


@pytest.mark.parametrize(
    ("systolic", "diastolic", "found"),
    [
        (159, 104, set()),
        (160, 104, {"systolic_rise"}),
        (159, 105, {"diastolic_rise"}),
        (160, 105, {"systolic_rise", "diastolic_rise"}),
    ],
)
@pytest.mark.parametrize("phase", ["during", "post", "discharge"])
def test_a_rise_of_40_or_25_over_the_reading_before(phase, systolic, diastolic, found):
    assert kinds(PRE, vitals(phase, 40, systolic, diastolic)) == found


@pytest.mark.parametrize(("minutes", "found"), [(29, set()), (30, {"systolic_rise"})])
def test_rises_count_from_half_an_hour_on(minutes, found):
    assert kinds(PRE, vitals("during", minutes, 165)) == found


def test_the_reference_is_the_last_reading_before_dosing():
    first, last = vitals("pre", -30, 150), vitals("pre", -5, 120)

    assert last_before_dosing([last, first]) == last
    assert kinds(first, last, vitals("post", 40, 160)) == {"systolic_rise"}
    assert last_before_dosing([vitals("post", 40)]) is None


def test_without_a_reading_before_dosing_no_rise_is_known():
    assert kinds(vitals("post", 40, 178, 110)) == set()


NOT_DECLINING = {"systolic_not_declining"}


@pytest.mark.parametrize(
    ("name", "readings", "found"),
    [
        ("lower than the peak", [(40, 150), (120, 149)], set()),
        ("as high as the peak", [(40, 150), (120, 150)], NOT_DECLINING),
        ("higher than any before", [(40, 140), (80, 130), (120, 145)], NOT_DECLINING),
        ("a minute before two hours", [(40, 150), (119, 150)], set()),
        ("later than two hours", [(40, 150), (180, 150)], NOT_DECLINING),
        ("the only reading, raised", [(120, 150)], NOT_DECLINING),
        ("never rose", [(40, 120), (120, 120)], set()),
        ("settled: ten above", [(40, 130), (120, 130)], set()),
        ("eleven above", [(40, 131), (120, 131)], NOT_DECLINING),
        ("came down and goes up again", [(40, 150), (90, 120), (120, 140)], set()),
    ],
)
def test_not_declining_at_two_hours(name, readings, found):
    taken = [vitals("post", minutes, systolic) for minutes, systolic in readings]

    assert kinds(PRE, *taken) == found, name


def test_the_diastolic_pressure_has_to_decline_too():
    taken = [vitals("post", 40, 120, 95), vitals("post", 125, 120, 95)]

    assert kinds(PRE, *taken) == {"diastolic_not_declining"}


@pytest.mark.parametrize(
    ("before", "later", "raised"),
    [
        (138, 140, False),
        (138, 141, True),
        (160, 160, False),
        (160, 161, True),
        (None, 140, False),
        (None, 141, True),
    ],
)
def test_above_the_guide_counts_as_raised_unless_it_was_so_before(before, later, raised):
    pre = [] if before is None else [vitals("pre", -10, before)]

    assert kinds(*pre, vitals("discharge", 130, later)) == (NOT_DECLINING if raised else set())


@pytest.mark.parametrize(
    ("phase", "sedation", "found"),
    [
        ("discharge", 4, set()),
        ("discharge", 3, {"sedated_at_discharge"}),
        ("discharge", 0, {"sedated_at_discharge"}),
        ("discharge", None, set()),
        ("post", 1, set()),
    ],
)
def test_sedation_counts_at_discharge(phase, sedation, found):
    assert kinds(PRE, vitals(phase, 60, sedation=sedation)) == found


@pytest.mark.parametrize("phase", ["pre", "during", "post", "discharge"])
@pytest.mark.parametrize(("spo2", "found"), [(92, set()), (91, {"oxygen_low"}), (None, set())])
def test_oxygen_below_92_percent_counts_in_any_phase(phase, spo2, found):
    assert kinds(vitals(phase, 5, spo2=spo2)) == found


@pytest.mark.parametrize(
    ("rate", "flag"), [(49, "low"), (50, None), (120, None), (121, "high"), (None, None)]
)
def test_a_heart_rate_is_flagged_but_never_fires(rate, flag):
    decision = e4(SESSION, vitals("post", 60, heart_rate=rate), [PRE])

    assert heart_rate_flag(rate) == decision.inputs["heart_rate_flag"] == flag
    assert not decision.fired


def test_a_decision_says_what_it_saw():
    decision = e4(SESSION, vitals("post", 40, 161, 106, spo2=90), [PRE])

    assert (decision.rule, decision.fired, decision.tier) == ("E4", True, Tier.HIGH)
    assert decision.about == "s1"
    assert decision.inputs["findings"] == "diastolic_rise,oxygen_low,systolic_rise"
    assert (decision.inputs["minutes"], decision.inputs["systolic_before"]) == (40, 120)


def test_an_old_finding_is_not_fired_again_by_a_good_reading():
    risen = vitals("post", 40, 170)

    assert not e4(SESSION, vitals("post", 90, 130), [PRE, risen]).is_met


def test_a_reading_before_dosing_typed_in_late_finds_the_rise():
    risen = vitals("post", 40, 170)

    assert not e4(SESSION, risen, [risen]).is_met
    assert e4(SESSION, PRE, [risen, PRE]).inputs["findings"] == "systolic_rise"


taken_sets = st.lists(
    st.tuples(
        st.sampled_from(["pre", "during", "post", "discharge"]),
        st.sampled_from([-20, 0, 29, 30, 40, 119, 120, 150]),
        st.sampled_from([110, 120, 130, 150, 160]),
        st.sampled_from([91, 92]),
        st.sampled_from([3, 4]),
    ),
    max_size=4,
)


@settings(max_examples=60)
@given(taken_sets)
def test_whatever_the_order_every_finding_fires_when_it_becomes_known(drawn):
    series = [
        vitals(phase, minutes, systolic, spo2=spo2, sedation=sedation, name=f"v{n}")
        for n, (phase, minutes, systolic, spo2, sedation) in enumerate(drawn)
    ]
    expected = {finding.kind for finding in findings(SESSION, series)}
    for order in itertools.permutations(series):
        fired: set[str] = set()
        for n, one in enumerate(order):
            found = e4(SESSION, one, order[:n]).inputs["findings"]
            fired |= set(str(found).split(","))
        assert expected <= fired
        assert findings(SESSION, order) == findings(SESSION, series)


def test_findings_stand_in_the_order_of_the_readings():
    later, sooner = vitals("post", 90, 170), vitals("post", 40, 165)

    assert findings(SESSION, [later, PRE, sooner]) == (
        Finding("systolic_rise", sooner.id),
        Finding("systolic_rise", later.id),
    )
