"""What each rule found, in words: the figures that fired it, and never a page that breaks."""

from __future__ import annotations

from typing import Any

import pytest

from api.page.evidence import WORDS, found, rule
from services.rules.catalogue import CATALOGUE, FAMILIES, RULES_FAILED
from services.rules.side_effects.coded_list import SIDE_EFFECTS

BESIDE_THE_S_RULES = [each.id for each in CATALOGUE.values() if each.family == each.id.lower()]
BESIDE_THE_S_RULES.remove(RULES_FAILED)
PRESSURE = {"systolic": 192, "diastolic": 124, "crisis": True, "symptoms": False}
VITALS = {
    "phase": "post",
    "systolic": 160,
    "diastolic": 100,
    "systolic_before": 118,
    "diastolic_before": 74,
    "sedation": 3,
    "spo2": 91,
}
M1 = {
    "total": 15,
    "single_reference": 5,
    "single_rise": 10,
    "single_rise_limit": 9,
    "pair_reference": 6.5,
    "pair_rise": 5.5,
    "pair_rise_limit": 6,
}
M4 = {"sessions": 4, "best": 17, "best_percent": 5.5556, "baseline": 18}
URINARY = {"blood": None, "blood_limit": 1, "points": 5, "item_limit": 2, "rise_limit": 3}
REPORTED = {"blood": None, "blood_limit": 1, "grade_limit": 2, "sessions": 5}
NAUSEA, CHEST = (SIDE_EFFECTS.effects[code].label for code in ("nausea", "chest_pain"))


def words(rule_id: str, findings: dict[str, Any] | None, instrument: str | None = None) -> str:
    """The sentence on the page, with ordinary spaces."""
    evidence = {"findings": findings, "instrument": instrument}
    return (found(rule_id, evidence) or rule(rule_id)).replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("rule_id", "findings", "sentence"),
    [
        ("E1", {"codes": "chest_pain"}, f"Emergency symptom or life-threatening effect: {CHEST}"),
        (
            "E1",
            {"codes": "chest_pain,nausea"},
            f"Emergency symptom or life-threatening effect: {CHEST}; {NAUSEA}",
        ),
        (
            "E2",
            PRESSURE | {"seconds_apart": 60},
            "Blood pressure 192/124 mmHg, measured twice",
        ),
        (
            "E2",
            PRESSURE | {"seconds_apart": 0, "symptoms": True},
            "Blood pressure 192/124 mmHg, with an emergency symptom",
        ),
        (
            "E2",
            {"systolic": None, "crisis": False, "symptoms": True, "seconds_apart": 300},
            "Blood pressure of 180/120 mmHg or more, measured twice, with an emergency symptom",
        ),
        (
            "E3",
            {"systolic": 150, "diastolic": 88},
            "Blood pressure 150/88 mmHg before dosing (guide: at most 140/90 mmHg)",
        ),
        (
            "E4",
            VITALS | {"findings": "diastolic_rise,systolic_rise"},
            "Before going home: diastolic pressure up from 74 to 100 mmHg; systolic pressure up"
            " from 118 to 160 mmHg",
        ),
        (
            "E4",
            VITALS | {"phase": "pre", "findings": "systolic_rise"},
            "Before going home: systolic pressure 40 mmHg or more above this one after dosing",
        ),
        (
            "E4",
            VITALS | {"findings": "diastolic_not_declining,systolic_not_declining"},
            "Before going home: diastolic pressure not declining; systolic pressure not declining",
        ),
        (
            "E4",
            VITALS | {"findings": "oxygen_low,sedated_at_discharge"},
            "Before going home: oxygen saturation 91 %; sedation (MOAA/S) 3 of 5 at discharge",
        ),
        (
            "E5",
            {"still_there": "nausea", "severe": None},
            f"Still there 24 h after the session: {NAUSEA}",
        ),
        ("E5", {"still_there": None, "severe": "nausea"}, f"Severe: {NAUSEA}"),
        (
            "E5",
            {"still_there": "nausea", "severe": "nausea"},
            f"Still there 24 h after the session: {NAUSEA}. Severe: {NAUSEA}",
        ),
        ("E7", VITALS | {"findings": "unresponsive"}, "After dosing: sedation (MOAA/S) 3 of 5"),
        (
            "E7",
            VITALS | {"findings": "systolic_low,oxygen_very_low"},
            "After dosing: blood pressure 160/100 mmHg; oxygen saturation 91 %",
        ),
        (
            "E6",
            {"drove": True, "restricted_until": "2026-11-21T09:40:00+00:00"},
            "The patient reports having driven while driving was restricted",
        ),
        (
            "E6",
            {"drove": True, "restricted_until": None},
            "The patient reports having driven after a session",
        ),
        (
            "E6",
            {"acknowledged": False, "restricted_until": "2026-11-21T09:40:00+00:00"},
            "Went home without acknowledging the driving restriction",
        ),
        (
            "U1",
            URINARY | {"blood": 1, "worst_item": 1, "rise": None},
            "Bladder symptoms: blood in the urine",
        ),
        (
            "U1",
            URINARY | {"worst_item": 2, "rise": 3},
            "Bladder symptoms: an answer of 2 of 3, 5 points, 3 above the first form",
        ),
        (
            "U1",
            REPORTED | {"worst_grade": 2, "new_after_sessions": True},
            "Bladder symptoms: grade 2, new after 5 sessions",
        ),
        (
            "U1",
            REPORTED | {"worst_grade": 1, "new_after_sessions": True, "sessions": 1},
            "Bladder symptoms: new after 1 session",
        ),
        ("M1", M1, "PHQ-9 15, 10 points above the usual 5"),
        (
            "M1",
            M1 | {"pair_rise": 6},
            "PHQ-9 15, two forms in a row at least 6 points above the usual 6.5",
        ),
        (
            "M1",
            M1 | {"pair_rise": None},
            "PHQ-9 15, 10 points above the usual 5",
        ),
        (
            "M2",
            {"value": 14.0, "reference": 7.333333},
            "Daily score 14, lastingly above the usual 7.3",
        ),
        ("M3", {"total": 18}, "Return of symptoms after response (PHQ-9 18)"),
        ("M4", M4, "No response after 4 sessions: best PHQ-9 17, 5.6 % better than 18"),
        (
            "M4",
            {"sessions": 4, "reason": "no_baseline"},
            "Response cannot be judged after 4 sessions: no PHQ-9 from before them",
        ),
        (
            "M4",
            M4 | {"sessions": 1, "best": 20, "best_percent": -11.1},
            "No response after 1 session: best PHQ-9 20, 11.1 % worse than 18",
        ),
        (
            "M5",
            {"highest": 16, "before": 10.5, "session_on": "2026-11-20"},
            "Daily score up to 16 after the session of 2026-11-20, 10.5 before it",
        ),
        (
            "B1",
            {"points": 7, "rise": 5, "rise_limit": 4},
            "ASRM 7, 5 points up",
        ),
        ("B1", {"points": 7, "rise": None, "rise_limit": 4}, "ASRM 7"),
        ("B1", {"grade": 2, "days": 3}, "Elevated mood of grade 2, 3 days in a row"),
        (
            "N2",
            {"window": "driving_lock"},
            "The driving restriction ended without any contact after the session",
        ),
        ("N2", {"window": "follow_up"}, "Nothing recorded 24 to 72 h after a session"),
    ],
)
def test_each_finding_has_its_sentence(rule_id: str, findings: dict[str, Any], sentence: str):
    assert words(rule_id, findings) == sentence


