"""How much the days differ from each other, beyond any trend."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from services.rules.day_series import DayValue
from services.rules.statistics import mean, sample_sd
from services.rules.trend_thresholds import TREND_THRESHOLDS, Windows
from services.rules.trend_windows import ending_on_last


@dataclass(frozen=True, slots=True)
class Instability:
    """`sd` in points over `n` observed days; `mssd`: mean square of the differences between
    adjacent days, in points squared, None when no two days are adjacent.
    """

    sd: float
    mssd: Fraction | None
    n: int


def instability(
    values: Sequence[DayValue], windows: Windows = TREND_THRESHOLDS.windows
) -> Instability | None:
    """Return both figures over the 14 mood days that end on the last value (ascending).

    None with fewer than 7 observed days. Days with a missing day between them are not adjacent.
    """
    seen = ending_on_last(values, windows.instability_days)
    if len(seen) < windows.instability_min_days:
        return None
    steps = [
        (later.value - sooner.value) ** 2
        for sooner, later in pairwise(seen)
        if (later.day - sooner.day).days == 1
    ]
    return Instability(
        sd=sample_sd([value.value for value in seen]),
        mssd=mean(steps) if steps else None,
        n=len(seen),
    )
