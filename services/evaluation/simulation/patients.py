"""Simulated patients under treatment, for measuring the worsening rules. Nobody here is real.

Answers follow a saw-tooth: symptoms fall within two days of a session and come slowly back until
the next, with day-to-day noise on top. No public series of ketamine patients exists to replace it.

The shares of the kinds follow the real-world figures of McInnes 2022 (PMID 35027209): response
53.6 %, remission 28.9 %, worsened 8.4 %; the rest is divided by assumption. Whoever worsens for
good is drawn more often than that, so that the share found is known well, and is weighted back.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from services.evaluation.simulation.replay import DAILY, TWO_WEEKS, History
from services.rules.courses import Course, Product, Route, Session, Treatment
from services.rules.day_series import SeriesEntry

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


FIRST_DAY = date(2026, 1, 1)
SESSION_AT = time(10, tzinfo=UTC)

# Days of the simulation. A week of answers before the first session is the baseline; the plan is
# that of esketamine: twice weekly for four weeks, weekly for four, then every other week.
FIRST_SESSION = 7
INDUCTION = (0, 3, 7, 10, 14, 17, 21, 24)
WEEKLY = (28, 35, 42, 49)
FORTNIGHT = 14

# The share of a session's effect felt on its own evening, the next day and from the second on.
ONSET = (0.3, 0.7)

PRODUCTS: tuple[tuple[Product, Route], ...] = (("ketamine", "iv"), ("esketamine", "intranasal"))


@dataclass(frozen=True, slots=True)
class Response:
    """How one patient answers treatment, in points of the form and days.

    From `before` each session takes the share `1 - stays` of what is left above `after`; between
    sessions symptoms come back by `wear_off` points over `wear_off_days`. From the day
    `worsened_on` (None: never) everything is `rise` points higher, for good.
    """

    before: float
    after: float
    stays: float
    wear_off: float
    wear_off_days: int
    worsened_on: int | None = None
    rise: float = 0.0


def day_of(index: int) -> date:
    """Return the mood day of a day of the simulation."""
    return FIRST_DAY + timedelta(days=index)


def session_days(days: int, dice: random.Random) -> list[int]:
    """Return the days with a session, ascending; maintenance is kept to within a day."""
    planned = [FIRST_SESSION + offset for offset in INDUCTION]
    maintenance = [FIRST_SESSION + offset for offset in WEEKLY]
    maintenance += range(maintenance[-1] + FORTNIGHT, days + 1, FORTNIGHT)
    planned += [day + dice.choice((-1, 0, 0, 1)) for day in maintenance]
    return [day for day in planned if day < days]


def treatment(patient: str, days: Sequence[int], dice: random.Random) -> Treatment:
    """Return an induction and a maintenance course with sessions on these days (more than those of
    the induction), at 10:00 UTC.
    """
    product, route = dice.choice(PRODUCTS)
    begun = day_of(days[len(INDUCTION)])
    courses = (
        Course(f"{patient}-induction", product, "induction", day_of(0)),
        Course(f"{patient}-maintenance", product, "maintenance", begun),
    )
    sessions = tuple(
        Session(
            id=f"{patient}-session-{number}",
            course_id=courses[number >= len(INDUCTION)].id,
            started_at=datetime.combine(day_of(day), SESSION_AT),
            product=product,
            route=route,
        )
        for number, day in enumerate(days)
    )
    return Treatment(courses, sessions)


def levels(response: Response, sessions: Sequence[int], days: int) -> list[float]:
    """Return the true level of each day's evening in points, not cut to the scale."""
    starts = set(sessions)
    left, worn, since = 1.0, 0.0, None
    found = []
    for day in range(days):
        if day in starts:
            # What the last session did is complete, and what had worn off is taken back.
            left, worn = (left, worn) if since is None else _state(response, left, worn, since)
            since = 0
        share, height = (left, worn) if since is None else _state(response, left, worn, since)
        raised = response.rise if _is_worse(response, day) else 0.0
        span = response.before - response.after
        found.append(response.after + span * share + height + raised)
        since = None if since is None else since + 1
    return found


def _state(response: Response, left: float, worn: float, since: int) -> tuple[float, float]:
    """The share of the symptoms left and the points worn off, so many days after a session."""
    felt = ONSET[since] if since < len(ONSET) else 1.0
    worn_days = min(max(since - len(ONSET), 0), response.wear_off_days)
    again = response.wear_off * worn_days / response.wear_off_days
    return left * (1 - (1 - response.stays) * felt), worn * (1 - felt) + again


