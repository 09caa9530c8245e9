"""How many of the check-ins that were due have been answered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from services.rules.courses import UNTREATED, Treatment
from services.rules.mood_days import DAY_STARTS_AT, DaySpan
from services.rules.schedule.case import Answered, ScheduleCase
from services.rules.schedule.due import layers
from services.rules.schedule.numbers import SCHEDULE, ScheduleNumbers
from services.rules.schedule.windows import ONE_DAY, Answers, day_start

_A_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Adherence:
    """Check-ins of one instrument: how many were due, how many of these were answered."""

    due: int
    answered: int


def adherence(
    instrument: str,
    answered_on: Iterable[date | Answered],
    accepted_on: date | None,
    paused: Iterable[DaySpan],
    reported: DaySpan,
    numbers: ScheduleNumbers = SCHEDULE,
    *,
    treatment: Treatment = UNTREATED,
    zone: tzinfo = UTC,
    indications: frozenset[str] = frozenset(),
) -> Adherence:
    """Return due and answered for the instrument that is reported (instruments are never mixed).

    The schedule is the one of `due_items`. Without a session that is one `phq9-daily` per mood day
    and one `phq9` per 14 mood days, counted from the day after `accepted_on`, paused days left out.
    `answered_on`: the answers, or only the mood days that they are about, which then count as
    recorded when the day began (so, on the day of a session, before it). The hour of acceptance is
    not known here: whatever was due on that same day is left out.
    """
    if accepted_on is None:
        return Adherence(0, 0)
    case = ScheduleCase(
        zone=zone,
        accepted_at=day_start(accepted_on + ONE_DAY, zone) - _A_MOMENT,
        paused=tuple(paused),
        treatment=treatment,
        answered={instrument: [_answered(one, zone) for one in answered_on]},
        indications=indications,
    )
    return adherence_of(case, instrument, reported, numbers)


def adherence_of(
    case: ScheduleCase, instrument: str, reported: DaySpan, numbers: ScheduleNumbers = SCHEDULE
) -> Adherence:
    """Return how many windows of an instrument touch the reported days, and how many of these were
    answered by the last one. A window counts from its first day on, also while it is open.
    """
    known = [one for one in case.answered.get(instrument, ()) if one.mood_day <= reported.last]
    answers = Answers(known)
    windows = [
        window
        for window in layers(case, reported, numbers).get(instrument, ())
        if window.touches(reported, case.zone)
    ]
    done = sum(window.answered_at(answers) is not None for window in windows)
    return Adherence(len(windows), done)


def _answered(one: date | Answered, zone: tzinfo) -> Answered:
    if isinstance(one, Answered):
        return one
    return Answered(one, datetime.combine(one, DAY_STARTS_AT, tzinfo=zone))
