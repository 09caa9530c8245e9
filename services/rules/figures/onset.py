"""When relief set in after the first session: in hours on the first two days, in days later."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta, tzinfo

from services.rules.courses import Session, hours_since
from services.rules.day_series import DayValue, SeriesEntry, in_order
from services.rules.figures.numbers import FIGURE_NUMBERS, FigureNumbers
from services.rules.mood_days import mood_day_at
from services.rules.statistics import Exact

TWO_WEEKS = "phq9"
DAILY_FORM = "phq9-daily"


@dataclass(frozen=True, slots=True)
class Onset:
    """The mood day, how many days after session 1, and the hours when they are known."""

    on: date
    days: int
    hours: float | None = None


def onset(
    instrument: str,
    entries: Sequence[SeriesEntry],
    values: Sequence[DayValue],
    baseline: Exact | None,
    first: Session,
    zone: tzinfo = UTC,
    thresholds: FigureNumbers = FIGURE_NUMBERS,
) -> Onset | None:
    """Return the onset after the first session, None if it never came.

    Daily form: the first day, at most 7 after the session, 5 points under the baseline. Two-week
    form: the first one with response. On days 0 and 1 any complete answer after the session's start
    counts, with its hours when it was recorded on the day that it tells of; then day values count.
    """
    for answered, total in _answers_by_the_hour(entries, first, zone, thresholds):
        if _is_relief(instrument, baseline, total, thresholds):
            return answered
    session_day = first.day(zone)
    hourly = session_day + timedelta(days=thresholds.session.onset_hours_days)
    last = session_day + timedelta(days=thresholds.session.onset_days)
    for value in values[bisect_right(values, hourly, key=lambda value: value.day) :]:
        if instrument == DAILY_FORM and value.day > last:
            return None
        if _is_relief(instrument, baseline, value.value, thresholds):
            return Onset(value.day, (value.day - session_day).days)
    return None


def _is_relief(
    instrument: str, baseline: Exact | None, value: Exact, thresholds: FigureNumbers
) -> bool:
    """Whether a level counts as relief on this instrument; never on others than the two."""
    if baseline is None:
        return False
    if instrument == DAILY_FORM:
        return baseline - value >= thresholds.session.onset_fall
    return instrument == TWO_WEEKS and thresholds.measures.change.is_response(baseline, value)


def _answers_by_the_hour(
    entries: Iterable[SeriesEntry], first: Session, zone: tzinfo, thresholds: FigureNumbers
) -> Iterator[tuple[Onset, int]]:
    """Complete answers of days 0 and 1 that were recorded after the session began, day by day (as
    recorded, until the edition of November 2026).
    """
    session_day, ordered = first.day(zone), list(in_order(entries))
    if not thresholds.is_by_the_stamp:
        ordered.sort(key=lambda entry: entry.recorded_at)
    for entry in ordered:
        days = (entry.mood_day - session_day).days
        if entry.total is None or entry.recorded_at < first.started_at:
            continue
        if 0 <= days <= thresholds.session.onset_hours_days:
            tells_hour = _tells_hour(entry, first.zone(zone), thresholds)
            hours = hours_since(first, entry.recorded_at) if tells_hour else None
            yield Onset(entry.mood_day, days, hours), entry.total


def _tells_hour(entry: SeriesEntry, zone: tzinfo, thresholds: FigureNumbers) -> bool:
    """One that was written down on a later day tells the day, not the hour. `zone`: the session's,
    by whose clock the editions before the stamp counted looked.
    """
    if thresholds.is_by_the_stamp:
        return not entry.recalled
    at_once = not (entry.late or thresholds.is_first_edition)
    return at_once or mood_day_at(entry.recorded_at, zone) == entry.mood_day
