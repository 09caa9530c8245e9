"""Mann-Kendall: is there a trend at all, whatever its shape? The sign behind Theil-Sen's slope."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Literal

from services.rules.statistics import Exact

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
