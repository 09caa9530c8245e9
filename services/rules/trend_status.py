"""Improvement against the baseline, and the one word that sums it up."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from services.rules.trend_thresholds import TREND_THRESHOLDS, StatusThresholds

Status = Literal[
    "baseline_missing",
    "worse",
    "minimal_symptoms",
    "no_response",
    "remission",
    "response",
    "partial_response",
]


@dataclass(frozen=True, slots=True)
class Improvement:
    """Baseline minus current: positive is better. `percent` needs a baseline of at least 10."""

    points: int | Fraction | None
    percent: Fraction | None


def improvement(
    baseline: int | Fraction | None,
    current: int | Fraction | None,
    limits: StatusThresholds = TREND_THRESHOLDS.status,
) -> Improvement:
    """Return the change in points and, where a percentage means something, in percent."""
    if baseline is None or current is None:
        return Improvement(None, None)
    points = baseline - current
    if baseline < limits.percent_from_baseline:
        return Improvement(points, None)
    return Improvement(points, Fraction(100 * points) / baseline)


def phq9_status(
    baseline: int | Fraction | None,
    current: int | Fraction | None,
    limits: StatusThresholds = TREND_THRESHOLDS.status,
) -> Status | None:
    """Return the status of a two-week PHQ-9 (0-27), the first row that holds.

    None when there is a baseline but no current value to compare with it.
    """
    if baseline is None:
        return "baseline_missing"
    if current is None:
        return None
    if current - baseline >= limits.worse_rise:
        return "worse"
    percent = improvement(baseline, current, limits).percent
    if percent is None:
        return "minimal_symptoms" if current < limits.minimal_below else "no_response"
    rows: tuple[tuple[bool, Status], ...] = (
        (current < limits.remission_below, "remission"),
        (percent >= limits.response_percent, "response"),
        (percent >= limits.partial_percent, "partial_response"),
    )
    return next((status for holds, status in rows if holds), "no_response")
