"""Counts over the courses of a clinic, one patient at a time, in memory that does not grow.

Nothing is kept of a patient but what they add to the counts: a tally holds numbers, and at most
one pair of numbers for each day up to the horizon.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Literal

from services.rules.cohort.course import CourseOutcome, Fate
from services.rules.cohort.numbers import COHORT_THRESHOLDS, CohortThresholds
from services.rules.courses import Phase, Product
from services.rules.measures import Change
from services.rules.statistics import Exact

GroupedBy = Literal["overall", "phase", "strict", "product", "route", "product_route"]
ORDER: tuple[GroupedBy, ...] = ("overall", "phase", "strict", "product", "route", "product_route")


@dataclass(frozen=True, slots=True)
class CohortGroup:
    """Which courses are counted together; None is any.

    Phases are pooled only in `overall`: a maintenance course repeats a patient's induction.
    """

    by: GroupedBy
    phase: Phase | None = None
    product: Product | None = None
    route: str | None = None


OVERALL = CohortGroup("overall")


@dataclass(slots=True)
class OutcomeTally:
    """The counts of one group; `response_durations`: days -> (responses lost, those censored)."""

    patients: int = 0
    courses: int = 0
    strict: int = 0
    fates: dict[Fate, int] = field(default_factory=dict)
    baseline_points: Exact = 0
    outcome_points: Exact = 0
    judged: int = 0
    responded: int = 0
    remitted: int = 0
    worsened: int = 0
    worsened_reliably: int = 0
    item9_known: int = 0
    item9_positive: int = 0
    item9_lower: int = 0
    item9_zero: int = 0
    item9_higher: int = 0
    response_durations: dict[int, tuple[int, int]] = field(default_factory=dict)

    def add(self, course: CourseOutcome, change: Change) -> None:
        """Count one course; `judged` are those with an outcome and a baseline of at least 10."""
        self.courses += 1
        self.strict += course.strict
        self.fates[course.fate] = self.fates.get(course.fate, 0) + 1
        self._add_response_duration(course)
        self._add_points(course, change)
        self._add_item9(course)

    def _add_response_duration(self, course: CourseOutcome) -> None:
        if (lasted := course.response_duration) is not None:
            lost, censored = self.response_durations.get(lasted.days, (0, 0))
            self.response_durations[lasted.days] = (
                lost + lasted.lost,
                censored + (not lasted.lost),
            )

    def _add_points(self, course: CourseOutcome, change: Change) -> None:
        if course.baseline is None or course.outcome is None:
            return
        before, after = course.baseline.total, course.outcome.total
        self.baseline_points += before
        self.outcome_points += after
        self.worsened += after > before
        self.worsened_reliably += after - before >= change.reliable_points
        if before >= change.percent_from_baseline:
            self.judged += 1
            self.responded += change.is_response(before, after)
            self.remitted += after < change.remission_below

    def _add_item9(self, course: CourseOutcome) -> None:
        if course.baseline is None or course.outcome is None:
            return
        before, after = course.baseline.item9, course.outcome.item9
        if before is None or after is None:
            return
        self.item9_known += 1
        self.item9_higher += after > before
        if before:
            self.item9_positive += 1
            self.item9_lower += after < before
            self.item9_zero += after == 0


class Cohort:
    """The tallies of all groups."""

    def __init__(self, thresholds: CohortThresholds = COHORT_THRESHOLDS) -> None:
        self.thresholds = thresholds
        self.tallies: dict[CohortGroup, OutcomeTally] = {OVERALL: OutcomeTally()}

    def add(self, courses: Collection[CourseOutcome]) -> None:
        """Count the courses of one patient; each patient is added once."""
        met, change = set(), self.thresholds.measures.change
        for course in courses:
            for group in groups_of(course):
                self.tallies.setdefault(group, OutcomeTally()).add(course, change)
                met.add(group)
        for group in met:
            self.tallies[group].patients += 1

    def groups(self) -> list[tuple[CohortGroup, OutcomeTally]]:
        """Every group met so far and `overall`, in a fixed order."""
        return sorted(self.tallies.items(), key=lambda pair: _place(pair[0]))


def groups_of(course: CourseOutcome) -> Iterator[CohortGroup]:
    """The groups that a course counts in."""
    phase, product, route = course.phase, course.product, course.route
    yield OVERALL
    yield CohortGroup("phase", phase)
    yield CohortGroup("product", phase, product)
    yield CohortGroup("route", phase, route=route)
    yield CohortGroup("product_route", phase, product, route)
    if course.strict:
        yield CohortGroup("strict", phase)


def _place(group: CohortGroup) -> tuple[int, str, str, str]:
    return ORDER.index(group.by), group.phase or "", group.product or "", group.route or ""
