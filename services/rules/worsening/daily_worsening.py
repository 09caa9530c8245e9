"""Rule M2: lasting worsening of the daily check-in against the patient's own recent weeks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from services.rules.day_series import DayValue
from services.rules.decision import Decision, Input, Tier
from services.rules.figures.windows import ending_on_last
from services.rules.statistics import median, sample_sd
from services.rules.worsening.numbers import WORSENING_THRESHOLDS, M2Thresholds, WorseningThresholds


@dataclass(frozen=True, slots=True)
class _Reference:
    """What is usual for this patient: a level and a spread, in points."""

    level: float
    sd: float
    days: int


@dataclass(frozen=True, slots=True)
class _EwmaPoint:
    """The weighted average after one observed day, and the limit that holds on that day."""

    day: date
    average: float
    limit: float


def m2(
    values: Sequence[DayValue],
    baseline: float | None,
    thresholds: WorseningThresholds = WORSENING_THRESHOLDS,
) -> Decision:
    """Decide M2 at the newest observed day, from values (0-27) of the 18 days that end on it.

    It holds when the EWMA stands above its limit on two consecutive observed days, or when the
    last three observed days, within five calendar days, all stand above the run limit.
    """
    limits, missing = thresholds.m2, thresholds.measures.missing_days
    ordered = sorted(values, key=lambda value: value.day)
    seen = ending_on_last(ordered, limits.reference_from_day + 1)
    reference = _reference(seen, baseline, limits, missing.two_weeks_min_days)
    if reference is None:
        inputs: dict[str, Input] = {"on": None, "baseline": baseline, "reference": None}
        if seen:
            inputs["on"] = seen[-1].day.isoformat()
        return Decision.with_tier("M2", thresholds.version, None, inputs)
    averages = _ewma(seen, reference, limits)
    run_limit = reference.level + max(limits.run_sds * reference.sd, limits.run_min_rise)
    by_ewma = _ewma_is_above(averages, limits.ewma_run, missing.gap_days)
    by_run = _run_is_above(seen, run_limit, limits)
    met = by_ewma or by_run
    return Decision.with_tier(
        rule="M2",
        rule_version=thresholds.version,
        tier=Tier.MEDIUM if met else None,
        inputs={
            "on": seen[-1].day.isoformat(),
            "value": float(seen[-1].value),
            "baseline": baseline,
            "reference": reference.level,
            "reference_days": reference.days,
            "sd": reference.sd,
            "ewma": averages[-1].average,
            "ewma_limit": averages[-1].limit,
            "ewma_above": by_ewma,
            "run_limit": run_limit,
            "run_above": by_run,
        },
    )


def _days_back(ordered: Sequence[DayValue], value: DayValue) -> int:
    return (ordered[-1].day - value.day).days


def _reference(
    seen: Sequence[DayValue], baseline: float | None, limits: M2Thresholds, min_days: int
) -> _Reference | None:
    """The lower of the baseline and the median of the days before the last few.

    With too few such days the baseline stands alone and the spread is the floor, which makes the
    rule the more sensitive for somebody of whom little is known.
    """
    usual = [v.value for v in seen if _days_back(seen, v) >= limits.reference_to_day]
    if seen and len(usual) >= min_days:
        level = float(median(usual))
        spread = max(sample_sd(usual), limits.sd_floor)
        return _Reference(level if baseline is None else min(baseline, level), spread, len(usual))
    if not seen or baseline is None:
        return None
    return _Reference(baseline, limits.sd_floor, len(usual))


def _ewma(
    seen: Sequence[DayValue], reference: _Reference, limits: M2Thresholds
) -> list[_EwmaPoint]:
    """One point per observed day, started at the reference; a missing day moves nothing."""
    weight, average = limits.ewma_weight, reference.level
    points = []
    for step, value in enumerate(seen, start=1):
        average = weight * float(value.value) + (1 - weight) * average
        # Exact variance of an EWMA after `step` values, as in control charts.
        share = weight / (2 - weight) * (1 - (1 - weight) ** (2 * step))
        rise = max(limits.ewma_sigmas * reference.sd * math.sqrt(share), limits.ewma_min_rise)
        points.append(_EwmaPoint(value.day, average, reference.level + rise))
    return points


def _ewma_is_above(points: Sequence[_EwmaPoint], run: int, gap_days: int) -> bool:
    last = points[-run:]
    missed = [(later.day - day.day).days - 1 for day, later in pairwise(last)]
    return (
        len(last) == run
        and all(point.average > point.limit for point in last)
        and all(gap < gap_days for gap in missed)
    )


def _run_is_above(seen: Sequence[DayValue], limit: float, limits: M2Thresholds) -> bool:
    last = seen[-limits.run_length :]
    return (
        len(last) == limits.run_length
        and _days_back(last, last[0]) < limits.run_within_days
        and all(float(value.value) > limit for value in last)
    )
