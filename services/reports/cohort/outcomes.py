"""How the patients of a clinic fared: response, remission, worsening, and how long it lasted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Clinic
from services import audit
from services.access import Action, Actor, scopes
from services.exceptions import Invalid, NotFound
from services.replica.reading import Snapshot, read_apart
from services.reports.cohort.reader import ToKeep, count_treated, keep, outcomes_of_all
from services.rules.cohort.course import CourseOutcome
from services.rules.cohort.document import cohort_document
from services.rules.cohort.tally import Cohort
from services.rules.wire import day, instant
from services.unit_of_work import transaction

Watch = Callable[[int, int], None]
Each = Callable[[int, CourseOutcome], None]
# Of so many patients what a report worked out is kept.
KEPT_AT_ONCE: Final = 5_000


@dataclass(frozen=True, slots=True)
class Asked:
    """Which courses are counted; None is any.

    `from_day` and `to_day` bound the mood day of the last session, both included; `strict`
    leaves only inductions on the published schedule.
    """

    product: str | None = None
    route: str | None = None
    phase: str | None = None
    from_day: date | None = None
    to_day: date | None = None
    strict: bool = False

    def takes(self, course: CourseOutcome) -> bool:
        """Whether a course is among those asked for."""
        return (
            self.product in (None, course.product)
            and self.route in (None, course.route)
            and self.phase in (None, course.phase)
            and (self.from_day is None or self.from_day <= course.last_session_on)
            and (self.to_day is None or course.last_session_on <= self.to_day)
            and (course.strict or not self.strict)
        )


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The counts over a clinic, and what was asked. `as_of`: what was committed by then counts."""

    clinic_id: UUID
    asked: Asked
    at: datetime
    as_of: datetime
    cohort: Cohort

    def cut(self) -> dict[str, str]:
        """What the counts rest on, as every form of them says."""
        return {
            "as_of": instant(self.as_of),
            "rules_version": self.cohort.thresholds.version,
            "generated_at": instant(self.at),
        }

    def filters(self) -> dict[str, Any]:
        """What was asked, as JSON."""
        asked = self.asked
        return {
            "product": asked.product,
            "route": asked.route,
            "phase": asked.phase,
            "from": day(asked.from_day),
            "to": day(asked.to_day),
            "strict": asked.strict,
        }

    def document(self) -> dict[str, Any]:
        """The cohort JSON."""
        return {
            "clinic_id": str(self.clinic_id),
            **self.cut(),
            "filters": self.filters(),
            **cohort_document(self.cohort),
        }


def get_outcomes(actor: Actor, asked: Asked, now: datetime) -> Outcomes:
    """The outcomes of the actor's clinic: counts over all its patients, whoever looks after them.

    The read is recorded. Raises `Forbidden`, and `Invalid` for days in the wrong order.
    """
    _check(asked)
    to_keep: list[ToKeep] = []

    def admit(_session: Session) -> None:
        scopes(actor, Action.READ_COHORT)

    def read(snapshot: Snapshot) -> Outcomes:
        to_keep.clear()
        count = _Counting(asked, now, _collect(to_keep), snapshot.as_of)
        return Outcomes(actor.clinic_id, asked, now, snapshot.as_of, count.of(snapshot.session))

    def record(session: Session, _made: object) -> None:
        keep(session, to_keep)
        audit.record(session, actor.user_id, "cohort_read", now)

    return read_apart(actor, now, admit, read, record)


def _collect(rows: list[ToKeep]) -> Callable[[Sequence[ToKeep]], None]:
    """Up to a bound: the next report keeps more."""
    return lambda more: rows.extend(more[: max(0, KEPT_AT_ONCE - len(rows))])


def export_outcomes(
    clinic_id: UUID,
    asked: Asked,
    now: datetime,
    watch: Watch | None = None,
    each: Each | None = None,
) -> Outcomes:
    """The same for the operator. `watch` gets how many patients of how many are done; `each`
    gets every course with its patient's number, which says nothing of who it is.

    The read is recorded. Raises `NotFound` for a clinic that is not there, and `Invalid`.
    """
    _check(asked)
    with transaction(clinic_id) as session:
        if session.scalar(select(Clinic.id).where(Clinic.id == clinic_id)) is None:
            raise NotFound
        count = _Counting(asked, now, partial(keep, session), now, watch, each)
        cohort = count.of(session)
        audit.record(session, None, "cohort_read", now)
    return Outcomes(clinic_id, asked, now, now, cohort)


@dataclass(frozen=True, slots=True)
class _Counting:
    """How a clinic is counted, and who hears of it meanwhile."""

    asked: Asked
    now: datetime
    to_keep: Callable[[Sequence[ToKeep]], None]
    as_of: datetime
    watch: Watch | None = None
    each: Each | None = None

    def of(self, session: Session) -> Cohort:
        cohort = Cohort()
        total = count_treated(session) if self.watch is not None else 0
        everybody = outcomes_of_all(session, self.now, self.to_keep, as_of=self.as_of)
        for number, found in enumerate(everybody, start=1):
            courses = [course for course in found if self.asked.takes(course)]
            cohort.add(courses)
            if self.each is not None:
                for course in courses:
                    self.each(number, course)
            if self.watch is not None:
                self.watch(number, total)
        return cohort


def _check(asked: Asked) -> None:
    if asked.from_day and asked.to_day and asked.from_day > asked.to_day:
        raise Invalid({"from": ["Must not be after `to`."]})
