"""Rule M1: reliable worsening on the two-week PHQ-9."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from services.rules.day_series import DayValue
from services.rules.rule_decision import RuleDecision, Severity
from services.rules.statistics import as_number, median
from services.rules.worsening_thresholds import WORSENING_THRESHOLDS, WorseningThresholds


@dataclass(frozen=True, slots=True)
class _Rise:
    """How far the lowest of some readings stands above what came before them."""

    reference: float | None
    points: float | None

    def reaches(self, limit: float) -> bool:
        return self.points is not None and self.points >= limit


def m1(
    readings: Sequence[DayValue],
    baseline: float | None,
    thresholds: WorseningThresholds = WORSENING_THRESHOLDS,
) -> RuleDecision:
    """Decide M1 at the newest reading: two in a row 6 above the reference, or one 9 above.

    A reading is the day value of complete forms (0-27). The reference is the lower of the baseline
    and the median of up to three readings that came before those being judged (a reading cannot
    be its own reference), none older than 90 days.
    """
    limits = thresholds.m1
    ordered = sorted(readings, key=lambda reading: reading.day)
    recent = [r for r in ordered if (ordered[-1].day - r.day).days <= limits.reference_days]
    single = _rise(recent, 1, baseline, limits.reference_readings)
    pair = _rise(recent, 2, baseline, limits.reference_readings)
    holds = pair.reaches(limits.pair_rise) or single.reaches(limits.single_rise)
    newest = recent[-1] if recent else None
    severity: Severity = "medium"
    if newest is not None and newest.value >= limits.high_from_total:
        severity = "high"
    return RuleDecision(
        rule="M1",
        rule_version=thresholds.version,
        fired=holds,
        holds=holds,
        severity=severity if holds else None,
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
            "pair_rise_limit": limits.pair_rise,
        },
    )


def _rise(
    recent: Sequence[DayValue], judged: int, baseline: float | None, reference_readings: int
) -> _Rise:
    before = [reading.value for reading in recent[:-judged]][-reference_readings:]
    candidates = [] if baseline is None else [baseline]
    if before:
        candidates.append(as_number(median(before)))
    reference = min(candidates, default=None)
    if reference is None or len(recent) < judged:
        return _Rise(reference, None)
    lowest = min(reading.value for reading in recent[-judged:])
    return _Rise(reference, as_number(lowest - Fraction(reference)))
