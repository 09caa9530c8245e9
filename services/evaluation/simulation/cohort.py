"""Simulated patients under treatment, for measuring the worsening rules. Nobody here is real.

Answers follow a saw-tooth: symptoms fall within two days of a session and come slowly back until
the next, with day-to-day noise on top. No public series of ketamine patients exists to replace it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from services.evaluation.simulation.courses import (
    FIRST_SESSION,
    day_of,
    levels,
    session_days,
    treatment,
)
from services.evaluation.simulation.history import DAILY, TWO_WEEKS, History
from services.evaluation.simulation.kinds import KINDS, LATE_SHARE, SHAPES, Kind, draw
from services.evaluation.simulation.noise import USUAL_NOISE, Noise, deviations, score
from services.rules.day_series import Entry

WEEKS_AT_LEAST = 8
FORM_EVERY_DAYS = 14
FORM_SD = 2.0
FORM_AT, DAILY_AT = time(9, tzinfo=UTC), time(20, tzinfo=UTC)
SENT_LATE_BY = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class SimulatedPatient:
    """A history with the truth behind it, which the rules are not told.

    `begins_as` is what somebody who worsens was like before; `worsened_on` is the first day of a
    rise that lasts, None when there is none; nothing is known from `ends_on` on.
    """

    kind: Kind
    begins_as: Kind
    history: History
    first_session_on: date
    worsened_on: date | None
    ends_on: date


def cohort(
    patients: int, weeks: int, seed: int, noise: Noise = USUAL_NOISE
) -> Iterator[SimulatedPatient]:
    """Yield so many patients watched for so many weeks, the baseline week included (at least 8).

    Patient number n is the same for the same seed, weeks and noise, however many are asked for.
    Raises ValueError below 8 weeks.
    """
    if weeks < WEEKS_AT_LEAST:
        raise ValueError(f"treatment is simulated for at least {WEEKS_AT_LEAST} weeks")
    for number in range(patients):
        dice = random.Random(f"{seed}/{number}")  # noqa: S311 -- simulated, nothing secret
        kind = dice.choices(KINDS, [SHAPES[one].drawn for one in KINDS])[0]
        yield _patient(f"simulated-{number + 1}", kind, weeks * 7, noise, dice)


def _patient(
    name: str, kind: Kind, days: int, noise: Noise, dice: random.Random
) -> SimulatedPatient:
    sessions = session_days(days, dice)
    begins_as, response = draw(kind, sessions, days, dice)
    given = treatment(name, sessions, dice)
    true = levels(response, sessions, days)
    late = LATE_SHARE if kind == "late" else 0.0
    daily = _daily(name, true, noise, late, dice)
    forms = _forms(name, true, sessions, noise, dice)
    worsened = response.worsened_on
    return SimulatedPatient(
        kind=kind,
        begins_as=begins_as,
        history=History(name, given, {DAILY: daily, TWO_WEEKS: forms}),
        first_session_on=day_of(FIRST_SESSION),
        worsened_on=None if worsened is None else day_of(worsened),
        ends_on=day_of(days),
    )


def _daily(
    name: str, true: Sequence[float], noise: Noise, late: float, dice: random.Random
) -> tuple[Entry, ...]:
    """One evening answer a day, some left out, some sent three days after they were given."""
    found = []
    for day, deviation in zip(range(len(true)), deviations(noise, dice), strict=False):
        is_missing, is_late = dice.random() < noise.missing, dice.random() < late
        if not is_missing:
            entry_id = f"{name}-day-{day}"
            found.append(_entry(entry_id, day, DAILY_AT, score(true[day] + deviation), is_late))
    return tuple(found)


def _forms(
    name: str, true: Sequence[float], sessions: Sequence[int], noise: Noise, dice: random.Random
) -> tuple[Entry, ...]:
    """A two-week form before each session and whenever the last is two weeks old.

    It tells the mean of the fourteen days before it, fewer in the first fortnight, with an error
    of its own. Left out as often as a daily answer; the first, at intake, never.
    """
    found: list[Entry] = []
    last = -FORM_EVERY_DAYS
    for day in range(FIRST_SESSION - 1, len(true)):
        if day not in sessions and day - last < FORM_EVERY_DAYS:
            continue
        last = day
        error, is_missing = dice.gauss(0, FORM_SD), dice.random() < noise.missing
        if found and is_missing:
            continue
        fortnight = true[max(0, day - FORM_EVERY_DAYS) : day]
        total = score(sum(fortnight) / len(fortnight) + error)
        found.append(_entry(f"{name}-form-{day}", day, FORM_AT, total, is_late=False))
    return tuple(found)


def _entry(entry_id: str, day: int, at: time, total: int, is_late: bool) -> Entry:
    recorded = datetime.combine(day_of(day), at)
    received = recorded + SENT_LATE_BY if is_late else recorded
    return Entry(day_of(day), recorded, received, entry_id, total, 0, 9, is_late)
