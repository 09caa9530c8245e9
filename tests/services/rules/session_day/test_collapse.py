"""E7 at, just below and just above each number, in every phase."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args

import pytest

from services.rules.decision import Tier
from services.rules.session_day.collapse import e7
from services.rules.session_day.vital_signs import SessionVitals, VitalsPhase

AT = datetime(2026, 11, 21, 14, tzinfo=UTC)


def taken(phase="during", **measured):
    values = {"systolic": 120, "diastolic": 80, **measured}
    return SessionVitals("v1", "s1", phase, AT, **values)


@pytest.mark.parametrize("phase", get_args(VitalsPhase))
@pytest.mark.parametrize(
    ("measured", "findings"),
    [
        ({}, ""),
        ({"sedation": 2}, ""),
        ({"sedation": 1}, "unresponsive"),
        ({"sedation": 0}, "unresponsive"),
        ({"systolic": 90, "diastolic": 45}, ""),
        ({"systolic": 89}, "systolic_low"),
        ({"spo2": 90}, ""),
        ({"spo2": 89}, "oxygen_very_low"),
        ({"sedation": 0, "systolic": 85, "spo2": 80}, "oxygen_very_low,systolic_low,unresponsive"),
    ],
)
def test_it_fires_in_any_phase(phase, measured, findings):
    decision = e7(taken(phase, **measured))
    kinds = decision.inputs["findings"]
    assert (",".join(sorted(kinds.split(","))) if kinds else "") == findings
    assert decision.tier == (Tier.HIGH if findings else None)
    assert decision.about == "s1"
