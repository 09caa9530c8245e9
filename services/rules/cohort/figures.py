"""From counts to figures: shares with their interval, means, and Kaplan-Meier of the response."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from services.rules.cohort.numbers import COHORT_THRESHOLDS, CohortThresholds
from services.rules.cohort.tally import CohortGroup, OutcomeTally, ShareName
from services.rules.statistics import FollowUpSpan, Step, kaplan_meier


@dataclass(frozen=True, slots=True)
class Share:
    """`count` of `n` courses, in percent (0-100) with its 95 % Wilson interval; None of nobody."""

    count: int
    n: int
    percent: Fraction | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class SurvivalMark:
    """The share (0-1) still responding after so many days, and how many were observed until then;
    None when nobody was.
    """

    days: int
    share: Fraction | None
    at_risk: int


@dataclass(frozen=True, slots=True)
class Sustained:
    """Kaplan-Meier of `n` responses, of which `lost` were seen to end."""

    n: int
    lost: int
    censored: int
    marks: tuple[SurvivalMark, ...]
    curve: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """The figures of one group; `small`: fewer than 5 courses have an outcome."""

    group: CohortGroup
    tally: OutcomeTally
    small: bool
    baseline_mean: Fraction | None
    outcome_mean: Fraction | None
    shares: Mapping[ShareName, Share]
    sustained: Sustained

    @property
    def n(self) -> int:
        """Courses with a baseline and an outcome."""
        return self.tally.fates["counted"]

    @property
    def missing(self) -> int:
        """Courses whose outcome is not known by now and will not be."""
        fates = self.tally.fates
        return fates["missing"] + fates["baseline_missing"] + fates["retreated"]


def figures_of(
    group: CohortGroup, tally: OutcomeTally, thresholds: CohortThresholds = COHORT_THRESHOLDS
) -> GroupFigures:
    """Return the figures of one group."""
    n, shown = tally.fates["counted"], thresholds.shown
    return GroupFigures(
        group=group,
        tally=tally,
        small=n < shown.small_group,
        baseline_mean=Fraction(tally.baseline_points) / n if n else None,
        outcome_mean=Fraction(tally.outcome_points) / n if n else None,
        shares={name: share(*counts, shown.interval_z) for name, counts in tally.shares.items()},
        sustained=sustained(tally.response_durations, thresholds),
    )


def share(count: int, n: int, z: float = COHORT_THRESHOLDS.shown.interval_z) -> Share:
    """Return a share in percent with Wilson's score interval (JASA 1927, 22:209).

    Raises ValueError unless 0 <= count <= n.
    """
    if not 0 <= count <= n:
        raise ValueError(f"{count} of {n} is no share")
    if n == 0:
        return Share(count, n, None, None, None)
    p, z2 = count / n, z * z
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = z / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    # At 0 and n the bound is exact; the arithmetic would leave a speck beside it.
    low = 0.0 if count == 0 else 100 * (middle - half)
    high = 100.0 if count == n else 100 * (middle + half)
    return Share(count, n, Fraction(100 * count, n), low, high)


def sustained(
    durations: Counter[FollowUpSpan], thresholds: CohortThresholds = COHORT_THRESHOLDS
) -> Sustained:
    """Return the curve of how long responses lasted."""
    curve = kaplan_meier(durations)
    lost = sum(count for span, count in durations.items() if span.is_event)
    days = (thresholds.sustained.first_mark_days, thresholds.sustained.second_mark_days)
    return Sustained(
        n=durations.total(),
        lost=lost,
        censored=durations.total() - lost,
        marks=tuple(mark(curve, day) for day in days),
        curve=curve,
    )


def mark(curve: Sequence[Step], day: int) -> SurvivalMark:
    """Return the share still responding after so many days.

    Once nobody is observed any more the share is unknown, unless every response was lost.
    """
    at_risk = next((step.at_risk for step in curve if step.days >= day), 0)
    passed = [step.survival for step in curve if step.days <= day]
    left = passed[-1] if passed else Fraction(1)
    known = bool(at_risk) or (bool(curve) and left == 0)
    return SurvivalMark(day, left if known else None, at_risk)
