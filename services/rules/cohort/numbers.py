"""The numbers of the cohort outcomes, read once from `data/cohort.toml`."""

from __future__ import annotations

from dataclasses import dataclass
from math import isclose
from statistics import NormalDist
from typing import Annotated, Final

from services.rules.figures.numbers import FIGURES, FigureNumbers
from services.rules.measures import Measures
from services.rules.numbers import DATA, Between, NumbersError, read
from services.rules.worsening.numbers import COURSE_RULES, CourseRuleThresholds


@dataclass(frozen=True, slots=True)
class OutcomeWindow:
    """Mood days after the last session of a course on which the outcome is read, both included."""

    first_day: int
    last_day: int


@dataclass(frozen=True, slots=True)
class StrictSchedule:
    """The induction that the published table counts: sessions, and days from first to last."""

    min_sessions: int
    max_sessions: int
    min_days: int
    max_days: int


@dataclass(frozen=True, slots=True)
class SustainedMarks:
    """Days after the first response reading at which the share still responding is told."""

    first_mark_days: int
    second_mark_days: int
    horizon_days: int


@dataclass(frozen=True, slots=True)
class DisplayLimits:
    """How figures are shown: below how many they are `small`, and how wide an interval is."""

    small_group: int
    interval_percent: Annotated[int, Between(1, 99)]
    interval_z: float

    def __post_init__(self) -> None:
        quantile = NormalDist().inv_cdf(0.5 + self.interval_percent / 200)
        if not isclose(self.interval_z, quantile):
            raise NumbersError("is not that of the interval's percent", "interval_z")


@dataclass(frozen=True, slots=True)
class Published:
    """The published table: people, and percentages of them (0-100)."""

    people: int
    people_treated: int
    response: float
    remission: float
    item9_lower: float
    worsened: float
    item9_higher: float
    sustained_first_mark: float
    sustained_second_mark: float


@dataclass(frozen=True, slots=True)
class CohortThresholds:
    """One version of the numbers."""

    version: str
    figures: Annotated[FigureNumbers, FIGURES]
    course_rules: Annotated[CourseRuleThresholds, COURSE_RULES]
    window: OutcomeWindow
    strict: StrictSchedule
    sustained: SustainedMarks
    shown: DisplayLimits
    published: Published

    def __post_init__(self) -> None:
        if self.course_rules.measures != self.measures:
            raise NumbersError("rests on other measures than the figures", "course_rules")

    @property
    def measures(self) -> Measures:
        """How change is measured in this version."""
        return self.figures.measures


COHORT_THRESHOLDS: Final = read(DATA / "cohort.toml", CohortThresholds)
