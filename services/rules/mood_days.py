"""Instants on the patient's wall clock, and the mood day that an answer is about.

A mood day runs from 04:00 to 04:00 on the wall clock of the patient's zone, also on the nights
when the clocks change. Nothing here refuses an answer: a doubtful clock earns a flag. Safe at both
ends of the calendar.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import MINYEAR, UTC, date, datetime, time, timedelta, tzinfo
from datetime import timezone as fixed_offset
from functools import cache

from services.rules.phone_zones import ALIASES
from services.rules.phone_zones import fixed_offset as stated_offset

# Names found in a zone database that do not name a place: the first means something else on every
# machine, the second means "not set".
_NOT_A_PLACE = frozenset({"localtime", "Factory"})

EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC)


@cache
def _places() -> dict[str, str]:
    """The place that each name stands for, whatever the case of its letters."""
    known = zoneinfo.available_timezones() - _NOT_A_PLACE
    return {name.casefold(): place for name, place in ALIASES.items()} | {
        name.casefold(): name for name in known
    }


def find_zone(name: str) -> tzinfo | None:
    """Return the zone of a name that a phone may report, or None for an unknown one.

    An IANA name in any letter case, an alias of one, or a fixed offset; as text (`str`) the zone is
    an IANA name or `UTC+hh:mm`, by which it is found again.
    """
    place_name = _places().get(name.casefold())
    return stated_offset(name) if place_name is None else zoneinfo.ZoneInfo(place_name)


def to_utc(instant: datetime) -> datetime:
    """Return the same instant in UTC; one outside the years 1-9999 becomes the nearest inside.

    Raises ValueError when the instant has no offset.
    """
    if instant.utcoffset() is None:
        raise ValueError("an instant needs an offset")
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        return EARLIEST if instant.year == MINYEAR else LATEST


def shift(instant: datetime, by: timedelta) -> datetime:
    """Return the instant moved by a duration, stopping at either end of the calendar."""
    try:
        return instant + by
    except OverflowError:
        return EARLIEST if by < timedelta(0) else LATEST


def wall_clock(instant: datetime, zone: tzinfo) -> datetime:
    """Return what a clock in the zone shows at the instant; the input's own clock at the ends."""
    try:
        return instant.astimezone(zone)
    except (OverflowError, ValueError):
        return instant


# Source of the limits: API contract, "POST /v1/check-ins"; report conventions, "Mood day".
DAY_STARTS_AT = time(4)
SKEW_LIMIT = timedelta(minutes=15)
LATE_AFTER = timedelta(hours=48)
STATED_DAYS_BACK = 2
STAMPED_BEFORE = timedelta(days=31)
BELIEVED_YEARS_BACK = 2
# A lifetime: what a person enters about longer ago is a typing error.
FARTHEST_BACK = timedelta(days=36_525)

CLOCK_SKEW = "clock_skew"
ENTERED_LATE = "entered_late"
IMPLAUSIBLE_TIME = "implausible_time"
MOOD_DAY_IGNORED = "mood_day_ignored"
UNKNOWN_TIMEZONE = "unknown_timezone"
TIMEZONE_MISSING = "timezone_missing"

_ONE_DAY = timedelta(days=1)
_NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an answer stands in time.

    `zone` is an IANA name, or `UTC+hh:mm`: of a fixed offset, or of `recorded_at` where the name
    was unknown.
    `recorded_at_utc` is what the phone said; `answered_at` is our best estimate of the truth (UTC),
    never later than the receipt plus 15 minutes. Ages are counted from `answered_at`.
    """

    mood_day: date
    zone: str
    flags: frozenset[str]
    recorded_at_utc: datetime
    answered_at: datetime


@dataclass(frozen=True, slots=True)
class DaySpan:
    """Mood days from the first to the last, both included."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def days(self) -> Iterator[date]:
        """Every one of them."""
        for ordinal in range(self.first.toordinal(), self.last.toordinal() + 1):
            yield date.fromordinal(ordinal)


def day_start(day: date, zone: tzinfo) -> datetime:
    """Return when a mood day begins, in UTC: 04:00 on the wall clock, whatever the clocks do."""
    return datetime.combine(day, DAY_STARTS_AT, tzinfo=zone).astimezone(UTC)


def mood_day_at(instant: datetime, zone: tzinfo) -> date:
    """Return the mood day that is running at an instant on the wall clock of a zone."""
    local = wall_clock(instant, zone)
    if local.time() >= DAY_STARTS_AT or local.date() == date.min:
        return local.date()
    return local.date() - _ONE_DAY


