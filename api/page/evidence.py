"""An alert's evidence in words: what was answered or measured, and what a rule found in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from services.rules.catalogue import CATALOGUE, NBSP
from services.rules.instruments.definition import UnknownInstrument, instrument
from services.rules.session_day.numbers import SESSION_NUMBERS
from services.rules.session_day.vital_signs import VITAL_THRESHOLDS
from services.rules.side_effects.coded_list import SIDE_EFFECTS

Evidence = Mapping[str, Any]
Findings = Mapping[str, Any]

CSSRS: Final = {
    "none": "“no” to every question",
    "low": "wish to be dead, or thoughts of suicide without a method",
    "moderate": "thoughts of a method, or suicidal behaviour more than 3 months ago",
    "high": "intent or a plan, or suicidal behaviour in the past 3 months",
    "unknown": "a question that must be asked was not answered",
}
PHASE: Final = {
    None: "Sent by the patient",
    "pre": "Before dosing",
    "during": "During the session",
    "post": "After dosing",
    "discharge": "At discharge",
}
AWAKE: Final = 5  # The top of the MOAA/S: responds readily.
GRADES: Final = SIDE_EFFECTS.grades
URINARY_HIGHEST: Final = max(item.highest for item in instrument("urinary").scored_items)
CRISIS: Final = f"{VITAL_THRESHOLDS.e2.systolic}/{VITAL_THRESHOLDS.e2.diastolic}{NBSP}mmHg"
GUIDE: Final = f"{VITAL_THRESHOLDS.e3.systolic}/{VITAL_THRESHOLDS.e3.diastolic}{NBSP}mmHg"
SPANS: Final = SESSION_NUMBERS.measures.session
DAY_AFTER: Final = f"{SPANS.acute_hours}{NBSP}h after the session"
FOLLOW_UP: Final = f"{SESSION_NUMBERS.follow_up.opens_h} to {SPANS.follow_up_hours}"


def answers(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Yield what was answered, reported or measured: (what it is about, the answer)."""
    if evidence["item9"] is not None:
        yield item9(evidence["instrument"], evidence["item9"])
    if evidence["cssrs"] is not None:
        yield "C-SSRS", CSSRS[evidence["cssrs"]]
    for each in evidence["effects"] or ():
        grade = each["grade"]
        words = GRADES[grade].label.partition(":")[0]
        yield each["label"], f"{words} (grade {grade} of {max(GRADES)})"
    if evidence["vitals"] is not None:
        yield _vitals(evidence["vitals"])


def item9(code: str | None, value: int) -> tuple[str, str]:
    """Return the text of item 9 and the level in the words of its form."""
    asked = instrument(code or "phq9")
    item = next(item for item in asked.items if item.link_id == asked.item9_link_id)
    label = next(option.label for option in item.options if option.value == value)
    return item.text, f"{label} ({value}{NBSP}of{NBSP}{item.highest})"


def _vitals(taken: Mapping[str, Any]) -> tuple[str, str]:
    """The vital signs in one line; what was not measured is left out."""
    parts = (
        _mmhg(taken),
        taken["heart_rate"] is not None and f"heart rate {taken['heart_rate']}",
        taken["spo2"] is not None and f"SpO2 {taken['spo2']}{NBSP}%",
        taken["sedation"] is not None and _sedation(taken),
    )
    where = PHASE[taken["phase"]].lower()
    return f"Vital signs: {where}", ", ".join(part for part in parts if part)


def _mmhg(figures: Mapping[str, Any]) -> str:
    return f"{figures['systolic']}/{figures['diastolic']}{NBSP}mmHg"


def _sedation(figures: Mapping[str, Any]) -> str:
    return f"sedation (MOAA/S) {figures['sedation']} of {AWAKE}"


def rule(code: str) -> str:
    """Return what a rule says; of one that the catalogue does not have, its name."""
    known = CATALOGUE.get(code)
    return known.words if known else code


