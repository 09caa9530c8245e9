"""The few statistics of the reports, exact: integers and fractions in, fractions out.

Every figure is rounded once, by `as_number`, so that the same answers give the same bytes.
Mann-Kendall is the sign behind Theil-Sen's slope; Kaplan-Meier says how long something lasts when
some are not followed to its end.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from statistics import NormalDist
from typing import Literal

Exact = int | Fraction


def mean(values: Sequence[Exact]) -> Fraction:
    """Return the arithmetic mean. Raises ValueError without values."""
    if not values:
        raise ValueError("a mean needs at least one value")
    return Fraction(sum(values)) / len(values)


def median(values: Iterable[Exact]) -> Fraction:
    """Return the middle value, or the mean of the middle two. Raises ValueError without values."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("a median needs at least one value")
    return mean([ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]])


def sample_sd(values: Sequence[Exact]) -> float:
    """Return the standard deviation with n - 1. Raises ValueError with fewer than two values."""
    if len(values) <= 1:
        raise ValueError("a standard deviation needs at least two values")
    # Exact in this form, so nothing is lost to cancellation.
    n = len(values)
    squares = n * sum(value * value for value in values) - sum(values) ** 2
    return math.sqrt(Fraction(squares) / (n * (n - 1)))


def theil_sen(points: Sequence[tuple[int, Exact]]) -> Fraction:
    """Return the median of all pairwise slopes, in value per step of x.

    The x (day numbers) must differ from each other. Raises ValueError with fewer than two points
    and ZeroDivisionError on two points with the same x.
    """
    # Over one denominator all slopes are whole numbers, which sort far faster than fractions.
    points_per_unit = math.lcm(*(value.denominator for _, value in points))
    whole = [(x, int(value * points_per_unit)) for x, value in points]
    pairs = [
        (right - left, later - earlier)
        for (left, earlier), (right, later) in combinations(whole, 2)
    ]
    steps = math.lcm(*(width for width, _ in pairs))
    return median(rise * (steps // width) for width, rise in pairs) / (steps * points_per_unit)


def as_number(value: Exact | float) -> int | float:
    """Return the nearest double, or an integer when the value is whole (never `11.0` or `-0.0`)."""
    return int(value) if value == int(value) else float(value)


Direction = Literal["falling", "rising", "flat"]


@dataclass(frozen=True, slots=True)
class TrendTest:
    """`s`: later values above earlier ones minus those below. `variance`: of S without a trend,
    corrected for ties. `p`: two-sided, by the normal approximation with continuity correction.
    """

    s: int
    variance: Fraction
    p: float
    direction: Direction


def mann_kendall(values: Sequence[Exact]) -> TrendTest:
    """Test values in their order in time; missing days are left out, never filled.

    Values that are all equal, and fewer than two, show no trend: p is 1.
    """
    s = sum((later > sooner) - (later < sooner) for sooner, later in combinations(values, 2))
    variance = _variance(values)
    direction: Direction = "flat" if s == 0 else "rising" if s > 0 else "falling"
    return TrendTest(s, variance, _two_sided(s, variance), direction)


def _variance(values: Sequence[Exact]) -> Fraction:
    ties = Counter(values).values()
    return Fraction(_pairs_weighted(len(values)) - sum(map(_pairs_weighted, ties)), 18)


def _pairs_weighted(n: int) -> int:
    return n * (n - 1) * (2 * n + 5)


def _two_sided(s: int, variance: Fraction) -> float:
    # The distance to the nearer of the two neighbours of S; none is left at S = 0.
    distance = max(abs(s) - 1, 0)
    if distance == 0:
        return 1.0
    return math.erfc(distance / math.sqrt(2 * variance))


HALF = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class FollowUpSpan:
    """How long one was followed, in days (0 and up), and whether that ended with the event."""

    days: int
    is_event: bool


@dataclass(frozen=True, slots=True)
class Step:
    """The curve from a day on: `survival` (0-1) is the share that still holds after that day.

    `at_risk` were followed up to the day; those censored on the day of an event were at risk of it.
    """

    days: int
    at_risk: int
    events: int
    censored: int
    survival: Fraction


def kaplan_meier(spans: Iterable[FollowUpSpan]) -> tuple[Step, ...]:
    """Return the product-limit estimate, one step for every day on which a follow-up ended; of
    equal spans their count (a `Counter`) may be given.
    """
    ended = Counter(spans)
    at_risk = ended.total()
    survival = Fraction(1)
    steps = []
    for day in sorted({span.days for span in ended}):
        events, censored = ended[FollowUpSpan(day, True)], ended[FollowUpSpan(day, False)]
        survival *= Fraction(at_risk - events, at_risk)
        steps.append(Step(day, at_risk, events, censored, survival))
        at_risk -= events + censored
    return tuple(steps)


def median_limits(steps: Sequence[Step], percent: int) -> tuple[int | None, int | None]:
    """Return the confidence interval of the median in days, by the log-log transformed curve with
    Greenwood's variance (Brookmeyer and Crowley, Biometrics 1982, 38:29).

    None for an end that the curve does not reach. Both None without an event.
    """
    z = NormalDist().inv_cdf(0.5 + percent / 200)
    low = high = None
    hazard = Fraction(0)
    for step in steps:
        share = float(step.survival)
        if step.at_risk > step.events:
            hazard += Fraction(step.events, step.at_risk * (step.at_risk - step.events))
        if share < 1:
            below, above = _band(share, float(hazard), z)
            low = step.days if low is None and below <= HALF else low
            high = step.days if high is None and above <= HALF else high
    return low, high


def _band(share: float, hazard: float, z: float) -> tuple[float, float]:
    """The band around a share below 1; once nothing is left, nothing bounds it from above."""
    if share == 0:
        return 0.0, 1.0
    width = z * math.sqrt(hazard) / abs(math.log(share))
    return share ** math.exp(width), share ** math.exp(-width)


def median_days(steps: Sequence[Step]) -> int | None:
    """Return the first day on which at most half still hold; None while more than half do."""
    return next((step.days for step in steps if step.survival <= HALF), None)
