"""The numbers of the rules on series are those of the clinical reference."""

from __future__ import annotations

from dataclasses import replace

from services.rules.instruments.definition import instrument
from services.rules.measures import MEASURES
from services.rules.worsening.numbers import (
    COURSE_RULE_THRESHOLDS,
    FORM_RULE_THRESHOLDS,
    RULE_NUMBERS,
    WORSENING_THRESHOLDS,
)


def lowest_of(code: str, band: str) -> int:
    return next(one.low for one in instrument(code).bands if one.name == band)


def test_response_remission_and_change_are_those_of_the_clinical_reference():
    change = MEASURES.newest.change
    assert (change.percent_from_baseline, change.remission_below) == (10, 5)
    assert (change.response_percent, change.partial_percent) == (50, 25)
    assert (change.mcid_points, change.reliable_points) == (5, 6)


def test_all_rules_measure_change_alike():
    for file in (WORSENING_THRESHOLDS, COURSE_RULE_THRESHOLDS, FORM_RULE_THRESHOLDS):
        assert file.measures is MEASURES.newest


def test_the_cuts_are_those_of_the_bands():
    assert FORM_RULE_THRESHOLDS.b1.asrm_total == lowest_of("asrm", "at_or_above_cut") == 6
    assert FORM_RULE_THRESHOLDS.a1.gad7_total == lowest_of("gad7", "severe") == 15
    assert WORSENING_THRESHOLDS.m1.high_from_total == lowest_of("phq9", "severe") == 20
    assert MEASURES.newest.change.minimal_below == lowest_of("phq9", "mild") == 5


def test_rules_speak_again_after_the_days_of_the_table():
    assert RULE_NUMBERS.repeat_days == {"M1": 14, "A1": 14, "B1": 7, "U1": 14}


def test_a_trial_run_may_measure_change_otherwise_in_every_rule():
    change = replace(MEASURES.newest.change, mcid_points=7)
    otherwise = replace(MEASURES.newest, change=change)
    tried = RULE_NUMBERS.measured_by(otherwise)
    assert {tried.worsening.measures, tried.course.measures, tried.form.measures} == {otherwise}
    assert tried.repeat_days == RULE_NUMBERS.repeat_days
