"""Rule E1, row by row: any emergency symptom at any grade, and grade 4 of anything."""

from __future__ import annotations

import pytest

from services.rules.decision import Tier
from services.rules.side_effects.coded_list import SIDE_EFFECTS
from services.rules.side_effects.report import e1
from tests.builders.rules.session_day import effect, report


@pytest.mark.parametrize("code", sorted(SIDE_EFFECTS.emergency_codes))
@pytest.mark.parametrize("grade", [1, 2, 3, 4])
def test_an_emergency_symptom_is_critical_at_any_grade(code, grade):
    decision = e1(report(1, effect("nausea", 1), effect(code, grade)))

    assert (decision.fired, decision.tier) == (True, Tier.CRITICAL)
    assert decision.inputs == {"codes": code, "grade": grade}


@pytest.mark.parametrize("code", sorted(set(SIDE_EFFECTS.effects) - SIDE_EFFECTS.emergency_codes))
def test_any_other_code_is_critical_at_grade_4_only(code):
    assert e1(report(1, effect(code, 4))).tier == Tier.CRITICAL
    assert not e1(report(1, effect(code, 3))).is_met


def test_an_end_and_a_late_report_calm_nothing():
    assert e1(report(900, effect("seizure", 1, onset=1, ended=1.1), late=True)).fired


def test_a_no_is_a_decision_too():
    decision = e1(report(1))

    assert (decision.rule, decision.fired, decision.tier) == ("E1", False, None)
    assert decision.rule_version == SIDE_EFFECTS.version
    assert decision.inputs == {"codes": None, "grade": None}
