"""The dozen lines that decide when the rules raise: no configuration, no import, cannot raise.

It compares only values of exact built-in types and walks only an exact dict, so that no code of the
input ever runs. In doubt it is more urgent than the rules, never less (clinical.md 5.1).
"""

from __future__ import annotations

_CSSRS_CRITICAL = ("q4", "q5", "q6b")
_CSSRS_HIGH = ("q3", "q6")
# The emergency list of `data/side_effects/`, written out: a file that does not load is one of
# the faults that bring us here. A test holds the two equal.
_EMERGENCIES = frozenset(
    ("chest_pain", "breathless", "fainting", "severe_headache", "vision_loss", "seizure")
)
_LIFE_THREATENING = 4
_SINCE_LAST = "cssrs-since-last-contact"
_WITHOUT_ITEM9 = ("gad7", "pcl5", "asrm", "urinary", "mood", "cssrs-screener", _SINCE_LAST)
_WITHOUT_CSSRS = ("gad7", "pcl5", "asrm", "urinary", "mood", "phq9", "phq9-daily")


def fallback_tier(kind: object, instrument: object, answers: object) -> str | None:
    """`critical`, `high` or None, from item 9, C-SSRS Q3-Q6b, help requests and emergencies alone.

    For side effects `answers` is the list of effects as it was sent (`[{"code", "grade", ...}]`).
    """
    if type(kind) is str and kind == "help_request":
        return "critical"
    if type(answers) is list:
        return "critical" if _has_emergency(answers) else None
    code = instrument if type(instrument) is str else ""
    pairs = list(answers.items()) if type(answers) is dict else []
    given = [(k, v) for k, v in pairs if type(k) is str and type(v) is int and v > 0]
    yes = [k for k, v in given if code not in _WITHOUT_CSSRS and v == 1]
    item9 = max([v for k, v in given if k == "q9" and code not in _WITHOUT_ITEM9], default=0)
    acted = code == _SINCE_LAST and "q6" in yes
    if item9 > 1 or acted or any(k in _CSSRS_CRITICAL for k in yes):
        return "critical"
    return "high" if item9 == 1 or any(k in _CSSRS_HIGH for k in yes) else None


def _has_emergency(effects: list[object]) -> bool:
    fields = [item for one in effects if type(one) is dict for item in one.items()]
    named = [(k, v) for k, v in fields if type(k) is str]
    codes = [v for k, v in named if k == "code" and type(v) is str]
    grades = [v for k, v in named if k == "grade" and type(v) is int]
    return any(v in _EMERGENCIES for v in codes) or any(v >= _LIFE_THREATENING for v in grades)
