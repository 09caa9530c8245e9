"""On which side of a session an answer stands, when the two were written in different zones.

A day is a name on a wall clock. Where the clock of the answer and that of the session disagree, an
answer some hours after a session may bear the name of the day before it. The order of the instants
decides: such an answer stands on the day of the session.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import date, datetime, tzinfo
from operator import is_

from services.rules.courses import Session
from services.rules.day_series import Series, SeriesEntry, in_order
from services.rules.figures.numbers import FIGURE_NUMBERS, FigureNumbers


def on_their_side(
    entries: Iterable[SeriesEntry],
    sessions: Sequence[Session],
    zone: tzinfo,
    thresholds: FigureNumbers = FIGURE_NUMBERS,
) -> Series:
    """Return the entries, none on a day before a session (ascending) that it was given after, nor
    on a day after one that it was given before.

    What was written down later is about the day that it names, which may lie before a session that
    it was given after. In the edition of November 2026 so was all that was received late; the first
    knew no sides.
    """
    series = in_order(entries)
    if not sessions or thresholds.is_first_edition:
        return series
    # One cut of a treatment has the same sessions, whoever asks. They are kept beside what was
    # made: so long as they are there, nothing else has their identity.
    name = ("on their side", id(sessions), zone, thresholds.is_by_the_stamp)
    if name not in series.kept:
        series.kept[name] = _moved(series, sessions, zone, thresholds.is_by_the_stamp), sessions
    sided: Series = series.kept[name][0]
    return sided


def _moved(
    series: Series, sessions: Sequence[Session], zone: tzinfo, is_by_the_stamp: bool
) -> Series:
    """The series itself where each entry stands on its side already, as nearly all do."""
    starts = [session.started_at for session in sessions]
    days = [session.day(zone) for session in sessions]
    moved = [
        one if one.late and not is_by_the_stamp else _beside(one, starts, days) for one in series
    ]
    return series if all(map(is_, moved, series)) else Series(moved)


def _beside(entry: SeriesEntry, starts: Sequence[datetime], days: Sequence[date]) -> SeriesEntry:
    begun = bisect_right(starts, entry.recorded_at)
    day = entry.mood_day
    if begun > 0 and not entry.recalled:
        day = max(day, days[begun - 1])
    if begun < len(days):
        day = min(day, days[begun])
    return entry if day == entry.mood_day else entry._replace(mood_day=day)
