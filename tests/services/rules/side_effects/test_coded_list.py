"""The coded list of side effects: complete, in lay words, and refused whole when it is faulty."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.rules.numbers import NumbersError
from services.rules.side_effects.coded_list import SIDE_EFFECTS, Grade, SideEffect
from services.rules.side_effects.report import ReportedEffect

EMERGENCIES = {
    "chest_pain",
    "breathless",
    "fainting",
    "severe_headache",
    "vision_loss",
    "seizure",
}
OTHERS = {
    "dissociation",
    "perceptual_change",
    "hallucination",
    "euphoria",
    "nausea",
    "vomiting",
    "dizziness",
    "headache",
    "sedation",
    "anxiety_panic",
    "bp_high",
    "palpitations",
    "blurred_vision",
    "unsteady_walk",
    "confusion_memory",
    "urinary_frequency",
    "urinary_pain",
    "blood_in_urine",
    "kidney_flank_pain",
    "craving_or_extra_use",
    "sleep_problem",
    "elevated_mood_or_agitation",
    "injury_or_accident",
    "drove_within_restriction",
    "other",
}


def test_every_code_of_the_clinical_reference_is_there_once():
    assert set(SIDE_EFFECTS.effects) == EMERGENCIES | OTHERS


def test_the_emergency_list_is_the_one_marked_in_the_reference():
    assert SIDE_EFFECTS.emergency_codes == EMERGENCIES


def test_acute_effects_are_those_of_e5_and_hallucinations_with_the_perceptual_ones():
    named = {"dissociation", "perceptual_change", "dizziness", "sedation", "nausea", "headache"}

    assert SIDE_EFFECTS.acute_codes == named | {"hallucination"}


def test_not_every_effect_is_unwelcome():
    valences = {code: SIDE_EFFECTS.effects[code].valence for code in SIDE_EFFECTS.effects}

    assert valences["euphoria"] == "pleasant"
    assert valences["dissociation"] == "mixed"
    assert valences["nausea"] == "adverse"


def test_patients_pick_grades_1_to_4_in_words_and_never_5():
    assert list(SIDE_EFFECTS.grades) == [1, 2, 3, 4]
    assert all(one.label.strip() for one in SIDE_EFFECTS.grades.values())


def test_labels_are_all_different_words_and_not_codes():
    labels = [effect.label for effect in SIDE_EFFECTS.effects.values()]

    assert len(set(labels)) == len(labels)
    assert not set(labels) & set(SIDE_EFFECTS.effects)


@pytest.mark.parametrize(
    ("code", "grade", "is_emergency"),
    [
        ("chest_pain", 1, True),
        ("seizure", 4, True),
        ("nausea", 3, False),
        ("nausea", 4, True),
        ("a-code-of-another-version", 3, False),
        ("a-code-of-another-version", 4, True),
    ],
)
def test_an_emergency_is_a_code_of_the_list_or_grade_4(code, grade, is_emergency):
    assert ReportedEffect(code, grade).is_emergency() is is_emergency


@pytest.mark.parametrize(("group", "emergency"), [("other", True), ("emergency", False)])
def test_no_emergency_can_be_lost_by_dropping_its_mark(group, emergency):
    with pytest.raises(NumbersError, match="emergency: must stand exactly on the group"):
        SideEffect("itch", "Itch", group, "adverse", "a test", emergency=emergency)


def test_grades_are_asked_in_order_and_death_never():
    grades = dict(reversed(SIDE_EFFECTS.grades.items()))
    for wrong in (grades, SIDE_EFFECTS.grades | {5: Grade(5, "death")}):
        with pytest.raises(NumbersError, match="grades: must be 1, 2, 3 and 4 in this order"):
            replace(SIDE_EFFECTS, grades=wrong)
