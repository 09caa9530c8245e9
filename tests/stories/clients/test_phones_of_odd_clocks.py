"""Phones that do what `docs/mobile.md` says, of odd clocks and zones, beside a server whose clock
is moved: each entry has its mood day and its flags, and nothing is lost.

The days that are expected are written down by hand: from calendars and clock-change rules, not by
the code under test.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from api.play.outbox import Disk
from api.play.phones import Reply
from api.play.simulated_phone import Phone
from tests.builders.phone.sync import check_in
from tests.builders.stored import alerts
from tests.builders.world import World

NEW_YORK, PARIS, TOKYO, HONOLULU = (
    "America/New_York", "Europe/Paris", "Asia/Tokyo", "Pacific/Honolulu",
)  # fmt: skip
SKEW, LATE, IMPLAUSIBLE = "clock_skew", "entered_late", "implausible_time"


@dataclass(frozen=True, slots=True)
class Tap:
    """One form: the true instant, the zone of the phone, and the mood day and flags that are right.

    The phone is on the net so long after it, or not until the next; its clock is `off`, and may be
    `mended` before it is.
    """

    at: str
    zone: str
    day: str
    flags: tuple[str, ...] = ()
    online: timedelta | None = timedelta(minutes=1)
    off: timedelta = timedelta()
    mended: bool = False


def until(year: int, at: str) -> timedelta:
    """How far a clock is off that shows the beginning of a year."""
    return datetime(year, 1, 1, tzinfo=UTC) - datetime.fromisoformat(at)


IN_1970, IN_2099 = until(1970, "2024-06-10T11:00Z"), until(2099, "2024-06-10T11:00Z")
STORIES: Mapping[str, tuple[Tap, ...]] = {
    # 02:00 becomes 03:00.
    "spring in New York": (
        Tap("2024-03-10T06:30Z", NEW_YORK, "2024-03-09"),  # 01:30 EST
        Tap("2024-03-10T07:30Z", NEW_YORK, "2024-03-09"),  # 03:30 EDT
        Tap("2024-03-10T08:01Z", NEW_YORK, "2024-03-10"),  # 04:01 EDT
    ),
    # 02:00 becomes 01:00: the hour that comes twice.
    "autumn in New York": (
        Tap("2024-11-03T05:30Z", NEW_YORK, "2024-11-02"),  # 01:30 EDT
        Tap("2024-11-03T06:30Z", NEW_YORK, "2024-11-02"),  # 01:30 EST
        Tap("2024-11-03T08:30Z", NEW_YORK, "2024-11-02"),  # 03:30 EST
        Tap("2024-11-03T09:01Z", NEW_YORK, "2024-11-03"),  # 04:01 EST
    ),
    "autumn in Paris, two days without a net": (
        Tap("2024-10-27T00:30Z", PARIS, "2024-10-26", (LATE,), online=None),  # 02:30 CEST
        Tap("2024-10-27T01:30Z", PARIS, "2024-10-26", online=None),  # 02:30 CET
        Tap("2024-10-27T03:01Z", PARIS, "2024-10-27", online=timedelta(hours=46)),
    ),
    "a leap day": (
        Tap("2024-02-29T02:59Z", PARIS, "2024-02-28"),  # 03:59
        Tap("2024-02-29T03:01Z", PARIS, "2024-02-29"),
        Tap("2024-03-01T02:59Z", PARIS, "2024-02-29"),
        Tap("2024-03-01T03:01Z", PARIS, "2024-03-01"),
        Tap("2024-03-01T12:00Z", PARIS, "2024-03-01", (LATE,), timedelta(days=366)),
    ),
    # Leaves Tokyo on the evening of the 10th, and lands in Honolulu on the morning of the 10th.
    "over the date line": (
        Tap("2024-06-10T11:00Z", TOKYO, "2024-06-10"),  # 20:00
        Tap("2024-06-10T19:00Z", HONOLULU, "2024-06-10"),  # 09:00
        Tap("2024-06-11T13:00Z", HONOLULU, "2024-06-10"),  # 03:00 of the 11th
        Tap("2024-06-11T20:00Z", HONOLULU, "2024-06-11"),  # 10:00
        Tap("2024-06-14T01:00Z", TOKYO, "2024-06-14"),  # 10:00; still the 13th over there
    ),
    "a clock of 1970": (
        Tap("2024-06-10T11:00Z", PARIS, "2024-06-10", (SKEW,), off=IN_1970),
        Tap("2024-06-11T11:00Z", PARIS, "2024-06-11", (SKEW, LATE), timedelta(days=3), IN_1970),
        # Set right before it is sent: nobody can tell when this was. There it was 01:00.
        Tap(
            "2024-06-15T11:00Z", PARIS, "1969-12-31", (LATE, IMPLAUSIBLE), timedelta(hours=1),
            until(1970, "2024-06-15T11:00Z"), mended=True,
        ),
        Tap("2024-06-16T11:00Z", PARIS, "2024-06-16"),
    ),
    "a clock of 2099": (
        Tap("2024-06-10T11:00Z", PARIS, "2024-06-10", (SKEW,), off=IN_2099),
        Tap("2024-06-11T11:00Z", PARIS, "2024-06-11", (SKEW, LATE), timedelta(days=3), IN_2099),
        # Set right before it is sent: then it counts as of when it came.
        Tap(
            "2024-06-15T21:00Z", PARIS, "2024-06-16", (SKEW,), timedelta(hours=12),
            until(2099, "2024-06-15T21:00Z"), mended=True,
        ),
        Tap("2024-06-17T11:00Z", PARIS, "2024-06-17"),
    ),
}  # fmt: skip


@dataclass
class Beside:
    """A phone beside a server whose clock is moved: its own is `off`, its line is as it is told."""

    app: Flask
    now: datetime
    off: timedelta = timedelta()
    zone: str = PARIS
    loses: str = ""

    def line(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Reply:
        """Without a network; a request or its answer may be lost."""
        if self.loses == "request":
            raise ConnectionResetError
        answer = self.app.test_client().open(path, method=method, headers=dict(headers), data=body)
        if self.loses == "answer":
            raise ConnectionResetError
        shown = {name.lower(): value for name, value in answer.headers.items()}
        return Reply(answer.status_code, shown, answer.data)

    def clock(self) -> datetime:
        """What the phone shows."""
        return (self.now + self.off).astimezone(ZoneInfo(self.zone))


@pytest.mark.parametrize("name", STORIES)
def test_phones_of_odd_clocks_lose_nothing_and_have_the_right_days(
    name: str, app: Flask, clean_database: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taps = STORIES[name]
    at = Beside(app, datetime.fromisoformat(taps[0].at) - timedelta(days=1))
    monkeypatch.setattr("api.http.auth.utcnow", lambda: at.now)
    patient = World(app, at.now).clinic().patient()
    with closing(Disk(tmp_path / "disk")) as disk:
        phone = Phone(disk, at.line, at.clock, PARIS, Random(name))
        phone.accept(patient.tokens(at.now))
        wanted = dict(tap_and_send(phone, at, tap) for tap in taps)
        assert disk.ids() == []
        copy = disk.copy()
    found = {id: (one["mood_day"], sorted(one["flags"])) for id, one in copy.items()}
    assert found == wanted
    (alert,) = alerts(patient)
    assert alert.occurrence_count == len(taps), "every one of them has paged"


def tap_and_send(phone: Phone, at: Beside, tap: Tap) -> tuple[str, tuple[str, list[str]]]:
    """The first try is lost, of the second the answer; what the server must say of it."""
    at.now, at.off, at.zone = datetime.fromisoformat(tap.at), tap.off, tap.zone
    phone.zone, form = tap.zone, check_in(item9=1)
    del form["recorded_at"], form["timezone"]
    assert phone.answer(form)
    at.loses = "request"
    assert not phone.sync()
    if tap.online is not None:
        at.now += tap.online
        at.off = timedelta() if tap.mended else tap.off
        at.loses = ""
        assert phone.refresh()
        at.loses = "answer"
        assert not phone.sync()
        at.now += timedelta(minutes=5)
        at.loses = ""
        assert phone.sync()
    return form["id"], (tap.day, sorted(tap.flags))