def _is_worse(response: Response, day: int) -> bool:
    return response.worsened_on is not None and day >= response.worsened_on


Kind = Literal[
    "steady", "late", "remission", "wearing_off", "partial", "non_response", "deteriorating"
]
KINDS: tuple[Kind, ...] = (
    "steady",
    "late",
    "remission",
    "wearing_off",
    "partial",
    "non_response",
    "deteriorating",
)

# Steady responders: nothing true happens to them after they respond, whenever they send.
STEADY: frozenset[Kind] = frozenset({"steady", "late"})

RISE = 6.0
LATE_SHARE = 0.3
ACROSS_SESSION = 1 / 3
# A worsening begins at the earliest two weeks into treatment and is watched for two weeks.
EARLIEST_RISE, WATCHED = FIRST_SESSION + 14, 14


@dataclass(frozen=True, slots=True)
class KindShape:
    """Share of the population and of the simulated cohort, and ranges in points of the form.

    `after` is the level that treatment leads to; None stands for up to 3 points below the start.
    """

    share: float
    drawn: float
    after: tuple[float, float] | None
    wear_off: tuple[float, float]
    wear_off_days: int = 14


SHAPES: dict[Kind, KindShape] = {
    "steady": KindShape(0.16, 0.20, (4, 6), (2, 4)),
    "late": KindShape(0.03, 0.08, (4, 6), (2, 4)),
    "remission": KindShape(0.27, 0.14, (1, 3), (1, 3)),
    "wearing_off": KindShape(0.08, 0.10, (4, 6), (7, 9), 12),
    "partial": KindShape(0.16, 0.10, (9, 12), (2, 4)),
    "non_response": KindShape(0.22, 0.10, None, (0, 1)),
    "deteriorating": KindShape(0.08, 0.28, None, (0, 1)),
}
# Before they worsen, those who will are like one of these.
BEFORE_WORSENING: tuple[Kind, ...] = ("steady", "steady", "remission", "partial", "non_response")


def draw(kind: Kind, sessions: list[int], days: int, dice: random.Random) -> tuple[Kind, Response]:
    """Return what a patient of a kind is like at first (itself, unless it worsens) and answers."""
    base = dice.choice(BEFORE_WORSENING) if kind == "deteriorating" else kind
    shape = SHAPES[base]
    before = dice.uniform(16, 20)
    after = before - dice.uniform(0, 3) if shape.after is None else dice.uniform(*shape.after)
    response = Response(
        before=before,
        after=after,
        stays=dice.uniform(0.5, 0.7),
        wear_off=dice.uniform(*shape.wear_off),
        wear_off_days=shape.wear_off_days,
    )
    if kind != "deteriorating":
        return base, response
    return base, replace(response, worsened_on=_onset(sessions, days, dice), rise=RISE)


def _onset(sessions: list[int], days: int, dice: random.Random) -> int:
    """A random day; for a third of the patients the day before, of or after a session."""
    earliest, latest = EARLIEST_RISE, days - WATCHED
    near = [day for day in sessions if earliest < day < latest]
    if near and dice.random() < ACROSS_SESSION:
        return dice.choice(near) + dice.choice((-1, 0, 1))
    return dice.randint(earliest, latest)


WEEKS_AT_LEAST = 8
FORM_EVERY_DAYS = 14
FORM_SD = 2.0
FORM_AT, DAILY_AT = time(9, tzinfo=UTC), time(20, tzinfo=UTC)
SENT_LATE_BY = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class SimulatedPatient:
    """A history with the truth behind it, which the rules do not know.

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
) -> tuple[SeriesEntry, ...]:
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
) -> tuple[SeriesEntry, ...]:
    """A two-week form before each session and whenever the last is two weeks old.

    It tells the mean of the fourteen days before it, fewer in the first fortnight, with an error
    of its own. Left out as often as a daily answer; the first, at intake, never.
    """
    found: list[SeriesEntry] = []
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


def _entry(entry_id: str, day: int, at: time, total: int, is_late: bool) -> SeriesEntry:
    recorded = datetime.combine(day_of(day), at)
    received = recorded + SENT_LATE_BY if is_late else recorded
    return SeriesEntry(day_of(day), recorded, received, entry_id, total, 0, 9, is_late)
