"""Rule A1: anxiety (GAD-7) or the symptoms of trauma (PCL-5) have risen."""

from __future__ import annotations

from collections.abc import Sequence

from services.rules.day_series import DayValue
from services.rules.decision import Decision, Tier
from services.rules.statistics import as_number
from services.rules.worsening.numbers import FORM_RULE_THRESHOLDS, A1Thresholds, FormRuleThresholds
from services.rules.worsening.reliable_worsening import newest_within, rise


def a1(
    instrument: str,
    readings: Sequence[DayValue],
    baseline: float | None,
    thresholds: FormRuleThresholds = FORM_RULE_THRESHOLDS,
) -> Decision:
    """Decide A1 at the newest reading of `gad7` (0-21) or `pcl5` (0-80).

    It holds at 6 points (PCL-5: 10) above the reference, or at a GAD-7 of 15 whatever came before.
    The reference is that of M1: the lower of the baseline and the median of up to three complete
    forms before it, none older than 90 days. Raises KeyError for another instrument.
    """
    rise_limit, total_limit = _limits(instrument, thresholds.a1)
    past = thresholds.measures.own_past
    recent = newest_within(readings, past.reference_days)
    newest = recent[-1] if recent else None
    risen = rise(recent, 1, baseline, past.reference_readings)
    is_severe = newest is not None and total_limit is not None and newest.value >= total_limit
    met = is_severe or risen.reaches(rise_limit)
    return Decision.with_tier(
        rule="A1",
        rule_version=thresholds.version,
        tier=Tier.MEDIUM if met else None,
        inputs={
            "on": newest.day.isoformat() if newest else None,
            "total": as_number(newest.value) if newest else None,
            "total_limit": total_limit,
            "readings": len(recent),
            "baseline": baseline,
            "reference": risen.reference,
            "rise": risen.points,
            "rise_limit": rise_limit,
        },
    )


def _limits(instrument: str, limits: A1Thresholds) -> tuple[int, int | None]:
    """The rise, and the total that is enough alone (None: this scale has none)."""
    return {
        "gad7": (limits.gad7_rise, limits.gad7_total),
        "pcl5": (limits.pcl5_rise, None),
    }[instrument]
