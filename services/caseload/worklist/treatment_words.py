"""What a treatment asks for today, in words: wearing off, non-response, maintenance, a session."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from services.caseload.worklist.days import Days

# How early the caseload announces maintenance: time to make an appointment.
ANNOUNCED_DAYS: Final = 3


class TreatmentStatus(NamedTuple):
    """Where a patient stands between sessions; days are their mood days, `next_…` is planned."""

    last_id: UUID | None = None
    last_at: datetime | None = None
    last_on: date | None = None
    sessions: int = 0
    next_at: datetime | None = None
    next_on: date | None = None
    next_clock: str = ""
    wearing_off_on: date | None = None
    maintenance_due_on: date | None = None
    non_response: bool = False


UNTREATED: Final = TreatmentStatus()


def treatment_now(row: Any, days: Days) -> TreatmentStatus:
    """The standing of a caseload row, with its days."""
    zone, planned = row.timezone, row.next_session_at
    if row.last_session_at is None and planned is None:
        return UNTREATED
    last = row.last_session_at
    return TreatmentStatus(
        last_id=row.last_session_id,
        last_at=last,
        last_on=None if last is None else days.day_of(last, zone),
        sessions=row.sessions_in_course,
        next_at=planned,
        next_on=None if planned is None else days.day_of(planned, zone),
        next_clock="" if planned is None else days.clock(planned, zone),
        wearing_off_on=row.wearing_off_on,
        maintenance_due_on=row.maintenance_due_on,
        non_response=row.non_response,
    )


def treatment_in_words(treatment: TreatmentStatus, today: date) -> Iterator[str]:
    """The most urgent first; nothing for the untreated."""
    if treatment is UNTREATED:
        return
    if treatment.wearing_off_on is not None and treatment.last_on is not None:
        after = (treatment.wearing_off_on - treatment.last_on).days
        since = treatment.wearing_off_on
        yield f"wearing off since {since}, {counted(after, 'day')} after the last session"
    if treatment.non_response:
        yield f"no response after {counted(treatment.sessions, 'session')}"
    if treatment.maintenance_due_on is not None:
        yield from _maintenance((treatment.maintenance_due_on - today).days, treatment)
    if treatment.next_on == today:
        yield f"session planned today at {treatment.next_clock}"


def _maintenance(days_left: int, treatment: TreatmentStatus) -> Iterator[str]:
    if days_left < 0:
        yield f"maintenance due since {treatment.maintenance_due_on}"
    elif days_left == 0:
        yield "maintenance due today"
    elif days_left <= ANNOUNCED_DAYS:
        yield f"maintenance due in {counted(days_left, 'day')}"


def counted(number: int, what: str) -> str:
    """`1 day`, `2 days`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
