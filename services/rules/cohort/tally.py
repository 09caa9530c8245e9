"""Counts over the courses of a clinic, one patient at a time, in memory that does not grow.

Nothing is kept of a patient but what they add to the counts: a tally holds numbers, and at most
two of them for each day up to the horizon.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Literal, get_args

from services.rules.cohort.course import CourseOutcome, Fate
from services.rules.cohort.numbers import COHORT_THRESHOLDS, CohortThresholds
from services.rules.courses import Phase, Product
from services.rules.measures import Change
from services.rules.statistics import Exact, FollowUpSpan

GroupedBy = Literal["overall", "phase", "strict", "product", "route", "product_route"]
ORDER: tuple[GroupedBy, ...] = get_args(GroupedBy)


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


# What is counted as a share of the courses of which it is known.
ShareName = Literal[
    "response",
    "remission",
    "worsened",
    "worsened_reliably",
    "item9_lower",
    "item9_zero",
    "item9_higher",
]
SHARES: tuple[ShareName, ...] = get_args(ShareName)


@dataclass(slots=True)
class OutcomeTally:
    """The counts of one group. `shares`: of how many courses each is true, and among how many."""

    patients: int = 0
    courses: int = 0
    strict: int = 0
    fates: Counter[Fate] = field(default_factory=Counter)
    baseline_points: Exact = 0
    outcome_points: Exact = 0
    shares: dict[ShareName, tuple[int, int]] = field(
        default_factory=lambda: dict.fromkeys(SHARES, (0, 0))
    )
    response_durations: Counter[FollowUpSpan] = field(default_factory=Counter)

    def add(self, course: CourseOutcome, known: Collection[tuple[ShareName, bool]]) -> None:
        """Count one course, of which the `known_of` are given."""
        self.courses += 1
        self.strict += course.strict
        self.fates[course.fate] += 1
        if course.response_duration is not None:
            self.response_durations[course.response_duration] += 1
        if course.baseline is not None and course.outcome is not None:
            self.baseline_points += course.baseline.total
            self.outcome_points += course.outcome.total
        for name, is_true in known:
            count, among = self.shares[name]
            self.shares[name] = (count + is_true, among + 1)


def known_of(course: CourseOutcome, change: Change) -> Iterator[tuple[ShareName, bool]]:
    """What a course says of each share that it is counted in. A percentage means nothing below a
    limit, item 9 may not have been answered, and one of 0 cannot fall.
    """
    before, after = course.baseline, course.outcome
    if before is None or after is None:
        return
    rise = after.total - before.total
    yield "worsened", rise > 0
    yield "worsened_reliably", rise >= change.reliable_points
    if before.total >= change.percent_from_baseline:
        yield "response", change.is_response(before.total, after.total)
        yield "remission", after.total < change.remission_below
    if before.item9 is None or after.item9 is None:
        return
    yield "item9_higher", after.item9 > before.item9
    if before.item9:
        yield "item9_lower", after.item9 < before.item9
        yield "item9_zero", after.item9 == 0


class Cohort:
    """The tallies of all groups."""

    def __init__(self, thresholds: CohortThresholds = COHORT_THRESHOLDS) -> None:
        self.thresholds = thresholds
        self.tallies: dict[CohortGroup, OutcomeTally] = {OVERALL: OutcomeTally()}

    def add(self, courses: Collection[CourseOutcome]) -> None:
        """Count the courses of one patient; each patient is added once."""
        met, change = set(), self.thresholds.measures.change
        for course in courses:
            known = tuple(known_of(course, change))
            for group in groups_of(course):
                if group not in self.tallies:
                    self.tallies[group] = OutcomeTally()
                self.tallies[group].add(course, known)
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
