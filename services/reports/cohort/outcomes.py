"""How the patients of a clinic fared: response, remission, worsening, and how long it lasted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Clinic
from services import audit
from services.access import Action, Actor, scopes
from services.accounts.tokens.token_check import acting
from services.exceptions import Invalid, NotFound
from services.reports.cohort.reader import count_treated, outcomes_of_all
from services.rules.cohort.course import CourseOutcome
from services.rules.cohort.document import cohort_document
from services.rules.cohort.tally import Cohort
from services.rules.wire import day, instant
from services.unit_of_work import transaction

Watch = Callable[[int, int], None]
Each = Callable[[int, CourseOutcome], None]


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
    """The counts over a clinic, and what was asked."""

    clinic_id: UUID
    asked: Asked
    at: datetime
    cohort: Cohort

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
            "generated_at": instant(self.at),
            "filters": self.filters(),
            **cohort_document(self.cohort),
        }


def get_outcomes(actor: Actor, asked: Asked, now: datetime) -> Outcomes:
    """The outcomes of the actor's clinic: counts over all its patients, whoever looks after them.

    The read is recorded. Raises `Forbidden`, and `Invalid` for days in the wrong order.
    """
    _check(asked)
    with acting(actor, now) as session:
        scopes(actor, Action.READ_COHORT)
        cohort = _count(session, asked, now)
        audit.record(session, actor.user_id, "cohort_read", now)
    return Outcomes(actor.clinic_id, asked, now, cohort)


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
        cohort = _count(session, asked, now, watch, each)
        audit.record(session, None, "cohort_read", now)
    return Outcomes(clinic_id, asked, now, cohort)


def _count(
    session: Session,
    asked: Asked,
    now: datetime,
    watch: Watch | None = None,
    each: Each | None = None,
) -> Cohort:
    cohort = Cohort()
    total = count_treated(session) if watch is not None else 0
    for number, found in enumerate(outcomes_of_all(session, now), start=1):
        courses = [course for course in found if asked.takes(course)]
        cohort.add(courses)
        if each is not None:
            for course in courses:
                each(number, course)
        if watch is not None:
            watch(number, total)
    return cohort


def _check(asked: Asked) -> None:
    if asked.from_day and asked.to_day and asked.from_day > asked.to_day:
        raise Invalid({"from": ["Must not be after `to`."]})