def found(rule: str, evidence: Evidence | None) -> str | None:
    """What the rule found, with its figures; None when they were not kept: then `rule` says it.

    A decision of an older rule version may lack a figure: it must not cost the page.
    """
    findings = evidence["findings"] if evidence else None
    if evidence is None or findings is None or rule not in WORDS:
        return None
    try:
        return WORDS[rule](findings, evidence)
    except (KeyError, TypeError, ValueError, UnknownInstrument):
        return None


def _labels(codes: str | None) -> str:
    """The words of a decision's codes, as the patient was asked."""
    known = (SIDE_EFFECTS.effects.get(code) for code in (codes or "").split(",") if code)
    return "; ".join(effect.label for effect in known if effect)


def _e1(findings: Findings, _: Evidence) -> str | None:
    named = _labels(findings["codes"])
    return f"Emergency symptom or life-threatening effect: {named}" if named else None


def _e2(findings: Findings, _: Evidence) -> str:
    high = _mmhg(findings) if findings["crisis"] else f"of {CRISIS} or more"
    twice = ", measured twice" if findings["seconds_apart"] else ""
    symptom = ", with an emergency symptom" if findings["symptoms"] else ""
    return f"Blood pressure {high}{twice}{symptom}"


def _e3(findings: Findings, _: Evidence) -> str:
    return f"Blood pressure {_mmhg(findings)} before dosing (guide: at most {GUIDE})"


def _e4(findings: Findings, _: Evidence) -> str:
    words = (E4[kind](findings) for kind in findings["findings"].split(","))
    return "Before going home: " + "; ".join(words)


def _risen(what: str, limit: int) -> Callable[[Findings], str]:
    def words(findings: Findings) -> str:
        if findings["phase"] == "pre":
            # The reading before dosing was typed in late: the rise is in another one.
            return f"{what} pressure {limit}{NBSP}mmHg or more above this one after dosing"
        before, now = findings[f"{what}_before"], findings[what]
        return f"{what} pressure up from {before} to {now}{NBSP}mmHg"

    return words


E4: Final[Mapping[str, Callable[[Findings], str]]] = {
    "systolic_rise": _risen("systolic", VITAL_THRESHOLDS.e4.systolic_rise),
    "diastolic_rise": _risen("diastolic", VITAL_THRESHOLDS.e4.diastolic_rise),
    "systolic_not_declining": lambda _: "systolic pressure not declining",
    "diastolic_not_declining": lambda _: "diastolic pressure not declining",
    "sedated_at_discharge": lambda f: f"{_sedation(f)} at discharge",
    "oxygen_low": lambda f: f"oxygen saturation {f['spo2']}{NBSP}%",
}


def _e7(findings: Findings, _: Evidence) -> str:
    words = (E7[kind](findings) for kind in findings["findings"].split(","))
    return f"{PHASE[findings['phase']]}: " + "; ".join(words)


E7: Final[Mapping[str, Callable[[Findings], str]]] = {
    "unresponsive": _sedation,
    "systolic_low": lambda f: f"blood pressure {_mmhg(f)}",
    "oxygen_very_low": lambda f: f"oxygen saturation {f['spo2']}{NBSP}%",
}


def _e5(findings: Findings, _: Evidence) -> str | None:
    lasting, severe = _labels(findings["still_there"]), _labels(findings["severe"])
    parts = (lasting and f"Still there {DAY_AFTER}: {lasting}", severe and f"Severe: {severe}")
    return ". ".join(part for part in parts if part) or None


def _e6(findings: Findings, _: Evidence) -> str:
    if "acknowledged" in findings:
        return "Went home without acknowledging the driving restriction"
    when = "while driving was restricted" if findings["restricted_until"] else "after a session"
    return f"The patient reports having driven {when}"


