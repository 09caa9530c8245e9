"""When will a human look? Staffed hours, holidays, the next working morning, all in clinic time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from services.rules.danger.numbers import RULES, RuleSet
from services.rules.languages.texts import ENGLISH, CardTexts
from services.rules.mood_days import find_zone

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_OFFICE_DAYS = frozenset(range(5))
_SEARCHED_DAYS = 400
_WEEK = timedelta(days=7)


class StaffingError(ValueError):
    """Staffed hours or holidays that cannot be read; the message names the value."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Staffed from `start` for `length` on these weekdays (0 is Monday); may run past midnight."""

    days: frozenset[int]
    start: time
    length: timedelta


@dataclass(frozen=True, slots=True)
class Staffing:
    """A clinic's hours: `hours` empty means that it has promised none."""

    zone: tzinfo
    hours: tuple[Hours, ...] = ()
    holidays: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class StaffedSpan:
    """A span in which somebody is there, UTC; `ends_at` is the first instant without anybody."""

    starts_at: datetime
    ends_at: datetime


def parse_staffing(
    zone: str, staffed: Iterable[Mapping[str, object]], holidays: Iterable[str]
) -> Staffing:
    """From the clinic's settings (`staffed`, `holidays`); raises `StaffingError`."""
    try:
        return Staffing(
            _zone(zone),
            tuple(_hours(entry) for entry in staffed),
            frozenset(date.fromisoformat(day) for day in holidays),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise StaffingError(f"cannot read the staffed hours: {error}") from error


def _hours(entry: Mapping[str, object]) -> Hours:
    days = entry["days"]
    if not isinstance(days, list) or not days or not set(days) <= set(DAYS):
        raise StaffingError(f"days must be a list of {', '.join(DAYS)}")
    start, end = _minutes(str(entry["from"])), _minutes(str(entry["to"]))
    length = end - start if end > start else end - start + timedelta(days=1)
    hour, minute = divmod(round(start.total_seconds() / 60), 60)
    return Hours(frozenset(DAYS.index(day) for day in days), time(hour, minute), length)


def _minutes(clock: str) -> timedelta:
    """Time since midnight of `HH:MM`; `24:00` is the end of a day."""
    if clock == "24:00":
        return timedelta(days=1)
    at = time.fromisoformat(clock)
    return timedelta(hours=at.hour, minutes=at.minute)


def staffed_window(staffing: Staffing, now: datetime) -> StaffedSpan | None:
    """The window that holds now, else the next one; None when none is promised."""
    today = now.astimezone(staffing.zone).date()
    current: StaffedSpan | None = None
    for window in _windows(staffing, today - timedelta(days=1)):
        if current is not None and window.starts_at > current.ends_at:
            break
        if window.ends_at > now:
            first = current or window
            current = StaffedSpan(first.starts_at, max(first.ends_at, window.ends_at))
            if current.ends_at - now >= _WEEK:
                break
    return current


def _windows(staffing: Staffing, first: date) -> Iterator[StaffedSpan]:
    """All windows from `first` on, by their start; a window belongs to the day it starts on."""
    for offset in range(_SEARCHED_DAYS if staffing.hours else 0):
        day = first + timedelta(days=offset)
        if day in staffing.holidays:
            continue
        todays = [hours for hours in staffing.hours if day.weekday() in hours.days]
        for hours in sorted(todays, key=lambda each: each.start):
            yield _window(staffing.zone, day, hours)


def _zone(name: str) -> tzinfo:
    zone = find_zone(name)
    if zone is None:
        raise ValueError("unknown zone")
    return zone


def _window(zone: tzinfo, day: date, hours: Hours) -> StaffedSpan:
    start = datetime.combine(day, hours.start)
    starts_at, ends_at = (
        local.replace(tzinfo=zone).astimezone(UTC) for local in (start, start + hours.length)
    )
    return StaffedSpan(starts_at, ends_at)


def next_working_morning(staffing: Staffing, now: datetime, rules: RuleSet = RULES) -> datetime:
    """The first 08:00 of a working day in the clinic's zone that is not before `now`, as UTC.

    Working days are the staffed ones, Monday to Friday without any, less the holidays. When every
    day of a year is a holiday the next morning is taken: no mail waits for ever.
    """
    weekdays = frozenset[int]().union(*(hours.days for hours in staffing.hours)) or _OFFICE_DAYS
    at = time(rules.morning_mail_hour)

    def morning_of(day: date) -> datetime:
        return datetime.combine(day, at, staffing.zone).astimezone(UTC)

    next_day = now.astimezone(staffing.zone).date()
    if morning_of(next_day) < now:
        next_day += timedelta(days=1)
    days = (next_day + timedelta(days=offset) for offset in range(_SEARCHED_DAYS))
    working = (day for day in days if day.weekday() in weekdays and day not in staffing.holidays)
    return morning_of(next(working, next_day))


def monitoring_text(
    staffing: Staffing,
    now: datetime,
    *,
    paged: bool,
    stored: bool = True,
    clinic_text: str = "",
    texts: CardTexts = ENGLISH.card,
) -> str:
    """Who will look at this and when, in absolute times; never more than the clinic staffs.

    `paged`: an alert that pages was committed; `stored`: so was the answer itself (false after a
    refusal that paged). `clinic_text` is the clinic's own.
    """
    sentences = [texts.stored if stored else texts.alert_only]
    if paged:
        sentences.append(texts.alert_goes)
    sentences += [_when(staffing, now, texts), clinic_text.strip(), texts.notes_unwatched]
    return " ".join(sentence for sentence in sentences if sentence)


def _when(staffing: Staffing, now: datetime, texts: CardTexts) -> str:
    window = staffed_window(staffing, now)
    if window is None:
        return texts.no_hours
    if window.starts_at > now:
        return texts.nobody_before.format(at=absolute(window.starts_at, staffing.zone, texts))
    if window.ends_at - now >= _WEEK:
        return texts.all_hours
    return texts.staffed_until.format(at=absolute(window.ends_at, staffing.zone, texts))


def absolute(at: datetime, zone: tzinfo, texts: CardTexts = ENGLISH.card) -> str:
    """An instant that stays true when it is read later: weekday, date, time, zone and offset."""
    local = at.astimezone(zone)
    offset = local.strftime("%z")
    clock = local.strftime("%Y-%m-%d %H:%M")
    weekday = texts.weekdays[local.weekday()]
    return f"{weekday} {clock} ({zone}, UTC{offset[:3]}:{offset[3:5]})"
