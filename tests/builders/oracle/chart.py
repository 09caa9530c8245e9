"""What was entered about one patient, as the oracle of the trend report sees it: days and totals.

Written from the text of the contract and of docs/clinical.md 5.3 alone; it imports nothing of the
product. Slow and plain on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from fractions import Fraction
from typing import Any, Final
from zoneinfo import ZoneInfo, available_timezones

ITEMS: Final = {"phq9": 9, "phq9-daily": 9, "gad7": 7, "mood": 1}
WITH_ITEM9: Final = ("phq9", "phq9-daily")
CSSRS: Final = "cssrs-screener"
DAILY: Final = ("phq9-daily", "mood")
HIGHER_IS_BETTER: Final = ("mood",)
DAY: Final = timedelta(days=1)
CSSRS_LEVELS: Final = ("none", "low", "unknown", "moderate", "high")
KNOWN_ZONES: Final = available_timezones()

Answers = dict[str, Any]


@dataclass(frozen=True)
class WrittenForm:
    """A form with all its versions, the current one last. `recorded_at` keeps its own offset;
    `profile_zone` is the patient's when the form was received.
    """

    id: str
    instrument: str
    recorded_at: datetime
    received_at: datetime
    timezone: str | None
    about: date | None
    profile_zone: str
    versions: tuple[Answers, ...]
    placed_on: date | None = None

    @property
    def zone(self) -> tzinfo:
        """5.3: the zone that was sent, its offset where the name is unknown, else the profile's."""
        if self.timezone is None:
            return ZoneInfo(self.profile_zone)
        if self.timezone in KNOWN_ZONES:
            return ZoneInfo(self.timezone)
        offset = self.recorded_at.tzinfo
        assert offset is not None
        return offset

    @property
    def mood_day(self) -> date:
        """The day that it is about: the one named, if at most 2 days back, else the stamped one."""
        return self.named_day if self.placed_on is None else self.placed_on

    @property
    def named_day(self) -> date:
        """As `mood_day`, wherever a session places it."""
        own = self.stamped_day
        if self.about is not None and own - 2 * DAY <= self.about <= own:
            return self.about
        return own

    @property
    def stamped_day(self) -> date:
        """The day on which it was filled in; a stamp over 15 min ahead says nothing about it."""
        ahead = self.recorded_at > self.received_at + timedelta(minutes=15)
        return mood_day(self.received_at if ahead else self.recorded_at, self.zone)

    @property
    def is_recalled(self) -> bool:
        """Written down on a later day than the one that it is about."""
        return self.named_day < self.stamped_day

    def precedes(self, session: WrittenSession) -> bool:
        """Given before the session; what was recalled stands on the day that it is about."""
        if self.is_recalled and self.mood_day < session.day:
            return True
        return self.recorded_at < session.started_at

    @property
    def total(self) -> int | None:
        """Of the current version: the sum, when every scored item has a number."""
        answers = self.versions[-1]
        scored = [answers.get(f"q{item}") for item in range(1, ITEMS[self.instrument] + 1)]
        numbers = [one for one in scored if isinstance(one, int)]
        return sum(numbers) if len(numbers) == len(scored) else None

    @property
    def item9(self) -> int | None:
        """The highest of all versions."""
        if self.instrument not in WITH_ITEM9:
            return None
        numbers = [one.get("q9") for one in self.versions]
        return max((one for one in numbers if isinstance(one, int)), default=None)


@dataclass(frozen=True)
class WrittenSession:
    """A treatment as it stands now; its day is counted in `zone`, the one it was entered in."""

    id: str
    course: str
    started_at: datetime
    zone: str
    cancelled: bool = False

    @property
    def day(self) -> date:
        """The mood day on which it began."""
        return mood_day(self.started_at, ZoneInfo(self.zone))


@dataclass(frozen=True)
class WrittenCourse:
    """A course as it stands now."""

    id: str
    phase: str
    started_on: date
    new_baseline: bool = False


