"""The numbers of rules M1 and M2, read once from `data/worsening.toml`."""

from dataclasses import dataclass
from pathlib import Path

from services.rules.threshold_files import DATA, read_thresholds


@dataclass(frozen=True, slots=True)
class M1Thresholds:
    """Rule M1, in points of the two-week PHQ-9 (0-27) and days."""

    reference_days: int
    reference_readings: int
    pair_rise: int
    single_rise: int
    high_from_total: int
    repeat_after_days: int


@dataclass(frozen=True, slots=True)
class M2Thresholds:
    """Rule M2, in points of the 24-hour check-in (0-27) and days."""

    reference_from_day: int
    reference_to_day: int
    reference_min_days: int
    sd_floor: float
    ewma_weight: float
    ewma_sigmas: float
    ewma_min_rise: float
    ewma_run: int
    run_length: int
    run_within_days: int
    run_sds: float
    run_min_rise: float
    gap_days: int
    under_days: int
    repeat_after_days: int


@dataclass(frozen=True, slots=True)
class WorseningThresholds:
    """One version of both rules."""

    version: str
    m1: M1Thresholds
    m2: M2Thresholds


def read_worsening_thresholds(path: Path = DATA / "worsening.toml") -> WorseningThresholds:
    """Read one version of the numbers. Raises ThresholdError naming the file and the field."""
    file = read_thresholds(path)
    return WorseningThresholds(
        version=file.version,
        m1=file.table("m1", M1Thresholds),
        m2=file.table("m2", M2Thresholds),
    )


WORSENING_THRESHOLDS = read_worsening_thresholds()

# How far back, in days before the newest mood day, the rules can see.
PHQ9_LOOKBACK_DAYS = WORSENING_THRESHOLDS.m1.reference_days
DAILY_LOOKBACK_DAYS = (
    WORSENING_THRESHOLDS.m2.reference_from_day + WORSENING_THRESHOLDS.m2.repeat_after_days
)
