"""What a trend report is computed with, in all its versions, from `data/trend/`.

The report of a data cut is computed with the version that was in force at the cut, so that the same
cut gives the same report after any number was changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from services.rules.figures.numbers import FIGURES, FigureNumbers
from services.rules.measures import Measures
from services.rules.numbers import DATA, NumbersError, read_versions
from services.rules.schedule.numbers import SCHEDULES, ScheduleNumbers
from services.rules.side_effects.coded_list import SIDE_EFFECT_LISTS, SideEffectList
from services.rules.worsening.numbers import COURSE_RULES, CourseRuleThresholds


@dataclass(frozen=True, slots=True)
class ReportNumbers:
    """One version: the numbers of every part, which all rest on the same measures."""

    version: str
    in_force_from: datetime
    figures: Annotated[FigureNumbers, FIGURES]
    course_rules: Annotated[CourseRuleThresholds, COURSE_RULES]
    schedule: Annotated[ScheduleNumbers, SCHEDULES]
    side_effects: Annotated[SideEffectList, SIDE_EFFECT_LISTS]

    def __post_init__(self) -> None:
        if self.course_rules.measures != self.measures:
            raise NumbersError("rests on other measures than the figures", "course_rules")
        if self.schedule.measures != self.measures:
            raise NumbersError("rests on other measures than the figures", "schedule")

    @property
    def measures(self) -> Measures:
        """How change is measured in this version."""
        return self.figures.measures


REPORTS: Final = read_versions(DATA / "trend", ReportNumbers)
REPORT_NUMBERS: Final = REPORTS.newest
