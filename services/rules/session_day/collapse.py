"""Rule E7: somebody who can hardly be woken, or whose pressure or oxygen is dangerously low."""

from __future__ import annotations

from services.rules.decision import Decision, Tier
from services.rules.session_day.vital_signs import VITAL_THRESHOLDS, SessionVitals, VitalThresholds
from services.rules.side_effects.report import joined


def e7(taken: SessionVitals, numbers: VitalThresholds = VITAL_THRESHOLDS) -> Decision:
    """Decide E7 for one set, in any phase: MOAA/S of 1 or less, systolic below 90 mmHg, or oxygen
    saturation below 90 %.
    """
    limits = numbers.e7
    found = {
        "unresponsive": taken.sedation is not None and taken.sedation <= limits.sedation_at_most,
        "systolic_low": taken.systolic < limits.systolic_below,
        "oxygen_very_low": taken.spo2 is not None and taken.spo2 < limits.spo2_below,
    }
    kinds = [kind for kind, is_found in found.items() if is_found]
    return Decision.with_tier(
        rule="E7",
        rule_version=numbers.version,
        tier=Tier.HIGH if kinds else None,
        inputs={
            "findings": joined(kinds),
            "phase": taken.phase,
            "systolic": taken.systolic,
            "diastolic": taken.diastolic,
            "spo2": taken.spo2,
            "sedation": taken.sedation,
        },
        about=taken.session_id,
    )
