"""How fast something grows: a straight line by least squares, with the interval of its slope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from scipy import stats

from tests.production.soak.looks import Look, Quantity

# What is loaded, filled and opened once at the first requests is no growth.
WARM_UP: Final = 0.2
# Looks a few seconds apart resemble each other: taken one by one they would claim an interval much
# too narrow. The means of so many equal spans do so far less.
SPANS: Final = 20
CONFIDENCE: Final = 0.95
HOUR_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Slope:
    """Per hour: the best guess, and the lower and upper bound of its 95 % interval; `mean` of what
    was seen.
    """

    per_hour: float
    low: float
    high: float
    mean: float

    def words(self) -> str:
        """In one figure and its interval."""
        return f"{self.mean:.0f} {self.per_hour:+.2f} ({self.low:+.2f} to {self.high:+.2f})"


def after_warm_up(looks: Sequence[Look]) -> list[Look]:
    """Those that count."""
    begins = looks[-1].at_s * WARM_UP
    return [look for look in looks if look.at_s >= begins]


def slopes(looks: Sequence[Look], what: str) -> dict[str, Slope]:
    """Of each whose quantity was seen, by name; a look without it saw none of it."""
    counted = after_warm_up(looks)
    names = {name for look in counted for name in look.figures if name.what == what}
    return {name.whose: _slope(counted, name) for name in sorted(names)}


def _slope(looks: Sequence[Look], name: Quantity) -> Slope:
    first, last = looks[0].at_s, looks[-1].at_s
    spans: dict[int, list[tuple[float, float]]] = {}
    for look in looks:
        place = min(int((look.at_s - first) / (last - first) * SPANS), SPANS - 1)
        spans.setdefault(place, []).append((look.at_s / HOUR_S, look.figures.get(name, 0.0)))
    hours = [fmean(at for at, _ in span) for span in spans.values()]
    values = [fmean(value for _, value in span) for span in spans.values()]
    if len(set(values)) == 1:
        return Slope(0.0, 0.0, 0.0, values[0])
    line = stats.linregress(hours, values)
    either_way = stats.t.ppf((1 + CONFIDENCE) / 2, len(hours) - 2) * line.stderr
    low, high = float(line.slope - either_way), float(line.slope + either_way)
    return Slope(float(line.slope), low, high, fmean(values))
