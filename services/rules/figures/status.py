"""Improvement against the baseline, and the one word that sums it up."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from services.rules.measures import MEASURES, Change
from services.rules.statistics import Exact

Status = Literal[
    "baseline_missing",
    "worse",
    "minimal_symptoms",
    "no_response",
    "remission",
    "response",
    "partial_response",
]

ReliableChange = Literal["none", "possible", "reliable"]


@dataclass(frozen=True, slots=True)
class Improvement:
    """Baseline minus current: positive is better. `percent` needs a baseline of at least 10."""

    points: Exact | None
    percent: Fraction | None


def improvement(
    baseline: Exact | None,
    current: Exact | None,
    limits: Change = MEASURES.newest.change,
) -> Improvement:
    """Return the change in points and, where a percentage means something, in percent."""
    if baseline is None or current is None:
        return Improvement(None, None)
    return Improvement(baseline - current, limits.percent(baseline, current))


def reliable_change(
    points: Exact | None, limits: Change = MEASURES.newest.change
) -> ReliableChange | None:
    """Return how sure a change of so many points of a two-week PHQ-9 is, in either direction.

    From 5 points (MCID, Loewe 2004) it is `possible`, from 6 (IAPT) `reliable`; None without one.
    """
    if points is None:
        return None
    size = abs(Fraction(points))
    if size >= limits.reliable_points:
        return "reliable"
    return "possible" if size >= limits.mcid_points else "none"


def phq9_status(
    baseline: Exact | None,
    current: Exact | None,
    limits: Change = MEASURES.newest.change,
) -> Status | None:
    """Return the status of a two-week PHQ-9 (0-27), the first row that holds.

    None when there is a baseline but no current value to compare with it.
    """
    if baseline is None:
        return "baseline_missing"
    if current is None:
        return None
    if current - baseline >= limits.reliable_points:
        return "worse"
    percent = limits.percent(baseline, current)
    if percent is None:
        return "minimal_symptoms" if current < limits.minimal_below else "no_response"
    rows: tuple[tuple[bool, Status], ...] = (
        (current < limits.remission_below, "remission"),
        (percent >= limits.response_percent, "response"),
        (percent >= limits.partial_percent, "partial_response"),
    )
    return next((status for holds, status in rows if holds), "no_response")
