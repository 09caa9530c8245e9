"""Improvement against the baseline, and the one word that sums it up."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from services.rules.measures import MEASURES, Change
from services.rules.statistics import Exact

Status = Literal[
    "baseline_missing",
    "baseline_only",
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
    """How far it has gone from the baseline: positive is better, in the direction of the
    instrument. `percent` needs a baseline of at least 10 from before the treatment, and a scale on
    which lower is better.
    """

    points: Exact | None
    percent: Fraction | None


def improvement(
    baseline: Exact | None,
    current: Exact | None,
    limits: Change = MEASURES.newest.change,
    *,
    is_untreated: bool = True,
    worse: int = 1,
) -> Improvement:
    """Return the change in points and, where a percentage means something, in percent.

    `is_untreated`: the baseline is from before the treatment; `worse`: the instrument's.
    """
    if baseline is None or current is None:
        return Improvement(None, None)
    percent = limits.percent(baseline, current) if is_untreated and worse > 0 else None
    return Improvement(worse * (baseline - current), percent)


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


@dataclass(frozen=True, slots=True)
class StatusCase:
    """What a status rests on, of a two-week PHQ-9 (0-27). `percent`: better than the baseline, None
    where that means nothing; `is_answered_since`: a complete form came after the baseline;
    `is_treated`: there was a session.
    """

    baseline: Exact | None
    current: Exact | None
    percent: Fraction | None
    is_answered_since: bool
    is_treated: bool


def phq9_status(case: StatusCase, limits: Change = MEASURES.newest.change) -> Status:
    """Return the status of a two-week PHQ-9, the first row that holds (contract, `status`)."""
    before, now, percent = case.baseline, case.current, case.percent or 0
    if before is None or now is None:
        return "baseline_missing"
    is_low = before < limits.percent_from_baseline
    rows: tuple[tuple[bool, Status], ...] = (
        (not case.is_answered_since, "baseline_only"),
        (now - before >= limits.reliable_points, "worse"),
        (not case.is_treated, "baseline_only"),
        (is_low and now < limits.minimal_below, "minimal_symptoms"),
        (is_low, "no_response"),
        (now < limits.remission_below, "remission"),
        (percent >= limits.response_percent, "response"),
        (percent >= limits.partial_percent, "partial_response"),
    )
    return next((status for holds, status in rows if holds), "no_response")


def first_edition_status(
    baseline: Exact | None, current: Exact | None, limits: Change
) -> Status | None:
    """Return what cuts before 27 November 2026 were told, treated or not.

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