@dataclass(frozen=True)
class Absence:
    """Mood days that are not due, both included; a discharge that stands has no last one."""

    first: date
    last: date | None

    def holds(self, day: date) -> bool:
        """Whether the day is one of them."""
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass
class WrittenChart:
    """All of one patient, as of `at`, the instant of the last write."""

    accepted_at: datetime
    timezone: str
    at: datetime
    forms: list[WrittenForm] = field(default_factory=list)
    courses: list[WrittenCourse] = field(default_factory=list)
    sessions: list[WrittenSession] = field(default_factory=list)
    absences: list[Absence] = field(default_factory=list)

    def begun(self) -> list[WrittenSession]:
        """Sessions that took place, oldest first."""
        real = [one for one in self.sessions if not one.cancelled and one.started_at <= self.at]
        return sorted(real, key=lambda one: (one.started_at, one.id))

    def of(self, instrument: str) -> list[WrittenForm]:
        """Forms in the order in which they were filled in."""
        same = [one for one in self.forms if one.instrument == instrument]
        return sorted(same, key=lambda one: (one.recorded_at.astimezone(UTC), one.id))

    def placed(self, instrument: str) -> list[WrittenForm]:
        """Forms as figures of treatment see them: one given after a session, and not recalled,
        counts on no day before that session's, one given before it on no day after it.
        """
        return [self._place(one) for one in self.of(instrument)]

    def _place(self, form: WrittenForm) -> WrittenForm:
        day = form.mood_day
        for session in self.begun():
            if form.recorded_at < session.started_at:
                day = min(day, session.day)
            elif not form.is_recalled:
                day = max(day, session.day)
        return form if day == form.mood_day else replace(form, placed_on=day)

    def today(self, instrument: str) -> date:
        """The last day of a report that names none: of the cut, or a newer one of what it shows:
        these forms, item 9 of any, the C-SSRS.
        """
        shown = [
            one.mood_day
            for one in self.forms
            if one.instrument in (instrument, CSSRS) or one.item9 is not None
        ]
        return max([mood_day(self.at, ZoneInfo(self.timezone)), *shown])

    def replace_form(self, changed: WrittenForm) -> None:
        """Put a form with one more version in its place."""
        self.forms = [changed if one.id == changed.id else one for one in self.forms]

    def replace_session(self, session_id: str, **changes: Any) -> None:
        """Correct a session."""
        self.sessions = [
            replace(one, **changes) if one.id == session_id else one for one in self.sessions
        ]


@dataclass(frozen=True)
class DayValue:
    """The value of one mood day, and when the form that gives it was recorded."""

    day: date
    value: Fraction
    recorded_at: datetime


def mood_day(instant: datetime, zone: tzinfo) -> date:
    """The wall-clock date; before 04:00 the date before."""
    wall = instant.astimezone(zone).replace(tzinfo=None)
    return (wall - timedelta(hours=4)).date()


def day_value(day: date, forms: list[WrittenForm]) -> DayValue | None:
    """The last complete form of the day, or the mean of all for the slider; None without one."""
    complete = [(one, one.total) for one in forms if one.total is not None]
    if not complete:
        return None
    last = complete[-1][0]
    totals = [Fraction(total or 0) for _, total in complete]
    value = sum(totals) / len(totals) if last.instrument == "mood" else totals[-1]
    return DayValue(day, Fraction(value), last.recorded_at)


def by_day(forms: list[WrittenForm]) -> dict[date, list[WrittenForm]]:
    """Forms of each mood day in the order recorded, days ascending."""
    days: dict[date, list[WrittenForm]] = {}
    for one in sorted(forms, key=lambda form: form.mood_day):
        days.setdefault(one.mood_day, []).append(one)
    return days


def values(forms: list[WrittenForm]) -> list[DayValue]:
    """The day values of these forms of one instrument, ascending."""
    found = [day_value(day, each) for day, each in by_day(forms).items()]
    return [one for one in found if one is not None]


def cssrs_level(answers: Answers) -> str:
    """docs/clinical.md 1.8: the highest level whose condition holds."""

    def yes(link: str) -> bool:
        return answers.get(link) == 1

    asked = ["q1", "q2", "q6"]
    asked += ["q3", "q4", "q5"] if answers.get("q2") != 0 else []
    asked += ["q6b"] if yes("q6") else []
    if yes("q4") or yes("q5") or yes("q6b"):
        return "high"
    if any(answers.get(link) not in (0, 1) for link in asked):
        return "unknown"
    if yes("q3") or yes("q6"):
        return "moderate"
    return "low" if yes("q1") or yes("q2") else "none"


def highest_level(versions: tuple[Answers, ...]) -> str:
    """Of an amended form the highest of its versions: each as it stands, and with the numbers of
    earlier ones where it leaves a link out, which is no "unknown" (contract, `amend`).
    """
    numbers: Answers = {}
    levels = []
    for answers in versions:
        numbers |= {link: given for link, given in answers.items() if given in (0, 1)}
        levels += [cssrs_level(answers), cssrs_level(answers | numbers)]
    return max(levels, key=CSSRS_LEVELS.index)
