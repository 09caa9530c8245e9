"""The rules beside the S rules in plain clinical words, and what an alert shows of their facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.rules.session_day.numbers import SESSION_NUMBERS
from services.rules.session_day.vital_signs import VITAL_THRESHOLDS
from services.rules.side_effects.coded_list import SIDE_EFFECTS

Evidence = Mapping[str, Any]

NBSP: Final = "\N{NO-BREAK SPACE}"
GRADES: Final = SIDE_EFFECTS.grades
CRISIS: Final = f"{VITAL_THRESHOLDS.e2.systolic}/{VITAL_THRESHOLDS.e2.diastolic}{NBSP}mmHg"
GUIDE: Final = f"{VITAL_THRESHOLDS.e3.systolic}/{VITAL_THRESHOLDS.e3.diastolic}{NBSP}mmHg"
DAY_AFTER: Final = f"{SESSION_NUMBERS.e5.persistent_after_h}{NBSP}h after the session"
FOLLOW_UP: Final = f"{SESSION_NUMBERS.follow_up.opens_h} to {SESSION_NUMBERS.follow_up.due_h}"

FAMILY: Final = {
    "e1": "Emergency symptom",
    "e2": "Very high blood pressure",
    "e3": "Blood pressure before dosing",
    "e4": "Vital signs after dosing",
    "e5": "A severe or lasting side effect",
    "e6": "Driving after a session",
    "u1": "Bladder symptoms",
    "m1": "Symptoms are getting worse (two-week form)",
    "m2": "Symptoms are getting worse (daily form)",
    "m3": "Symptoms are coming back",
    "m4": "No response to treatment",
    "m5": "Worse after a session",
    "a1": "Anxiety or trauma symptoms",
    "b1": "Possible mania or hypomania",
    "n2": "Nothing heard after a session",
}
RULE: Final = {
    "E1": "an emergency symptom or a life-threatening effect",
    "E2": f"a blood pressure of {CRISIS} or more, measured twice or with an emergency symptom",
    "E3": f"a blood pressure above {GUIDE} before dosing",
    "E4": "vital signs that must be looked at before the patient goes home",
    "E5": f"an acute effect still there {DAY_AFTER}, or a severe effect",
    "E6": "driving while it is restricted, or the restriction was not acknowledged",
    "U1": "bladder symptoms that are new, worse or with blood",
    "M1": "the two-week score is reliably worse",
    "M2": "the daily score is lastingly worse",
    "M3": "return of symptoms after response",
    "M4": "no response to the course so far",
    "M5": "worse in the days after a session than before it",
    "A1": "anxiety or trauma symptoms are clearly up",
    "B1": "signs of mania or hypomania in bipolar disorder",
    "N2": f"nothing recorded {FOLLOW_UP}{NBSP}h after a session, or while driving was restricted",
}
PHASE: Final = {
    None: "Sent by the patient",
    "pre": "Before dosing",
    "during": "During the session",
    "post": "After dosing",
    "discharge": "At discharge",
}


def effects(evidence: Evidence) -> list[tuple[str, str]]:
    """Every side effect that was reported: its words and its grade."""
    return [
        (each["label"], f"{_grade(each['grade'])} (grade {each['grade']} of {max(GRADES)})")
        for each in evidence["effects"] or ()
    ]


def _grade(grade: int) -> str:
    return GRADES[grade].label.partition(":")[0]


def vitals(evidence: Evidence) -> list[tuple[str, str]]:
    """The vital signs in one line; what was not measured is left out."""
    taken = evidence["vitals"]
    if taken is None:
        return []
    parts = (
        pressure(taken),
        taken["heart_rate"] is not None and f"heart rate {taken['heart_rate']}",
        taken["spo2"] is not None and f"SpO2 {taken['spo2']}{NBSP}%",
        taken["sedation"] is not None and f"sedation (MOAA/S) {taken['sedation']} of 5",
    )
    return [
        (f"Vital signs: {PHASE[taken['phase']].lower()}", ", ".join(part for part in parts if part))
    ]


def pressure(figures: Mapping[str, Any]) -> str:
    """`192/124 mmHg`."""
    return f"{figures['systolic']}/{figures['diastolic']}{NBSP}mmHg"
