"""How change is measured: the numbers that the rules, the report and the schedule share.

Whatever rests on these numbers names their version, so that a number stands once and a report of
the past still finds those of its time (`data/measures/`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Final

from services.rules.numbers import DATA, read_versions

Level = Fraction | float


@dataclass(frozen=True, slots=True)
class Change:
    """Limits of change of the two-week PHQ-9, in points (0-27) and percent of the baseline.

    `percent_from_baseline`: below this baseline a percentage means nothing. `mcid_points`: the
    smallest change that matters to a patient; `reliable_points`: more than the form's own error.
    """

    percent_from_baseline: int
    response_percent: int
    partial_percent: int
    remission_below: int
    minimal_below: int
    mcid_points: int
    reliable_points: int

    def percent(self, baseline: Level | None, current: Level | None) -> Fraction | None:
        """Return by how many percent of the baseline it is better; None below the limit."""
        if baseline is None or current is None or baseline < self.percent_from_baseline:
            return None
        return 100 * (Fraction(baseline) - Fraction(current)) / Fraction(baseline)

    def is_response(self, baseline: Level, current: Level) -> bool:
        """Whether so much of the baseline is gone that it counts as a response."""
        percent = self.percent(baseline, current)
        return percent is not None and percent >= self.response_percent


@dataclass(frozen=True, slots=True)
class BaselineLimits:
    """Days before a course in which its form is answered, and after which a new baseline is due.

    `late_days`: mood days before the session that a form written down afterwards may be about;
    `keep_days`: a course that begins within so many mood days keeps the baseline before it.
    """

    form_days: int
    late_days: int
    keep_days: int


@dataclass(frozen=True, slots=True)
class OwnPast:
    """Which of a patient's forms a new one is compared with: how old, and how many."""

    reference_days: int
    reference_readings: int


@dataclass(frozen=True, slots=True)
class MissingDays:
    """So many missed days break a sequence; so many observed ones a window of 7 or 14 needs."""

    gap_days: int
    week_min_days: int
    two_weeks_min_days: int


@dataclass(frozen=True, slots=True)
class SessionSpans:
    """What belongs to a session: hours between starts within which two share a window, mood days
    before it, hours after its end in which an acute effect goes and a follow-up is expected.
    """

    shared_hours: int
    before_days: int
    acute_hours: int
    follow_up_hours: int


@dataclass(frozen=True, slots=True)
class Measures:
    """One version of all of them."""

    version: str
    in_force_from: datetime
    change: Change
    baseline: BaselineLimits
    own_past: OwnPast
    missing_days: MissingDays
    session: SessionSpans


MEASURES: Final = read_versions(DATA / "measures", Measures)
