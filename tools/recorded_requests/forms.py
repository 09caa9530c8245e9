"""What phones and staff send."""

from __future__ import annotations

from typing import Any, Final

# Instrument -> how many questions, and the highest answer.
SHAPES: Final = {
    "phq9": (9, 3),
    "phq9-daily": (9, 3),
    "gad7": (7, 3),
    "pcl5": (20, 4),
    "asrm": (5, 4),
    "urinary": (5, 3),
    "mood": (1, 10),
}
CSSRS: Final = ("q1", "q2", "q3", "q4", "q5", "q6", "q6b")


def spread(instrument: str, total: int) -> dict[str, Any]:
    """Answers of this total, from the first question on: item 9 stays 0 up to 24."""
    items, most = SHAPES[instrument]
    answers: dict[str, Any] = {}
    for item in range(1, items + 1):
        answers[f"q{item}"] = min(most, total)
        total -= answers[f"q{item}"]
    return answers


def item9(value: Any, others: int = 1) -> dict[str, Any]:
    """A complete PHQ-9 form with this item 9."""
    return {f"q{item}": others for item in range(1, 9)} | {"q9": value}


def cssrs(*yes: str) -> dict[str, Any]:
    """A C-SSRS with these questions answered yes, the others no."""
    return {link: int(link in yes) for link in CSSRS}


def effect(code: str, grade: int = 1, **times: str) -> dict[str, Any]:
    """One side effect."""
    return {"code": code, "grade": grade, **times}


def course(started_on: str, **changes: Any) -> dict[str, Any]:
    """An induction with ketamine."""
    return {"product": "ketamine", "phase": "induction", "started_on": started_on, **changes}


def session(course_id: str, started_at: str, **changes: Any) -> dict[str, Any]:
    """An infusion in the clinic."""
    return {
        "course_id": course_id,
        "started_at": started_at,
        "product": "ketamine",
        "route": "iv",
        "supervision": "clinic",
        **changes,
    }
