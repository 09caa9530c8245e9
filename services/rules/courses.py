"""Courses and sessions as the rules see them: what a check-in is anchored on.

Cancelled sessions never get here, and a session lies in the past or is planned: `started_at` says
so. Which session an answer belongs to is worked out when it is read, never stored, so a session
that is entered late, corrected or cancelled moves every window the same way for everybody.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, tzinfo
from operator import attrgetter
from typing import Literal

from services.rules.mood_days import find_zone, mood_day_at

Product = Literal["ketamine", "esketamine", "tms", "ect", "other"]
Route = Literal["iv", "im", "intranasal", "oral", "sublingual", "sc"]
Phase = Literal["induction", "maintenance"]

PRODUCTS: tuple[Product, ...] = ("ketamine", "esketamine", "tms", "ect", "other")

# IV infusion takes about 40 minutes (clinical reference 0, fact 2). Of other routes nothing is
# assumed: the session ends when it starts.
USUAL_LENGTH: dict[str, timedelta] = {"iv": timedelta(minutes=40)}


@dataclass(frozen=True, slots=True)
class Course:
    """A planned series of sessions. `new_baseline`: a clinician asked for a baseline of its own."""

    id: str
    product: Product
    phase: Phase
    started_on: date
    ended_on: date | None = None
    new_baseline: bool = False
    maintenance_interval_days: int | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """One treatment; instants aware. `route` is None for what has none (TMS, ECT). `timezone`: the
    IANA zone that it was entered in, which it keeps whatever becomes of the patient's.
    """

    id: str
    course_id: str
    started_at: datetime
    product: Product
    route: Route | None = None
    ended_at: datetime | None = None
    dose_value: float | None = None
    dose_unit: str | None = None
    weight_kg: float | None = None
    timezone: str | None = None
    _days: dict[tzinfo, date] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def over_at(self) -> datetime:
        """When it ended, or, when nobody recorded it, when it usually would have."""
        if self.ended_at is not None:
            return self.ended_at
        return self.started_at + USUAL_LENGTH.get(self.route or "", timedelta(0))

    def zone(self, patients: tzinfo) -> tzinfo:
        """The zone that it was entered in; the patient's where none is known."""
        return (self.timezone and find_zone(self.timezone)) or patients

    def day(self, patients: tzinfo) -> date:
        """The mood day of its start, in its own zone or, where none is known, the patient's."""
        found = self._days.get(patients)
        if found is None:  # asked for by each rule
            found = self._days[patients] = mood_day_at(self.started_at, self.zone(patients))
        return found


_STARTED_AT = attrgetter("started_at")


@dataclass(frozen=True, slots=True)
class Treatment:
    """All courses and sessions of one patient known at a cut; sessions ascending by start."""

    courses: tuple[Course, ...] = ()
    sessions: tuple[Session, ...] = ()
    # At earlier instants, by how many sessions had started.
    _cuts: dict[int, Treatment] = field(default_factory=dict, init=False, repr=False, compare=False)

    def of_course(self, course_id: str) -> tuple[Session, ...]:
        """The sessions of one course, ascending."""
        return tuple(one for one in self.sessions if one.course_id == course_id)

    def until(self, instant: datetime) -> Treatment:
        """The same courses with the sessions that had started by an instant."""
        begun = bisect_right(self.sessions, instant, key=_STARTED_AT)
        if begun == len(self.sessions):
            return self
        if begun not in self._cuts:
            self._cuts[begun] = Treatment(self.courses, self.sessions[:begun])
        return self._cuts[begun]

    def days_begun(self, instant: datetime, zone: tzinfo) -> Iterator[date]:
        """The mood days of the sessions that had started by an instant, each in its own zone."""
        return (one.day(zone) for one in self.until(instant).sessions)

    def in_patients_zone(self) -> Treatment:
        """The same, counted as before sessions kept a zone of their own."""
        return replace(self, sessions=tuple(replace(one, timezone=None) for one in self.sessions))


UNTREATED = Treatment()


def in_order(sessions: Iterable[Session]) -> tuple[Session, ...]:
    """Sessions by their start; ties by id."""
    return tuple(sorted(sessions, key=lambda one: (one.started_at, one.id)))


def session_before(instant: datetime, sessions: Sequence[Session]) -> Session | None:
    """The last of these sessions (ascending) that had started at an instant; None before any."""
    begun = bisect_right(sessions, instant, key=_STARTED_AT)
    return sessions[begun - 1] if begun else None


def hours_since(session: Session, instant: datetime) -> float:
    """Hours from the session's start to an instant, to the hundredth."""
    return round((instant - session.started_at).total_seconds() / 3600, 2)
