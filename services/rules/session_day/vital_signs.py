"""Vital signs around a session; the numbers of E2, E3, E4 and E7 from `data/vital_signs.toml`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from services.rules.numbers import DATA, read
from services.rules.side_effects.report import Pressure

VitalsPhase = Literal["pre", "during", "post", "discharge"]


@dataclass(frozen=True, slots=True)
class SessionVitals:
    """One set of vital signs of a session.

    Pressures in mmHg, heart rate per minute, SpO2 in percent, sedation as MOAA/S (5 responds
    readily .. 0 not at all), dissociation as the CADSS total (0-92); None where not measured.
    """

    id: str
    session_id: str
    phase: VitalsPhase
    taken_at: datetime
    systolic: int
    diastolic: int
    heart_rate: int | None = None
    spo2: int | None = None
    sedation: int | None = None
    dissociation: int | None = None

    @property
    def pressure(self) -> Pressure:
        """The blood pressure alone."""
        return Pressure(self.taken_at, self.systolic, self.diastolic, self.heart_rate)


@dataclass(frozen=True, slots=True)
class CrisisPressure:
    """E2: mmHg, from which on; seconds between two readings; hours that make one episode.

    `session_hours`: how long after a session's end a reading and a symptom are of that session.
    """

    systolic: int
    diastolic: int
    repeat_after_s: int
    episode_hours: int
    session_hours: int


@dataclass(frozen=True, slots=True)
class PrePressure:
    """E3: mmHg; a reading strictly above either."""

    systolic: int
    diastolic: int


@dataclass(frozen=True, slots=True)
class PostVitals:
    """E4: rises in mmHg over the last reading before dosing, minutes after the start, MOAA/S, %.

    `settled_within` (mmHg): a pressure up to this above the one before dosing counts as settled
    when it is asked whether values decline.
    """

    systolic_rise: int
    diastolic_rise: int
    rise_from_min: int
    declining_by_min: int
    settled_within: int
    sedation_at_most: int
    spo2_below: int


@dataclass(frozen=True, slots=True)
class CollapseLimits:
    """E7: MOAA/S at most, mmHg and % strictly below."""

    sedation_at_most: int
    systolic_below: int
    spo2_below: int


@dataclass(frozen=True, slots=True)
class HeartRate:
    """Beats per minute outside which a reading carries a flag; no alert follows from it."""

    below: int
    above: int


@dataclass(frozen=True, slots=True)
class VitalThresholds:
    """One version of all of them."""

    version: str
    e2: CrisisPressure
    e3: PrePressure
    e4: PostVitals
    e7: CollapseLimits
    heart_rate: HeartRate


VITAL_THRESHOLDS: Final = read(DATA / "vital_signs.toml", VitalThresholds)
