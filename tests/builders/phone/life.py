"""The days of a patient with a phone: what they answer and when, and what must come of it.

The days that are expected are worked out here from the rule of the contract, not by the code under
test.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from api.play.outbox import Item
from api.play.simulated_phone import is_risky

ZONES: Final = (
    "Europe/Paris", "America/New_York", "Asia/Kolkata", "Pacific/Honolulu", "Pacific/Auckland",
    "Australia/Lord_Howe", "America/St_Johns", "Africa/Casablanca", "Asia/Tokyo",
)  # fmt: skip
# How far the clocks of phones are off; most are not.
OFF: Final = (*[timedelta()] * 5, timedelta(minutes=40), timedelta(hours=5), -timedelta(hours=3))
SKEW: Final = timedelta(minutes=15)
LATE: Final = timedelta(hours=48)
OWN_STAMP: Final = timedelta(days=31)
# Nothing is answered so near to a limit that the seconds of a retry would decide.
NEAR: Final = timedelta(hours=2)
# Minutes after midnight: a mood day's, but for a while around 04:00.
EARLIEST, LATEST = 4 * 60 + 20, 27 * 60 + 40
FORM_EVERY: Final = 14
RISK: Final = 0.05
# What an app with a fault sends: there is no such option.
FAULTY: Final = {"q1": 9}


@dataclass(frozen=True, slots=True)
class Expected:
    """What the server must hold of an entry in the end."""

    item: Item
    days: frozenset[date]

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.item["id"])

    @property
    def is_risky(self) -> bool:
        """Must it stand on an alert?"""
        return is_risky(self.item) and "of" not in self.item

    @property
    def is_faulty(self) -> bool:
        """Must it be refused?"""
        return self.item.get("answers") == FAULTY


@dataclass
class Life:
    """One patient's days; `starts` is when the whole is played (about when all is received)."""

    dice: Random
    starts: datetime
    off: timedelta
    zone: str

    def forms(self, day: date, number: int) -> Iterator[tuple[datetime, Item]]:
        """What is answered on this day and when, each followed by what is corrected of it."""
        if self.dice.random() < 0.03:
            self.zone = self.dice.choice(ZONES)
        if number % FORM_EVERY == 0:
            yield self._moment(day), self._form("phq9")
        if self.dice.random() < 0.8:
            yield from self._daily(self._moment(day))
        if self.dice.random() < 0.08:
            yield from self._effects(self._moment(day))
        if self.dice.random() < 0.02:
            yield self._moment(day), self._new("check_in", instrument="phq9", answers=FAULTY)
        if self.dice.random() < 0.005:
            yield self._moment(day), self._new("help_request")

    def expected(self, at: datetime, item: Item, of: Expected | None = None) -> Expected:
        """Where it belongs; a correction where its original does."""
        return Expected(item, of.days if of else frozenset(self._days(at)))

    def _days(self, at: datetime) -> Iterator[date]:
        """As stamped, or moved to the truth: then the clock is off by over 15 min, and the stamp
        is younger than 31 days and would be late (contract, `Interlude-Sent-At`).
        """
        age = self.starts - at
        limits = (LATE + self.off, OWN_STAMP)
        is_near = abs(self.off) > SKEW and any(abs(age - limit) < NEAR for limit in limits)
        moves = abs(self.off) > SKEW and age - self.off > LATE and age < OWN_STAMP
        if moves or is_near:
            yield mood_day(at)
        if not moves or is_near:
            yield mood_day(shown(at, self.off))

    def _moment(self, day: date) -> datetime:
        midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(self.zone))
        at = midnight + timedelta(minutes=self.dice.randrange(EARLIEST, LATEST))
        # An hour that a clock leaves out becomes the next.
        return shown(at, timedelta())

    def _daily(self, at: datetime) -> Iterator[tuple[datetime, Item]]:
        """A risky one goes out as soon as item 9 is answered, and its end as an amendment."""
        form = self._form("phq9-daily")
        whole = form["answers"]
        if is_risky(form) and self.dice.random() < 0.5:
            yield at, form | {"answers": {"q9": whole["q9"]}}
            yield shown(at, timedelta(minutes=1)), self._amended(form, answers=whole)
            return
        yield at, form
        if self.dice.random() < 0.06:
            other = whole | {"q1": self.dice.randrange(4)}
            yield shown(at, timedelta(minutes=5)), self._amended(form, answers=other)

    def _effects(self, at: datetime) -> Iterator[tuple[datetime, Item]]:
        grade = 4 if self.dice.random() < 0.05 else self.dice.randrange(1, 4)
        report = self._new("side_effects", effects=[{"code": "nausea", "grade": grade}])
        yield at, report
        if self.dice.random() < 0.2:
            other = [{"code": "headache", "grade": 1}]
            yield shown(at, timedelta(minutes=5)), self._amended(report, effects=other)

    def _form(self, instrument: str) -> Item:
        answers = {f"q{item}": self.dice.randrange(3) for item in range(1, 9)}
        risk = self.dice.choice((1, 1, 2, 3)) if self.dice.random() < RISK else 0
        return self._new("check_in", instrument=instrument, answers=answers | {"q9": risk})

    def _amended(self, of: Item, **fields: Any) -> Item:
        kind = f"{of['type']}_amendment"
        return self._new(kind, of=of["id"], reason="a slip, quagga", **fields)

    def _new(self, kind: str, **fields: Any) -> Item:
        return {"type": kind, "id": str(UUID(int=self.dice.getrandbits(128), version=4)), **fields}


def shown(at: datetime, by: timedelta) -> datetime:
    """What a clock in the same zone shows so much later."""
    return (at.astimezone(UTC) + by).astimezone(at.tzinfo)


def mood_day(at: datetime) -> date:
    """By the wall clock that the instant is told in: before 04:00 it is the day before."""
    return at.date() - timedelta(days=int(at.hour < 4))
