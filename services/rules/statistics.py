"""The few statistics of the report, exact: integers and fractions in, fractions out.

Every figure is rounded once, by `as_number`, so that the same answers give the same bytes.
"""

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import combinations

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
    points_per_unit = math.lcm(*(Fraction(value).denominator for _, value in points))
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
