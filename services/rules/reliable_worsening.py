"""Rule M1: reliable worsening on the two-week PHQ-9."""

from collections.abc import Sequence

from services.rules.day_series import DayValue
from services.rules.rises import newest_within, rise
from services.rules.rule_decision import RuleDecision, Severity
from services.rules.statistics import as_number
from services.rules.worsening_thresholds import WORSENING_THRESHOLDS, WorseningThresholds


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
    recent = newest_within(readings, limits.reference_days)
    single = rise(recent, 1, baseline, limits.reference_readings)
    pair = rise(recent, 2, baseline, limits.reference_readings)
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
