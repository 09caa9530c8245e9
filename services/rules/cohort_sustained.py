"""How long a response lasted after a course, for Kaplan-Meier over a whole clinic.

Time starts at the first response reading (>= 50 % from a baseline of at least 10) after the last
session of the course. It ends at the loss of the response by rule M3, or is censored at the last
form before any further session: what nobody asked about is not counted as lasting.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from services.rules.cohort_thresholds import SustainedMarks
from services.rules.day_series import DayValue
from services.rules.return_of_symptoms import relapse
from services.rules.trend_status import improvement
from services.rules.trend_thresholds import TREND_THRESHOLDS


@dataclass(frozen=True, slots=True)
class Held:
    """Days from the first response reading to its loss, or (`lost` false) to the last form."""

    days: int
    lost: bool


def has_responded(baseline: int | Fraction, total: int | Fraction) -> bool:
    """Whether a PHQ-9 total is a response: at least 50 % below a baseline of at least 10."""
    percent = improvement(baseline, total).percent
    return percent is not None and percent >= TREND_THRESHOLDS.status.response_percent


def sustained_response(
    readings: Sequence[DayValue],
    baseline: int | Fraction,
    respond_by: dt.date,
    marks: SustainedMarks,
) -> Held | None:
    """Return how long the response held; None without a response reading up to `respond_by`.

    `readings` are the day values (0-27) after the last session and before any further one,
    ascending. A response that outlasts the horizon is censored there.
    """
    responses = [r for r in readings if r.day <= respond_by and has_responded(baseline, r.value)]
    if not responses:
        return None
    start = responses[0].day
    found = relapse([r for r in readings if r.day >= start], Fraction(baseline))
    days = ((found.on if found else readings[-1].day) - start).days
    if days > marks.horizon_days:
        return Held(marks.horizon_days, lost=False)
    return Held(days, lost=found is not None)