def _u1(findings: Findings, _: Evidence) -> str:
    blood = findings["blood"]
    worst, graded = findings.get("worst_item"), findings.get("worst_grade")
    rise = findings.get("rise")
    parts = (
        blood is not None and blood >= findings["blood_limit"] and "blood in the urine",
        worst is not None
        and worst >= findings["item_limit"]
        and f"an answer of {worst} of {URINARY_HIGHEST}",
        graded is not None and graded >= findings["grade_limit"] and f"grade {graded}",
        rise is not None
        and rise >= findings["rise_limit"]
        and f"{findings['points']} points, {_number(rise)} above the first form",
        findings.get("new_after_sessions") and f"new after {_sessions(findings)}",
    )
    return "Bladder symptoms: " + ", ".join(part for part in parts if part)


def _m1(findings: Findings, _: Evidence) -> str:
    pair = findings["pair_rise"]
    if pair is not None and pair >= findings["pair_rise_limit"]:
        usual = _number(findings["pair_reference"])
        risen = f"two forms in a row at least {_number(pair)} points above the usual {usual}"
    else:
        usual = _number(findings["single_reference"])
        risen = f"{_number(findings['single_rise'])} points above the usual {usual}"
    return f"PHQ-9 {_number(findings['total'])}, {risen}"


def _m2(findings: Findings, _: Evidence) -> str:
    value, usual = _number(findings["value"]), _number(findings["reference"])
    return f"Daily score {value}, lastingly above the usual {usual}"


def _m3(findings: Findings, _: Evidence) -> str:
    return f"Return of symptoms after response (PHQ-9 {_number(findings['total'])})"


def _m4(findings: Findings, _: Evidence) -> str:
    if findings.get("reason") == "no_baseline":
        return f"Response cannot be judged after {_sessions(findings)}: no PHQ-9 from before them"
    percent = findings["best_percent"]
    best, before = _number(findings["best"]), _number(findings["baseline"])
    change = f"{_number(abs(percent))}{NBSP}% {'better' if percent >= 0 else 'worse'}"
    return f"No response after {_sessions(findings)}: best PHQ-9 {best}, {change} than {before}"


def _sessions(findings: Findings) -> str:
    count = findings["sessions"]
    return "1 session" if count == 1 else f"{count} sessions"


def _m5(findings: Findings, _: Evidence) -> str:
    highest, before = _number(findings["highest"]), _number(findings["before"])
    session = f"the session of {findings['session_on']}"
    return f"Daily score up to {highest} after {session}, {before} before it"


def _a1(findings: Findings, evidence: Evidence) -> str:
    scored = f"{instrument(evidence['instrument']).title} {_number(findings['total'])}"
    rise = findings["rise"]
    if rise is None or rise < findings["rise_limit"]:
        return scored
    return f"{scored}, {_number(rise)} points above the usual {_number(findings['reference'])}"


def _b1(findings: Findings, _: Evidence) -> str:
    if "points" not in findings:
        mood = f"Elevated mood of grade {findings['grade']}"
        return f"{mood}, {findings['days']} days in a row" if findings["days"] > 1 else mood
    points, rise = _number(findings["points"]), findings["rise"]
    risen = rise is not None and rise >= findings["rise_limit"]
    return f"ASRM {points}" + (f", {_number(rise)} points up" if risen else "")


def _n2(findings: Findings, _: Evidence) -> str:
    if findings["window"] == "driving_lock":
        return "The driving restriction ended without any contact after the session"
    return f"Nothing recorded {FOLLOW_UP}{NBSP}h after a session"


def _number(value: float) -> str:
    """At most one decimal, none when it is whole."""
    return f"{round(value, 1):g}"


WORDS: Final[Mapping[str, Callable[[Findings, Evidence], str | None]]] = {
    "E1": _e1,
    "E2": _e2,
    "E3": _e3,
    "E4": _e4,
    "E5": _e5,
    "E6": _e6,
    "E7": _e7,
    "U1": _u1,
    "M1": _m1,
    "M2": _m2,
    "M3": _m3,
    "M4": _m4,
    "M5": _m5,
    "A1": _a1,
    "B1": _b1,
    "N2": _n2,
}
