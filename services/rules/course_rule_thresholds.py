"""The numbers of rules M3, M4 and M5, read once from `data/course_rules.toml`."""

from dataclasses import dataclass
from pathlib import Path

from services.rules.threshold_files import DATA, read_thresholds


@dataclass(frozen=True, slots=True)
class M3Thresholds:
    """Rule M3, in points of the two-week PHQ-9 (0-27), percent and days."""

    percent_from_baseline: int
    response_percent: int
    remission_below: int
    pair_apart_days: int
    return_total: int
    return_rise: int


@dataclass(frozen=True, slots=True)
class M4Thresholds:
    """Rule M4, in sessions, days, points of the two-week PHQ-9 (0-27) and percent."""

    ketamine_sessions: int
    esketamine_sessions: int
    other_sessions: int
    after_days: int
    percent_from_baseline: int
    improvement_percent: int


@dataclass(frozen=True, slots=True)
class M5Thresholds:
    """Rule M5, in mood days and points of the 24-hour check-in (0-27)."""

    before_days: int
    before_min_days: int
    after_days: int
    rise: int


@dataclass(frozen=True, slots=True)
class CourseRuleThresholds:
    """One version of the three rules."""

    version: str
    m3: M3Thresholds
    m4: M4Thresholds
    m5: M5Thresholds


def read_course_rule_thresholds(path: Path = DATA / "course_rules.toml") -> CourseRuleThresholds:
    """Read one version of the numbers. Raises ThresholdError naming the file and the field."""
    file = read_thresholds(path)
    return CourseRuleThresholds(
        version=file.version,
        m3=file.table("m3", M3Thresholds),
        m4=file.table("m4", M4Thresholds),
        m5=file.table("m5", M5Thresholds),
    )


COURSE_RULE_THRESHOLDS = read_course_rule_thresholds()