def place(
    recorded_at: datetime,
    timezone: str | None,
    profile_timezone: str,
    received_at: datetime,
    sent_at: datetime | None = None,
    stated_mood_day: date | None = None,
    known_since: datetime | None = None,
) -> Placement:
    """Return the mood day and the clock flags of an answer.

    `recorded_at` keeps the offset that the phone sent; `sent_at` is the phone's clock when sending
    (`Interlude-Sent-At`); `known_since` is when the patient accepted or was entered, None where a
    person vouched for the time. Raises ValueError when an instant has no offset.
    """
    recorded_utc, received_utc = to_utc(recorded_at), to_utc(received_at)
    zone, zone_name, zone_flags = _choose_zone(recorded_at, timezone, profile_timezone)
    answered_at, clock_flags = _answered_at(recorded_utc, received_utc, sent_at)
    answered_on = mood_day_at(answered_at, zone)
    mood_day, day_flags = answered_on, set[str]()
    if stated_mood_day is not None:
        mood_day, day_flags = _choose_day(answered_on, stated_mood_day)
    is_late = received_utc - answered_at > LATE_AFTER or mood_day < answered_on
    late_flags = {ENTERED_LATE} if is_late else set()
    is_implausible = known_since is not None and answered_at < _believed_from(known_since)
    clock_flags |= {IMPLAUSIBLE_TIME} if is_implausible else set()
    flags = frozenset(zone_flags | clock_flags | day_flags | late_flags)
    return Placement(mood_day, zone_name, flags, recorded_utc, answered_at)


def is_recalled(mood_day: date, answered_at: datetime, zone: str, flags: Collection[str]) -> bool:
    """Whether an answer was written down on a later day than the one that it tells of.

    `zone` and `flags` are those of its `Placement`. Not so of what was only received late.
    """
    return ENTERED_LATE in flags and mood_day < mood_day_at(answered_at, find_zone(zone) or UTC)


def _choose_zone(
    recorded_at: datetime, timezone: str | None, profile_timezone: str
) -> tuple[tzinfo, str, set[str]]:
    name = profile_timezone if timezone is None else timezone
    flags = {TIMEZONE_MISSING} if timezone is None else set()
    zone = find_zone(name)
    if zone is not None:
        return zone, str(zone), flags
    own = fixed_offset(recorded_at.utcoffset() or _NOTHING)
    return own, str(own), flags | {UNKNOWN_TIMEZONE}


def _answered_at(
    recorded_at: datetime, received_at: datetime, sent_at: datetime | None
) -> tuple[datetime, set[str]]:
    """Undo a wrong clock; nothing can have been answered after it was received.

    The header only measures: an answer is moved by what the phone's clock is off when it was
    stamped by that very clock (it lies just before the header) and cannot be believed as it is (it
    is in the future, or would be late). A right stamp beside a wrong header stays.
    """
    sent = to_utc(sent_at) if sent_at is not None else received_at
    ahead = sent - received_at
    is_wrong = abs(ahead) > SKEW_LIMIT
    is_of_that_clock = -STAMPED_BEFORE <= recorded_at - sent <= SKEW_LIMIT
    is_doubtful = not timedelta() <= received_at - recorded_at <= LATE_AFTER
    moves = is_wrong and is_of_that_clock and is_doubtful
    corrected = shift(recorded_at, -ahead) if moves else recorded_at
    is_impossible = corrected - received_at > SKEW_LIMIT
    is_skewed = is_impossible or is_wrong
    flags = {CLOCK_SKEW} if is_skewed else set()
    return (received_at if is_impossible else corrected), flags


def _believed_from(known_since: datetime) -> datetime:
    """The same moment two calendar years before; of 29 February, the 28th."""
    since = to_utc(known_since)
    year = max(MINYEAR, since.year - BELIEVED_YEARS_BACK)
    try:
        return since.replace(year=year)
    except ValueError:
        return since.replace(year=year, day=since.day - 1)


def earliest_mood_day(
    recorded_at: datetime, received_at: datetime, sent_at: datetime | None
) -> date:
    """Return a day that is not after the mood day of an answer, whatever its zone and stated day.

    A zone is at most a day behind, a mood day begins after midnight, and a stated one may lie
    `STATED_DAYS_BACK` days before.
    """
    answered_at, _ = _answered_at(to_utc(recorded_at), to_utc(received_at), sent_at)
    return shift(answered_at, -(STATED_DAYS_BACK + 2) * _ONE_DAY).date()


def _choose_day(answered_on: date, stated: date) -> tuple[date, set[str]]:
    if 0 <= (answered_on - stated).days <= STATED_DAYS_BACK:
        return stated, set()
    return answered_on, {MOOD_DAY_IGNORED}
