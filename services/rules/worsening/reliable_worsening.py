"""Rule M1: reliable worsening, a rise above what is usual for the patient (A1 measures alike)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from services.rules.day_series import DayValue
from services.rules.decision import Decision, Tier
from services.rules.statistics import as_number, median
from services.rules.worsening.numbers import WORSENING_THRESHOLDS, WorseningThresholds


@dataclass(frozen=True, slots=True)
class Rise:
    """How far the lowest of some readings stands above what came before them, in points."""

    reference: float | None
    points: float | None

    def reaches(self, limit: float) -> bool:
        return self.points is not None and self.points >= limit


def newest_within(readings: Sequence[DayValue], days: int) -> list[DayValue]:
    """The readings that are at most so many days older than the newest, ascending."""
    ordered = sorted(readings, key=lambda reading: reading.day)
    return [reading for reading in ordered if (ordered[-1].day - reading.day).days <= days]


def rise(
    recent: Sequence[DayValue], judged: int, baseline: float | None, reference_readings: int
) -> Rise:
    """The rise of the lowest of the last `judged` readings (ascending) above the reference.

    The reference is the lower of the baseline and the median of up to `reference_readings` before
    those being judged: a reading cannot be its own reference.
    """
    before = [reading.value for reading in recent[:-judged]][-reference_readings:]
    candidates = [] if baseline is None else [baseline]
    if before:
        candidates.append(as_number(median(before)))
    reference = min(candidates, default=None)
    if reference is None or len(recent) < judged:
        return Rise(reference, None)
    lowest = min(reading.value for reading in recent[-judged:])
    return Rise(reference, as_number(lowest - Fraction(reference)))


def m1(
    readings: Sequence[DayValue],
    baseline: float | None,
    thresholds: WorseningThresholds = WORSENING_THRESHOLDS,
) -> Decision:
    """Decide M1 at the newest reading: two in a row 6 above the reference, or one 9 above.

    A reading is the day value of complete forms (0-27). The reference is the lower of the baseline
    and the median of up to three readings that came before those being judged (a reading cannot
    be its own reference), none older than 90 days.
    """
    limits, past = thresholds.m1, thresholds.measures.own_past
    reliable = thresholds.measures.change.reliable_points
    recent = newest_within(readings, past.reference_days)
    single = rise(recent, 1, baseline, past.reference_readings)
    pair = rise(recent, 2, baseline, past.reference_readings)
    met = pair.reaches(reliable) or single.reaches(limits.single_rise)
    newest = recent[-1] if recent else None
    is_high = newest is not None and newest.value >= limits.high_from_total
    tier = Tier.HIGH if is_high else Tier.MEDIUM
    return Decision.with_tier(
        rule="M1",
        rule_version=thresholds.version,
        tier=tier if met else None,
        inputs={
            "on": newest.day.isoformat() if newest else None,
            "total": as_number(newest.value) if newest else None,
            "readings": len(recent),
            "baseline": baseline,
            "single_reference": single.reference,
            "single_rise": single.points,
            "single_rise_limit": limits.single_rise,
            "pair_reference": pair.reference,
            "pair_rise": pair.points,
            "pair_rise_limit": reliable,
        },
    )
