"""The coded list of side effects: complete, in lay words, and refused whole when it is faulty."""

from __future__ import annotations

import pytest

from services.rules.side_effects.coded_list import (
    CODES,
    SIDE_EFFECTS,
    SideEffectsError,
    read_side_effects,
)
from services.rules.side_effects.report import ReportedEffect
from services.rules.threshold_files import DATA

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
    assert set(CODES) == EMERGENCIES | OTHERS
    assert len(CODES) == len(set(CODES))


def test_the_emergency_list_is_the_one_marked_in_the_reference():
    assert SIDE_EFFECTS.emergency_codes == EMERGENCIES


def test_acute_effects_are_those_of_e5_and_hallucinations_with_the_perceptual_ones():
    named = {"dissociation", "perceptual_change", "dizziness", "sedation", "nausea", "headache"}

    assert SIDE_EFFECTS.acute_codes == named | {"hallucination"}


def test_not_every_effect_is_unwelcome():
    valences = {code: SIDE_EFFECTS.effects[code].valence for code in CODES}

    assert valences["euphoria"] == "pleasant"
    assert valences["dissociation"] == "mixed"
    assert valences["nausea"] == "adverse"


def test_patients_pick_grades_1_to_4_in_words_and_never_5():
    assert list(SIDE_EFFECTS.grades) == [1, 2, 3, 4]
    assert all(label.strip() for label in SIDE_EFFECTS.grades.values())


def test_labels_are_all_different_words_and_not_codes():
    labels = [effect.label for effect in SIDE_EFFECTS.effects.values()]

    assert len(set(labels)) == len(labels)
    assert not set(labels) & set(CODES)


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


GRADES = "".join(
    f'[[grades]]\ngrade = {grade}\nlabel = "g{grade}"\nsource = "s"\n' for grade in (1, 2, 3, 4)
)
EFFECT = '[[effects]]\ncode = "itch"\nlabel = "Itch"\ngroup = "other"\nvalence = "adverse"\n'
ITCH = f'{EFFECT}source = "s"\n'
GOOD = f'version = "t"\n{GRADES}{ITCH}'


def read(tmp_path, text):
    path = tmp_path / "side_effects.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_side_effects(path)


def test_a_good_file_is_read(tmp_path):
    found = read(tmp_path, GOOD)

    assert (found.version, list(found.effects)) == ("t", ["itch"])
    assert not found.effects["itch"].acute


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("version = ", "not TOML"),
        (b"version = '\xff'", "not TOML"),
        (GOOD.replace('version = "t"', ""), "version: is missing"),
        (GOOD.replace("grade = 4", "grade = 5"), "grades: must be 1, 2, 3 and 4"),
        (GOOD.replace(GRADES, ""), "grades: must be 1, 2, 3 and 4"),
        (GOOD + '[[grades]]\ngrade = 4\nlabel = "x"\nsource = "s"\n', "grades: must be"),
        (GOOD.replace('label = "g1"', 'label = " "'), r"grades\[0\].label: is blank"),
        (GOOD.replace('label = "g1"', 'label = "g1"\nword = "x"'), r"grades\[0\].word: is not"),
        (GOOD.replace(ITCH, ""), "effects: must have at least one"),
        (GOOD + ITCH, "effects: must have at least one code, each once"),
        (GOOD.replace('"other"', '"sundry"'), r"effects\[0\].group: must be one of acute"),
        (GOOD.replace('"adverse"', '"bad"'), r"effects\[0\].valence: must be one of"),
        (GOOD.replace(ITCH, EFFECT), r"effects\[0\].source: is missing"),
        (GOOD + "emergency = true\n", r"effects\[0\].emergency: must stand exactly"),
        (GOOD.replace('"other"', '"emergency"'), r"effects\[0\].emergency: must stand exactly"),
        (GOOD + "emergancy = true\n", r"effects\[0\].emergancy: is not a known field"),
        (GOOD + 'acute = "yes"\n', r"effects\[0\].acute: must be true or false"),
        (GOOD.replace(GRADES, f"page = 1\n{GRADES}"), "page: is not a known field"),
    ],
)
def test_a_faulty_file_is_refused_by_file_and_field(tmp_path, text, problem):
    with pytest.raises(SideEffectsError, match=problem) as refused:
        read(tmp_path, text)

    assert str(refused.value).startswith("side_effects.toml: ")


def test_no_emergency_can_be_lost_by_dropping_its_mark(tmp_path):
    text = (DATA / "side_effects.toml").read_text(encoding="utf-8")

    with pytest.raises(SideEffectsError, match="emergency"):
        read(tmp_path, text.replace("emergency = true\n", "", 1))
