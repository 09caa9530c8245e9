"""How often rule M2 finds a lasting worsening, and how often it cries wolf, on simulated patients.

Each patient has a week at 18 (the baseline), falls to 5 within a week of treatment, stays there
for eight weeks and then rises by 6 for good. The noise is normal, independent from day to day or
autocorrelated, rounded and cut to the scale of the form (0-27), with days missing at random.

    python -m tests.builders.rules.m2_simulation [patients]
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product

from services.evaluation.simulation.patients import Noise, deviations, score
from services.rules.day_series import DayValue
from services.rules.statistics import mean
from services.rules.worsening.daily_worsening import m2
from services.rules.worsening.numbers import DAILY_LOOKBACK_DAYS
from services.rules.worsening.repetition import m2_may_open

FIRST_DAY = date(2026, 1, 1)
BASELINE_LEVEL, RESPONSE_LEVEL, RISE = 18, 5, 6
TREATED, RESPONDED, WORSENED, LAST = 7, 14, 70, 75
DAYS_TO_FIND = 5


@dataclass(frozen=True, slots=True)
class Figures:
    """Share of patients found within 5 days of the rise; false episodes per user-week before it."""

    found: float
    false_per_week: float


TABLE = [
    Noise(sd, autocorrelation, missing)
    for autocorrelation, sd, missing in product((0.0, 0.3), (1.5, 2.0, 2.5, 3.0), (0.0, 0.1, 0.2))
]


def level(day: int) -> float:
    """Return the patient's true level on a day of the simulation, in points."""
    if day < TREATED:
        return BASELINE_LEVEL
    if day < RESPONDED:
        share = (day - TREATED + 1) / (RESPONDED - TREATED)
        return BASELINE_LEVEL - share * (BASELINE_LEVEL - RESPONSE_LEVEL)
    return RESPONSE_LEVEL if day < WORSENED else RESPONSE_LEVEL + RISE


def answers(noise: Noise, dice: random.Random) -> list[DayValue]:
    """Return the observed days of one patient, ascending."""
    values = []
    for day, deviation in zip(range(LAST), deviations(noise, dice), strict=False):
        if dice.random() >= noise.missing:
            on = FIRST_DAY + timedelta(days=day)
            values.append(DayValue(on, score(level(day) + deviation)))
    return values


def episodes(values: list[DayValue]) -> Iterator[int]:
    """Yield the days on which M2 opens an alert, deciding each answer as it comes."""
    before = [value.value for value in values if _day(value) < TREATED]
    baseline = float(mean(before)) if before else None
    last_opened_on: date | None = None
    for index, value in enumerate(values):
        seen = [v for v in values[: index + 1] if _day(value) - _day(v) <= DAILY_LOOKBACK_DAYS]
        if _day(value) < TREATED or not m2(seen, baseline).is_met:
            continue
        if m2_may_open(seen, baseline, last_opened_on):
            last_opened_on = value.day
            yield _day(value)


def simulate(noise: Noise, patients: int, seed: int) -> Figures:
    """Return both figures over so many patients; the same seed gives the same patients."""
    dice = random.Random(seed)
    found = false_episodes = 0
    for _ in range(patients):
        days = list(episodes(answers(noise, dice)))
        found += any(WORSENED <= day < WORSENED + DAYS_TO_FIND for day in days)
        false_episodes += sum(day < WORSENED for day in days)
    weeks = patients * (WORSENED - TREATED) / 7
    return Figures(found / patients, false_episodes / weeks)


def _day(value: DayValue) -> int:
    return (value.day - FIRST_DAY).days


def main(patients: int) -> None:
    """Print the table for every noise in TABLE."""
    sys.stdout.write(f"M2 on {patients} simulated responders a row (18 to 5, then +6 for good)\n")
    sys.stdout.write("  SD  autocorrelation  missing  found in 5 days  false episodes/user-week\n")
    for noise in TABLE:
        figures = simulate(noise, patients, seed=2)
        sys.stdout.write(
            f"{noise.sd:4.1f}  {noise.autocorrelation:15.1f}  {noise.missing:6.0%}"
            f"  {figures.found:15.1%}  {figures.false_per_week:24.4f}\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
