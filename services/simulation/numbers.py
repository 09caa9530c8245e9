"""The numbers of M1-M5 that a replay uses: those in force, or those of a proposed change."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from services.rules.course_rule_thresholds import (
    COURSE_RULE_THRESHOLDS,
    CourseRuleThresholds,
    read_course_rule_thresholds,
)
from services.rules.threshold_files import ThresholdError, read_thresholds
from services.rules.worsening_thresholds import (
    WORSENING_THRESHOLDS,
    WorseningThresholds,
    read_worsening_thresholds,
)

# A file of M3-M5 is known by any of its tables; any other must be one of M1 and M2.
COURSE_TABLES = frozenset({"m3", "m4", "m5"})


@dataclass(frozen=True, slots=True)
class RuleNumbers:
    """One version of the numbers of M1 and M2 and one of M3-M5."""

    worsening: WorseningThresholds = WORSENING_THRESHOLDS
    course: CourseRuleThresholds = COURSE_RULE_THRESHOLDS

    @property
    def daily_lookback_days(self) -> int:
        """How many days before an answer M2 can see, its memory of an episode included."""
        return self.worsening.m2.reference_from_day + self.worsening.m2.repeat_after_days


IN_FORCE = RuleNumbers()


def changed_numbers(files: Iterable[Path]) -> RuleNumbers:
    """Return the numbers in force with those of the files in their place.

    A file is a whole changed copy of `worsening.toml` or `course_rules.toml`. Raises
    ThresholdError as the loader of the service does, and when two files are of one kind.
    """
    numbers = IN_FORCE
    kinds: set[str] = set()
    for path in files:
        is_course = not COURSE_TABLES.isdisjoint(read_thresholds(path).tables)
        kind = "course_rules" if is_course else "worsening"
        if kind in kinds:
            raise ThresholdError(f"{path.name}: a second file of {kind}")
        kinds.add(kind)
        if is_course:
            numbers = replace(numbers, course=read_course_rule_thresholds(path))
        else:
            numbers = replace(numbers, worsening=read_worsening_thresholds(path))
    return numbers
