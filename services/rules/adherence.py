"""How many of the check-ins that were due have been answered."""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from services.rules.trend_thresholds import TREND_THRESHOLDS, TrendThresholds

_ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DaySpan:
    """Mood days from the first to the last, both included."""

    first: dt.date
    last: dt.date

    def days(self) -> Iterator[dt.date]:
        for ordinal in range(self.first.toordinal(), self.last.toordinal() + 1):
            yield dt.date.fromordinal(ordinal)


@dataclass(frozen=True, slots=True)
class Adherence:
    """Check-ins of one instrument: how many were due, how many of these were answered."""

    due: int
    answered: int


def adherence(
    instrument: str,
    answered_on: Collection[dt.date],
    accepted_on: dt.date | None,
    paused: Iterable[DaySpan],
    reported: DaySpan,
    thresholds: TrendThresholds = TREND_THRESHOLDS,
) -> Adherence:
    """Return due and answered for the instrument that is reported (instruments are never mixed).

    Due is one `phq9-daily` per mood day and one `phq9` per 14 mood days, counted from the day
    after the invitation was accepted, paused days left out; nothing is due of other instruments.
    A period is due from its first day and answered by an entry on any of its days. Only periods
    that touch the reported days count.
    """
    length = thresholds.due_days.get(instrument)
    if length is None or accepted_on is None or accepted_on >= reported.last:
        return Adherence(0, 0)
    away = {day for span in paused for day in span.days()}
    enrolled = DaySpan(accepted_on + _ONE_DAY, reported.last)
    due_days = [day for day in enrolled.days() if day not in away]
    periods = [due_days[start : start + length] for start in range(0, len(due_days), length)]
    counted = [period for period in periods if period[-1] >= reported.first]
    done = set(answered_on)
    return Adherence(len(counted), sum(not done.isdisjoint(period) for period in counted))
