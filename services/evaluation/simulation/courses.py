"""What simulated patients have in common: a plan of sessions, and what a session does to them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from services.rules.courses import Course, Product, Route, Session, Treatment

FIRST_DAY = date(2026, 1, 1)
ONE_DAY = timedelta(days=1)
ZONE = "UTC"
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
