"""What a schedule is made from and what it says: one patient's case, and the items due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from typing import Literal

from services.rules.courses import UNTREATED, Treatment
from services.rules.mood_days import DaySpan

DAILY = "phq9-daily"
TWO_WEEKS = "phq9"
SIDE_EFFECTS = "side_effects"
URINARY = "urinary"

DueReason = Literal[
    "daily",
    "day_1",
    "day_3",
    "day_7",
    "day_14",
    "before_session",
    "after_session_24h",
    "periodic",
    "monthly",
    "by_indication",
    "at_start",
    "after_item9",
]
ItemStatus = Literal["upcoming", "due", "overdue", "answered", "expired"]


@dataclass(frozen=True, slots=True)
class AnsweredForm:
    """A form or report with at least one answer: the day it is about, and when it was recorded."""

    mood_day: date
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class ScheduleCase:
    """One patient. Instants are aware; `answered` is by instrument (`side_effects` for reports of
    these) in any order.

    Nothing is due before `accepted_at`, when they took over their account (None: not yet), on the
    days `away` (of pauses, discharges and withdrawals of consent; spans may overlap), or while
    nobody follows them.
    """

    zone: tzinfo
    accepted_at: datetime | None
    away: Sequence[DaySpan] = ()
    treatment: Treatment = UNTREATED
    answered: Mapping[str, Sequence[AnsweredForm]] = field(default_factory=dict)
    indications: frozenset[str] = frozenset()
    is_followed: bool = True


@dataclass(frozen=True, slots=True)
class DueItem:
    """One form to be answered once, with its windows as instants (UTC).

    It is `due` from `opens_at`, `overdue` from `due_at`, and over at `expires_at`. An answer counts
    already from `counts_from_at` on: for a form of every two weeks that is before `opens_at`.
    `mood_day` is the day that a daily check-in is about, None for other forms; `session_id` is the
    session that it follows or comes before.
    """

    instrument: str
    reason: DueReason
    session_id: str | None
    mood_day: date | None
    counts_from_at: datetime
    opens_at: datetime
    due_at: datetime
    expires_at: datetime
    status: ItemStatus
    answered_at: datetime | None
