"""When no API process was at work, and the days that are lost by it: silence leaves them out (N1).

A process says how long it has lived by what its clock showed, whoever set it: what is uncertain
counts as time in which patients could answer, and hides no silence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from services.rules.danger.silence import SILENCE, SilenceThresholds
from services.rules.mood_days import DaySpan, day_start, mood_day_at


@dataclass(frozen=True, slots=True, order=True)
class Life:
    """From an API process's first sign of life to its last one without a gap."""

    from_at: datetime
    until_at: datetime


@dataclass(frozen=True, slots=True)
class Outage:
    """No API process was at work."""

    from_at: datetime
    until_at: datetime


def life_at(
    last: Life | None, now: datetime, passed: timedelta, numbers: SilenceThresholds = SILENCE
) -> Life:
    """Return the life of a process that is at work `now`: `last` made longer, or a new one.

    `passed`: the time since its last sign of life by a clock that nobody sets. No gap is longer
    than that, however far the clock has jumped; a clock that was set back leaves none.
    """
    if last is None:
        return Life(now, now)
    if passed > numbers.outage_from and now > last.until_at:
        return Life(min(now, last.until_at + passed), now)
    return Life(min(last.from_at, now), max(last.until_at, now))


def outages_between(
    lives: Iterable[Life], now: datetime, numbers: SilenceThresholds = SILENCE
) -> tuple[Outage, ...]:
    """Return what no life covers, up to `now`, oldest first; none before the first life.

    Of each only the first days are believed (`most_lost`): perhaps it is the measurement that
    has ended, and whoever is silent for so long is to be looked after, whatever the reason.
    """
    found, seen_at = [], None
    for life in sorted((*lives, Life(now, now))):
        back_at = min(life.from_at, now)
        if seen_at is not None and back_at - seen_at > numbers.outage_from:
            found.append(Outage(seen_at, min(back_at, seen_at + numbers.most_lost)))
        seen_at = life.until_at if seen_at is None else max(seen_at, life.until_at)
    return tuple(found)


def lost_days(
    outages: Iterable[Outage], zone: tzinfo, numbers: SilenceThresholds = SILENCE
) -> frozenset[date]:
    """Return the mood days of a zone with more than 2 h of outages, which do not overlap. A mood
    day has 23 or 25 h when the clocks change in it.
    """
    down: Counter[date] = Counter()
    for outage in outages:
        days = DaySpan(mood_day_at(outage.from_at, zone), mood_day_at(outage.until_at, zone))
        for day in days.days():
            part = _down(outage, day_start(day, zone), day_start(day + timedelta(days=1), zone))
            down[day] += part // timedelta(microseconds=1)
    limit = numbers.day_lost_after // timedelta(microseconds=1)
    return frozenset(day for day, lost in down.items() if lost > limit)


def down_since(outages: Iterable[Outage], since: datetime) -> timedelta:
    """Return how long no API process was at work from an instant on."""
    return sum((_down(each, since, each.until_at) for each in outages), timedelta())


def _down(outage: Outage, begins: datetime, ends: datetime) -> timedelta:
    part = min(outage.until_at, ends) - max(outage.from_at, begins)
    return max(part, timedelta())
