"""The numbers of the trend report, read once from `data/trend.toml`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.rules.threshold_files import DATA, read_thresholds


@dataclass(frozen=True, slots=True)
class StatusThresholds:
    """Limits of the status of a two-week PHQ-9, in points (0-27) and percent."""

    worse_rise: int
    percent_from_baseline: int
    remission_below: int
    minimal_below: int
    response_percent: int
    partial_percent: int
    mcid_points: int
    reliable_points: int


@dataclass(frozen=True, slots=True)
class Windows:
    """Lengths of the windows in mood days, and how many observed days each needs."""

    mean_days: int
    mean_min_days: int
    slope_days: int
    slope_min_days: int
    baseline_days: int
    baseline_min_days: int
    instability_days: int
    instability_min_days: int


@dataclass(frozen=True, slots=True)
class BaselineThresholds:
    """How long before a course a form counts, and when a course keeps the baseline before it."""

    form_days: int
    told_days: int
    keep_days: int


@dataclass(frozen=True, slots=True)
class SessionThresholds:
    """Around a session: hours, mood days and observed days, points of the form, percent."""

    shared_hours: int
    pre_days: int
    floor_below: int
    nadir_days: int
    nadir_min_days: int
    lost_percent: int
    gap_days: int
    interval_gap_days: int
    median_min_sessions: int
    onset_days: int
    onset_hours_days: int
    onset_fall: int


@dataclass(frozen=True, slots=True)
class SeriesThresholds:
    """What a day with many answers shows beside its value, in complete check-ins."""

    range_from_entries: int


@dataclass(frozen=True, slots=True)
class References:
    """Published figures that a picture may draw beside a patient's own, never as her chance."""

    relapse_median_days: int
    sustained_first_days: int
    sustained_first_percent: int
    sustained_second_days: int
    sustained_second_percent: int


@dataclass(frozen=True, slots=True)
class _Due:
    phq9_days: int
    phq9_daily_days: int


@dataclass(frozen=True, slots=True)
class TrendThresholds:
    """One version of the report's numbers; `due_days` maps instruments to mood days."""

    version: str
    status: StatusThresholds
    windows: Windows
    baseline: BaselineThresholds
    session: SessionThresholds
    series: SeriesThresholds
    references: References
    due_days: Mapping[str, int]


def read_trend_thresholds(path: Path = DATA / "trend.toml") -> TrendThresholds:
    """Read one version of the numbers. Raises ThresholdError naming the file and the field."""
    file = read_thresholds(path)
    due = file.table("due", _Due)
    return TrendThresholds(
        version=file.version,
        status=file.table("status", StatusThresholds),
        windows=file.table("windows", Windows),
        baseline=file.table("baseline", BaselineThresholds),
        session=file.table("session", SessionThresholds),
        series=file.table("series", SeriesThresholds),
        references=file.table("references", References),
        due_days={"phq9": due.phq9_days, "phq9-daily": due.phq9_daily_days},
    )


TREND_THRESHOLDS = read_trend_thresholds()
