"""The numbers of the trend report in all their versions, read once from `data/trend/*.toml`.

The report of a data cut is computed with the version that was in force at the cut, so that the same
cut gives the same report after the numbers were changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from services.rules.threshold_files import DATA, ThresholdError, ThresholdFile, read_thresholds


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
class EffectThresholds:
    """Side effects: hours from the end of the session within which they should be gone."""

    resolved_hours: int


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
    """One version of the report's numbers, used for cuts from an instant on; `due_days` maps
    instruments to mood days.
    """

    version: str
    in_force_from: datetime
    status: StatusThresholds
    windows: Windows
    baseline: BaselineThresholds
    session: SessionThresholds
    series: SeriesThresholds
    effects: EffectThresholds
    references: References
    due_days: Mapping[str, int]


def read_trend_thresholds(path: Path) -> TrendThresholds:
    """Read one version of the numbers. Raises ThresholdError naming the file and the field."""
    file = read_thresholds(path)
    due = file.table("due", _Due)
    return TrendThresholds(
        version=file.version,
        in_force_from=_in_force_from(file),
        status=file.table("status", StatusThresholds),
        windows=file.table("windows", Windows),
        baseline=file.table("baseline", BaselineThresholds),
        session=file.table("session", SessionThresholds),
        series=file.table("series", SeriesThresholds),
        effects=file.table("effects", EffectThresholds),
        references=file.table("references", References),
        due_days={"phq9": due.phq9_days, "phq9-daily": due.phq9_daily_days},
    )


def read_trend_versions(folder: Path = DATA / "trend") -> tuple[TrendThresholds, ...]:
    """Read all versions of a folder, in the order in which they come into force.

    Raises ThresholdError for a file with a fault, for two files with one version or one instant,
    and for a folder without any.
    """
    found = [read_trend_thresholds(path) for path in sorted(folder.glob("*.toml"))]
    versions = {one.version for one in found}
    instants = {one.in_force_from for one in found}
    if not found or len(versions) < len(found) or len(instants) < len(found):
        raise ThresholdError(
            f"{folder.name}: needs versions that differ, each from its own instant"
        )
    return tuple(sorted(found, key=lambda one: one.in_force_from))


def trend_thresholds_at(
    instant: datetime, versions: Sequence[TrendThresholds] | None = None
) -> TrendThresholds:
    """Return the version in force at an instant (aware); before the first one came, the first."""
    known = TREND_VERSIONS if versions is None else versions
    begun = [one for one in known if one.in_force_from <= instant]
    return begun[-1] if begun else known[0]


def _in_force_from(file: ThresholdFile) -> datetime:
    found: object = file.tables.get("in_force_from")
    if not isinstance(found, datetime) or found.utcoffset() is None:
        raise ThresholdError(f"{file.name}: in_force_from must be an instant with an offset")
    return found


TREND_VERSIONS = read_trend_versions()

# What everything but a report of the past is computed with.
TREND_THRESHOLDS = TREND_VERSIONS[-1]