@pytest.mark.parametrize(
    ("instrument", "findings", "sentence"),
    [
        ("gad7", {"total": 16, "rise": 5, "rise_limit": 6}, "GAD-7 16"),
        ("gad7", {"total": 16, "rise": None, "rise_limit": 6}, "GAD-7 16"),
        (
            "pcl5",
            {"total": 40, "rise": 10, "rise_limit": 10, "reference": 30},
            "PCL-5 40, 10 points above the usual 30",
        ),
    ],
)
def test_anxiety_is_named_by_its_form(instrument: str, findings: dict[str, Any], sentence: str):
    assert words("A1", findings, instrument) == sentence


def test_every_rule_has_words_of_its_own_for_family_rule_and_finding():
    assert set(BESIDE_THE_S_RULES) == WORDS.keys()
    assert {each.lower() for each in BESIDE_THE_S_RULES} <= FAMILIES.keys()
    assert len({rule(each) for each in CATALOGUE}) == len(CATALOGUE)


@pytest.mark.parametrize("rule_id", BESIDE_THE_S_RULES)
@pytest.mark.parametrize("findings", [None, {}, {"fallback": True, "codes": None}])
def test_without_its_figures_a_rule_still_says_what_it_is_about(
    rule_id: str, findings: dict[str, Any] | None
):
    assert found(rule_id, {"findings": findings, "instrument": None}) is None
    assert rule(rule_id)


def test_an_emergency_that_only_the_fallback_saw_is_shown_in_plain_words():
    assert words("E1", {"fallback": True}) == "an emergency symptom or a life-threatening effect"
    assert words("S8", {"anything": 1}) == "a help request"
    assert found("E1", None) is None
