"""Rule E4: vital signs after dosing that must be looked at before somebody goes home.

A finding belongs to one reading. What fires is every finding that was not there without the reading
being decided, so that a reading typed in late (the one before dosing, say) finds what it explains.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from services.rules.courses import Session
from services.rules.decision import Decision, Tier
from services.rules.session_day.vital_signs import VITAL_THRESHOLDS, SessionVitals, VitalThresholds
from services.rules.side_effects.report import joined

FindingKind = Literal[
    "systolic_rise",
    "diastolic_rise",
    "systolic_not_declining",
    "diastolic_not_declining",
    "sedated_at_discharge",
    "oxygen_low",
]


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong in which set of vital signs."""

    kind: FindingKind
    vitals_id: str


def e4(
    session: Session,
    taken: SessionVitals,
    series: Iterable[SessionVitals],
    numbers: VitalThresholds = VITAL_THRESHOLDS,
) -> Decision:
    """Decide E4 for one set; `series` are all of the session's (`taken` may be among them)."""
    others = [one for one in series if one.id != taken.id]
    found = set(findings(session, [*others, taken], numbers))
    found -= set(findings(session, others, numbers))
    before = last_before_dosing([*others, taken])
    return Decision.with_tier(
        rule="E4",
        rule_version=numbers.version,
        tier=Tier.HIGH if found else None,
        inputs={
            "findings": joined(finding.kind for finding in found),
            "phase": taken.phase,
            "minutes": round((taken.taken_at - session.started_at).total_seconds() / 60),
            "systolic": taken.systolic,
            "diastolic": taken.diastolic,
            "systolic_before": before.systolic if before else None,
            "diastolic_before": before.diastolic if before else None,
            "spo2": taken.spo2,
            "sedation": taken.sedation,
            "heart_rate": taken.heart_rate,
            "heart_rate_flag": heart_rate_flag(taken.heart_rate, numbers),
        },
        about=session.id,
    )


def findings(
    session: Session,
    series: Iterable[SessionVitals],
    numbers: VitalThresholds = VITAL_THRESHOLDS,
) -> tuple[Finding, ...]:
    """Return everything that E4 finds in a session's vital signs, in the order of the readings.

    - A rise of 40 mmHg systolic or 25 diastolic over the last reading before dosing, in any later
      reading from 30 minutes after the start.
    - Not declining: a reading 2 h or more after the start that is the highest after dosing so far
      (also when it is the only one) and still raised: more than 10 mmHg above the one before
      dosing, or above it and the guide of 140/90.
    - MOAA/S of 3 or less at discharge.
    - Oxygen saturation below 92 %, in any phase.
    """
    ordered = sorted(series, key=lambda one: (one.taken_at, one.id))
    before = last_before_dosing(ordered)
    dosed = [one for one in ordered if one.phase != "pre"]
    found: list[Finding] = []
    for one in ordered:
        kinds = _at_any_time(one, numbers)
        if one.phase != "pre":
            elapsed = one.taken_at - session.started_at
            so_far = [other for other in dosed if other.taken_at <= one.taken_at]
            kinds += _rises(one, before, elapsed, numbers)
            kinds += _not_declining(one, before, so_far, elapsed, numbers)
        found += [Finding(kind, one.id) for kind in kinds]
    return tuple(found)


def last_before_dosing(series: Iterable[SessionVitals]) -> SessionVitals | None:
    """Return the last reading of the phase `pre`: the reference of a rise."""
    before = [one for one in series if one.phase == "pre"]
    return max(before, key=lambda one: (one.taken_at, one.id), default=None)


def heart_rate_flag(
    rate: int | None, numbers: VitalThresholds = VITAL_THRESHOLDS
) -> Literal["low", "high"] | None:
    """Flag a heart rate below 50 or above 120 per minute; a flag only, no alert."""
    if rate is None:
        return None
    if rate < numbers.heart_rate.below:
        return "low"
    return "high" if rate > numbers.heart_rate.above else None


def _at_any_time(one: SessionVitals, numbers: VitalThresholds) -> list[FindingKind]:
    found: list[FindingKind] = []
    sedated = one.sedation is not None and one.sedation <= numbers.e4.sedation_at_most
    if one.phase == "discharge" and sedated:
        found.append("sedated_at_discharge")
    if one.spo2 is not None and one.spo2 < numbers.e4.spo2_below:
        found.append("oxygen_low")
    return found


def _rises(
    one: SessionVitals,
    before: SessionVitals | None,
    elapsed: timedelta,
    numbers: VitalThresholds,
) -> list[FindingKind]:
    if before is None or elapsed < timedelta(minutes=numbers.e4.rise_from_min):
        return []
    found: list[FindingKind] = []
    if one.systolic - before.systolic >= numbers.e4.systolic_rise:
        found.append("systolic_rise")
    if one.diastolic - before.diastolic >= numbers.e4.diastolic_rise:
        found.append("diastolic_rise")
    return found


def _not_declining(
    one: SessionVitals,
    before: SessionVitals | None,
    so_far: Sequence[SessionVitals],
    elapsed: timedelta,
    numbers: VitalThresholds,
) -> list[FindingKind]:
    if elapsed < timedelta(minutes=numbers.e4.declining_by_min):
        return []
    found: list[FindingKind] = []
    peak = max(other.systolic for other in so_far)
    base = before.systolic if before else None
    if one.systolic >= peak and _is_raised(one.systolic, base, numbers.e3.systolic, numbers):
        found.append("systolic_not_declining")
    peak = max(other.diastolic for other in so_far)
    base = before.diastolic if before else None
    if one.diastolic >= peak and _is_raised(one.diastolic, base, numbers.e3.diastolic, numbers):
        found.append("diastolic_not_declining")
    return found


def _is_raised(value: int, base: int | None, guide: int, numbers: VitalThresholds) -> bool:
    if base is None:
        return value > guide
    return value > base and (value > base + numbers.e4.settled_within or value > guide)
