"""U1 row by row: the monthly bladder form and reports of side effects; blood is high."""

from __future__ import annotations

import pytest

from services.rules.decision import Tier
from services.rules.side_effects.coded_list import SIDE_EFFECTS
from services.rules.worsening.urinary import URINARY_EFFECTS, UrinaryForm, u1, u1_effects
from tests.builders.rules.days import on


def form(*items: int | None) -> UrinaryForm:
    return UrinaryForm(on(30), {f"q{n}": value for n, value in enumerate(items, start=1)})


@pytest.mark.parametrize(
    ("name", "items", "baseline", "severity"),
    [
        ("all well", (0, 0, 0, 0, 0), None, None),
        ("ones without a baseline", (1, 1, 1, 1, 0), None, None),
        ("one item of 2", (2, 0, 0, 0, 0), None, Tier.MEDIUM),
        ("one item of 3", (0, 0, 0, 3, 0), 0.0, Tier.MEDIUM),
        ("any blood", (0, 0, 0, 0, 1), None, Tier.HIGH),
        ("much blood", (3, 3, 3, 3, 3), None, Tier.HIGH),
        ("3 above the baseline", (1, 1, 1, 0, 0), 0.0, Tier.MEDIUM),
        ("2 above the baseline", (1, 1, 1, 0, 0), 1.0, None),
        ("below the baseline", (1, 0, 0, 0, 0), 4.0, None),
        ("partial: what was answered is enough", (2, None, None, None, None), None, Tier.MEDIUM),
        ("partial: blood", (None, None, None, None, 1), None, Tier.HIGH),
        ("partial: the rise is sure", (1, 1, 1, None, None), 0.0, Tier.MEDIUM),
        ("partial: the rise is not sure", (1, 1, None, None, None), 0.0, None),
        ("nothing answered", (None, None, None, None, None), 0.0, None),
    ],
)
def test_an_item_of_two_any_blood_or_a_rise_of_three(name, items, baseline, severity):
    decision = u1(form(*items), baseline)

    assert decision.tier == severity, name
    assert decision.is_met is decision.fired is (severity is not None), name


def test_the_answers_of_the_form_are_kept():
    decision = u1(form(1, 0, None, 1, 0), 1.0)

    assert (decision.rule, decision.rule_version, decision.about) == ("U1", "2", None)
    assert decision.inputs == {
        "on": on(30).isoformat(),
        "worst_item": 1,
        "item_limit": 2,
        "blood": 0,
        "blood_limit": 1,
        "answered": 4,
        "points": 2,
        "baseline": 1.0,
        "rise": 1,
        "rise_limit": 3,
        "new_after_sessions": False,
        "sessions": 0,
        "sessions_limit": 4,
    }


@pytest.mark.parametrize(
    ("name", "items", "seen_before", "sessions", "holds"),
    [
        ("the first symptom after 4 sessions", (0, 1, 0, 0, 0), (), 4, True),
        ("after 3", (0, 1, 0, 0, 0), (), 3, False),
        ("another than before", (1, 1, 0, 0, 0), ("q1",), 9, True),
        ("the one of before", (1, 0, 0, 0, 0), ("q1", "q2"), 9, False),
        ("no symptom", (0, 0, 0, 0, 0), (), 9, False),
        ("nothing answered", (None, None, None, None, None), (), 9, False),
        ("earlier forms are not known", (0, 1, 0, 0, 0), None, 9, False),
    ],
)
def test_a_symptom_that_is_new_after_four_sessions(name, items, seen_before, sessions, holds):
    decision = u1(form(*items), None, seen_before, sessions)

    assert decision.tier == (Tier.MEDIUM if holds else None), name
    assert decision.inputs["new_after_sessions"] is holds


def test_the_urinary_codes_are_those_of_the_list():
    assert {
        "urinary_frequency",
        "urinary_pain",
        "blood_in_urine",
        "kidney_flank_pain",
    } == URINARY_EFFECTS
    assert set(SIDE_EFFECTS.effects) > URINARY_EFFECTS


@pytest.mark.parametrize(
    ("name", "grades", "seen", "sessions", "severity"),
    [
        ("grade 2", {"urinary_pain": 2}, ["urinary_pain"], 0, Tier.MEDIUM),
        ("grade 1 seen before", {"urinary_pain": 1}, ["urinary_pain"], 10, None),
        ("grade 1 new after four sessions", {"urinary_pain": 1}, [], 4, Tier.MEDIUM),
        ("grade 1 new after three", {"urinary_pain": 1}, [], 3, None),
        (
            "another urinary code is new",
            {"urinary_pain": 1},
            ["urinary_frequency"],
            4,
            Tier.MEDIUM,
        ),
        ("blood of grade 1", {"blood_in_urine": 1}, ["blood_in_urine"], 0, Tier.HIGH),
        ("blood beside pain", {"blood_in_urine": 1, "urinary_pain": 3}, [], 9, Tier.HIGH),
        ("flank pain of grade 2", {"kidney_flank_pain": 2}, [], 0, Tier.MEDIUM),
        ("other codes are not urinary", {"headache": 3}, [], 9, None),
        ("nothing", {}, [], 9, None),
    ],
)
def test_a_reported_urinary_effect(name, grades, seen, sessions, severity):
    decision = u1_effects(grades, on(30), seen, sessions)

    assert decision.tier == severity, name
    assert decision.is_met is decision.fired is (severity is not None), name


def test_the_figures_of_the_report_are_kept():
    grades = {"urinary_pain": 1, "urinary_frequency": 1, "headache": 3}

    decision = u1_effects(grades, on(30), ["urinary_frequency"], 4)

    assert (decision.rule, decision.rule_version) == ("U1", "2")
    assert decision.inputs == {
        "on": on(30).isoformat(),
        "worst_grade": 1,
        "grade_limit": 2,
        "blood": None,
        "blood_limit": 1,
        "codes": "urinary_frequency urinary_pain",
        "new_after_sessions": True,
        "sessions": 4,
        "sessions_limit": 4,
    }
