"""Day-to-day noise of simulated answers: normal, autocorrelated, with days left out at random."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

# The scale of the two-week form and of its daily adaptation.
LOWEST, HIGHEST = 0, 27


@dataclass(frozen=True, slots=True)
class Noise:
    """Day-to-day noise: SD in points, lag-1 autocorrelation, share of days without an answer."""

    sd: float
    autocorrelation: float
    missing: float


# What no data set of ketamine patients gives: chosen near the residuals of public daily series.
USUAL_NOISE = Noise(sd=2.0, autocorrelation=0.3, missing=0.2)


def deviations(noise: Noise, dice: random.Random) -> Iterator[float]:
    """Yield the deviation from the true level in points, one a day, without end."""
    deviation = dice.gauss(0, 1)
    fresh = math.sqrt(1 - noise.autocorrelation**2)
    while True:
        yield noise.sd * deviation
        deviation = noise.autocorrelation * deviation + fresh * dice.gauss(0, 1)


def score(level: float) -> int:
    """Return the total that a form would show for a level: rounded and cut to its scale."""
    return min(max(round(level), LOWEST), HIGHEST)
