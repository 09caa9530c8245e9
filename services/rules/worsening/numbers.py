"""All numbers of the M, A, B and U rules: one set to decide with, or to try out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, Final

from services.rules.catalogue import CATALOGUE
from services.rules.decision import RuleId
from services.rules.measures import MEASURES, Measures
from services.rules.numbers import DATA, read, read_versions


@dataclass(frozen=True, slots=True)
class M1Thresholds:
    """Rule M1, in points of the two-week PHQ-9 (0-27) and days, beside the measures."""

    single_rise: int
    high_from_total: int
    repeat_after_days: int


@dataclass(frozen=True, slots=True)
class M2Thresholds:
    """Rule M2, in points of the 24-hour check-in (0-27) and days."""

    reference_from_day: int
    reference_to_day: int
    sd_floor: float
    ewma_weight: float
    ewma_sigmas: float
    ewma_min_rise: float
    ewma_run: int
    run_length: int
    run_within_days: int
    run_sds: float
    run_min_rise: float
    under_days: int
    repeat_after_days: int


@dataclass(frozen=True, slots=True)
class WorseningThresholds:
    """One version of both rules."""

    version: str
    measures: Annotated[Measures, MEASURES]
    m1: M1Thresholds
    m2: M2Thresholds


WORSENING_THRESHOLDS: Final = read(DATA / "worsening.toml", WorseningThresholds)

# How far back, in days before the newest mood day, M2 can see.
DAILY_LOOKBACK_DAYS: Final = (
    WORSENING_THRESHOLDS.m2.reference_from_day + WORSENING_THRESHOLDS.m2.repeat_after_days
)


@dataclass(frozen=True, slots=True)
class M3Thresholds:
    """Rule M3, in points of the two-week PHQ-9 (0-27) and days, beside the measures."""

    pair_apart_days: int
    return_total: int


@dataclass(frozen=True, slots=True)
class M4Thresholds:
    """Rule M4, in sessions and days, beside the measures."""

    ketamine_sessions: int
    esketamine_sessions: int
    other_sessions: int
    after_days: int


@dataclass(frozen=True, slots=True)
class M5Thresholds:
    """Rule M5, in mood days, beside the measures."""

    before_min_days: int
    after_days: int


@dataclass(frozen=True, slots=True)
class CourseRuleThresholds:
    """One version of the three rules."""

    version: str
    in_force_from: datetime
    measures: Annotated[Measures, MEASURES]
    m3: M3Thresholds
    m4: M4Thresholds
    m5: M5Thresholds


COURSE_RULES: Final = read_versions(DATA / "course_rules", CourseRuleThresholds)
COURSE_RULE_THRESHOLDS: Final = COURSE_RULES.newest


@dataclass(frozen=True, slots=True)
class A1Thresholds:
    """Rule A1, in points of the GAD-7 (0-21) and the PCL-5 (0-80) and days."""

    gad7_rise: int
    gad7_total: int
    pcl5_rise: int
    repeat_after_days: int


@dataclass(frozen=True, slots=True)
class B1Thresholds:
    """Rule B1, in points of the ASRM (0-20), CTCAE grades (1-4) and days."""

    asrm_total: int
    asrm_rise: int
    effect_grade: int
    effect_grade_alone: int
    effect_days: int
    repeat_after_days: int


@dataclass(frozen=True, slots=True)
class U1Thresholds:
    """Rule U1, in points of an item (0-3) or of the form (0-15), CTCAE grades, sessions, days."""

    item: int
    blood_item: int
    total_rise: int
    effect_grade: int
    blood_grade: int
    new_after_sessions: int
    repeat_after_days: int


@dataclass(frozen=True, slots=True)
class FormRuleThresholds:
    """One version of the three rules."""

    version: str
    measures: Annotated[Measures, MEASURES]
    a1: A1Thresholds
    b1: B1Thresholds
    u1: U1Thresholds


FORM_RULE_THRESHOLDS: Final = read(DATA / "form_rules.toml", FormRuleThresholds)


_BY_DAYS: Final = tuple(rule.id for rule in CATALOGUE.values() if rule.repeats.is_by_days)


@dataclass(frozen=True, slots=True)
class RuleNumbers:
    """One version of each file; a trial run on history takes others than those in force."""

    worsening: WorseningThresholds = WORSENING_THRESHOLDS
    course: CourseRuleThresholds = COURSE_RULE_THRESHOLDS
    form: FormRuleThresholds = FORM_RULE_THRESHOLDS

    def measured_by(self, measures: Measures) -> RuleNumbers:
        """The same rules with change measured otherwise."""
        return RuleNumbers(
            replace(self.worsening, measures=measures),
            replace(self.course, measures=measures),
            replace(self.form, measures=measures),
        )

    @property
    def repeat_days(self) -> Mapping[RuleId, int]:
        """After how many days a rule may fire again, of those that the catalogue lets repeat so."""
        return {rule: int(self._table_of(rule).repeat_after_days) for rule in _BY_DAYS}

    def _table_of(self, rule: RuleId) -> Any:
        """The rule's own table: it has the rule's id in lower case."""
        files, name = (self.worsening, self.course, self.form), rule.lower()
        return next(getattr(file, name) for file in files if hasattr(file, name))


RULE_NUMBERS = RuleNumbers()
