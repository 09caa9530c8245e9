"""How pictures and paper say things: numbers, days, instruments, statuses."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final

from services.rules.courses import Session
from services.rules.figures.session_effect import DurationStatus
from services.rules.figures.status import Status
from services.rules.instruments.definition import instrument
from services.rules.measures import Change
from services.rules.statistics import Exact

HALF: Final = 50  # percent
SMALLEST_P: Final = 0.001
SMALL: Final = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

BASELINES: Final = {
    "established": "established before the course",
    "provisional": "provisional: no treatment yet, or not from before it",
    "missing": "missing",
}
NOT_SAFE: Final = "No mark is no proof of safety: answered 0, declined or not asked."
DAILY_FORM: Final = "phq9-daily"
NOT_VALIDATED: Final = "Not a validated questionnaire: no severity bands apply."
NOT_THE_PHQ9: Final = "24-hour adaptation, not the validated PHQ-9: no severity bands apply."


def status_words(status: Status, change: Change) -> str:
    """The status of a two-week PHQ-9, with the limits that it was found by."""
    partial, whole = change.partial_percent, change.response_percent
    return {
        "baseline_missing": "no baseline: nothing to compare with",
        "baseline_only": "baseline only: nothing to compare it with yet",
        "worse": "reliably worse than baseline",
        "minimal_symptoms": "minimal symptoms",
        "no_response": f"no response (less than {partial} % better)",
        "remission": "remission",
        "response": f"response (at least {whole} % better)",
        "partial_response": f"partial response ({partial} to {whole - 1} % better)",
    }[status]


def duration_words(status: DurationStatus, lost_percent: int) -> str:
    """What is known of how long an effect held, with the part of the gain that ends it."""
    return {
        "observed": f"{part_words(lost_percent)} of gain lost",
        "interval_censored": "lost within a gap",
        "censored": "still held (censored)",
        "no_effect": "no gain",
        "unknown": "too few answers",
    }[status]


def part_words(percent: int) -> str:
    """`half`, or the percentage."""
    return "half" if percent == HALF else f"{percent} %"


def spelled(number: int) -> str:
    """A small count as a word; larger ones in digits."""
    return SMALL[number] if number < len(SMALL) else str(number)


def number_words(value: Exact | float | None, digits: int = 1) -> str:
    """A figure with at most so many decimals; a dash when there is none."""
    if value is None:
        return "–"
    words = f"{float(value):.{digits}f}"
    words = words.rstrip("0").rstrip(".") if "." in words else words
    return "0" if words == "-0" else words.replace("-", "−")


def p_words(p: float) -> str:
    """`p = 0.012`; never zero, which no test can find."""
    return "p < 0.001" if p < SMALLEST_P else f"p = {number_words(p, 3)}"


def day_words(day: date | None) -> str:
    """`3 Mar 2026`; a dash when there is none."""
    return "–" if day is None else f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def counted(number: int, one: str, more: str = "") -> str:
    """`1 session`, `2 sessions`."""
    return f"{number} {one if number == 1 else more or one + 's'}"


def listed(words: Iterable[str]) -> str:
    """`one, two and three`."""
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last


def plain(code: str) -> str:
    """A code as words: `moderately_severe` is `moderately severe`."""
    return code.replace("_", " ")


def dose_words(session: Session) -> str:
    """`35 mg`; empty when no dose was entered."""
    if session.dose_value is None:
        return ""
    return f"{number_words(session.dose_value, 3)} {session.dose_unit or ''}"


def title_of(code: str) -> str:
    """The instrument's title with what it asks about."""
    form = instrument(code)
    title = f"{form.title[:1].upper()}{form.title[1:]}"
    return f"{title}, {form.recall}" if form.validated else title


def validation_words(code: str) -> str:
    """The mark of an instrument that has not been validated; empty for others."""
    if instrument(code).validated:
        return ""
    return NOT_THE_PHQ9 if code == DAILY_FORM else NOT_VALIDATED


def points_words(code: str) -> str:
    """The axis of an instrument: its range, and which way is better."""
    return f"points (0–{highest_total(code)}), {plain(instrument(code).direction)}"


def slope_words(code: str) -> str:
    """Which sign of a slope is improving."""
    return "negative is improving" if instrument(code).worse > 0 else "positive is improving"


def item9_words(code: str) -> dict[int, str]:
    """What 1, 2 and 3 mean on item 9 of the form; empty for a form without such an item."""
    form = instrument(code)
    return {
        option.value: option.label.lower()
        for item in form.items
        if item.link_id == form.item9_link_id
        for option in item.options
        if option.value > 0
    }


def highest_total(code: str) -> int:
    """The highest total of the instrument."""
    return sum(item.highest for item in instrument(code).scored_items)
