"""Which days are lost to outages, and by how much they can delay N1: never for long."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.rules.danger.outages import (
    Life,
    Outage,
    down_since,
    life_at,
    lost_days,
    outages_between,
)
from services.rules.danger.silence import SILENCE, SilenceFacts, silence_tier
from services.rules.decision import Tier
from services.rules.mood_days import DaySpan, mood_day_at

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = date(2026, 11, 20)
HOUR = timedelta(hours=1)
PARIS, TOKYO, YORK, LORD_HOWE = (
    ZoneInfo(name)
    for name in ("Europe/Paris", "Asia/Tokyo", "America/New_York", "Australia/Lord_Howe")
)


def down(from_at: datetime, **lasted: float) -> Outage:
    return Outage(from_at, from_at + timedelta(**lasted))


def lived(*hours: tuple[float, float]) -> list[Life]:
    return [Life(NOON + HOUR * first, NOON + HOUR * last) for first, last in hours]


@pytest.mark.parametrize(
    ("lives", "now_h", "found"),
    [
        ([], 9, []),
        (lived((0, 1)), 1 + 120 / 3600, []),
        (lived((0, 1)), 1 + 121 / 3600, [(1, 1 + 121 / 3600)]),
        (lived((0, 1), (1.03, 5)), 5, []),
        (lived((0, 1), (2, 5)), 5, [(1, 2)]),
        # One process is enough, in whatever order they are read.
        (lived((3, 5), (0, 1), (0.5, 4)), 5, []),
        (lived((0, 9), (1, 2)), 9, []),
        # Before the first of them nothing is known; what comes after now has not happened.
        (lived((5, 6)), 6, []),
        (lived((5, 6)), 2, []),
        (lived((0, 1), (5, 6)), 3, [(1, 3)]),
        # It is believed for three days, whether it has ended or not.
        (lived((0, 1)), 73, [(1, 73)]),
        (lived((0, 1)), 500, [(1, 73)]),
        (lived((0, 1), (400, 401)), 401, [(1, 73)]),
    ],
)
def test_what_no_process_covers_is_an_outage(
    lives: list[Life], now_h: float, found: list[tuple[float, float]]
):
    expected = tuple(Outage(NOON + HOUR * first, NOON + HOUR * last) for first, last in found)
    assert outages_between(lives, NOON + HOUR * now_h) == expected


@pytest.mark.parametrize(
    ("outages", "lost"),
    [
        ([], []),
        ([down(NOON, hours=2)], []),
        ([down(NOON, hours=2, microseconds=1)], [DAY]),
        ([down(NOON, hours=1), down(NOON + 4 * HOUR, hours=1.5)], [DAY]),
        # 03:00 in Paris is 02:00 UTC: the day begins an hour later.
        ([down(datetime(2026, 11, 20, 1, tzinfo=UTC), hours=4)], []),
        ([down(datetime(2026, 11, 20, 0, tzinfo=UTC), hours=6)], [date(2026, 11, 19), DAY]),
        ([down(NOON, days=3)], [DAY + timedelta(days=n) for n in range(4)]),
    ],
)
def test_over_two_hours_of_outages_lose_a_day(outages: list[Outage], lost: list[date]):
    assert sorted(lost_days(outages, PARIS)) == lost


def test_the_day_is_that_of_the_patients_zone():
    night = down(datetime(2026, 11, 20, 1, tzinfo=UTC), hours=3)
    assert lost_days([night], TOKYO) == {DAY}
    assert lost_days([night], YORK) == {DAY - timedelta(days=1)}
    assert lost_days([night], PARIS) == frozenset()


@pytest.mark.parametrize(
    ("zone", "day", "length_h"),
    [
        (PARIS, date(2026, 3, 28), 23),
        (PARIS, date(2026, 10, 24), 25),
        (YORK, date(2026, 3, 7), 23),
        (YORK, date(2026, 10, 31), 25),
        (LORD_HOWE, date(2026, 4, 4), 24.5),
        (TOKYO, date(2026, 3, 28), 24),
    ],
)
def test_a_day_on_which_the_clocks_change(zone: ZoneInfo, day: date, length_h: float):
    """It holds the hours that it has: over two of them from either end lose it alone."""
    begins = datetime.combine(day, datetime.min.time().replace(hour=4), zone).astimezone(UTC)
    ends = begins + HOUR * length_h
    long = SILENCE.day_lost_after + timedelta(seconds=1)
    assert lost_days([Outage(begins, begins + long)], zone) == {day}
    assert lost_days([Outage(ends - long, ends)], zone) == {day}
    # Two hours on this side of its end and two on the other lose neither day.
    both = SILENCE.day_lost_after
    assert lost_days([Outage(ends - both, ends + both)], zone) == frozenset()
    assert lost_days([Outage(begins - both, begins + both)], zone) == frozenset()


def test_only_what_was_down_since_then_counts():
    outages = [down(NOON, hours=4), down(NOON + 10 * HOUR, hours=1)]
    assert [down_since(outages, NOON + HOUR * h) for h in (-9, 3, 4, 10.5, 20)] == [
        5 * HOUR,
        2 * HOUR,
        HOUR,
        HOUR / 2,
        timedelta(),
    ]


# What happens to the one server: so many minutes pass; it is off (its processes end) or lives on;
# then its clock is set by so many hours.
STEPS = st.lists(
    st.tuples(
        st.integers(1, 60 * 8),
        st.sampled_from(["lives", "lives", "off", "hangs"]),
        st.sampled_from([0.0, 0.0, 0.0, -30.0, -3.0, 3.0, 30.0]),
    ),
    min_size=1,
    max_size=8,
)


@dataclass
class Server:
    """A process after the other; `true_s` is the time that really passes, and nobody sees it."""

    true_s: float = 0.0
    ahead: timedelta = timedelta()
    life: Life | None = None
    left_s: float = 0.0
    reboots: int = 0

    def __post_init__(self) -> None:
        self.kept: dict[tuple[int, datetime], Life] = {}
        self.seen_at: list[datetime] = []

    @property
    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.true_s) + self.ahead

    def sign(self) -> None:
        last = self.life
        life = life_at(last, self.now, timedelta(seconds=self.true_s - self.left_s))
        if last is not None and life.from_at <= last.until_at:
            self.kept = {key: old for key, old in self.kept.items() if old != last}
        self.kept[self.reboots, life.from_at] = self.life = life
        self.left_s = self.true_s
        self.seen_at.append(self.now)

    def live(self, minutes: int) -> None:
        for _ in range(minutes // 2):
            self.true_s += 120
            self.sign()

    def step(self, minutes: int, kind: str, ahead_h: float) -> None:
        if kind == "lives":
            self.live(minutes)
        else:
            self.true_s += 60 * minutes
        self.ahead += HOUR * ahead_h
        if kind == "off":
            self.life, self.reboots = None, self.reboots + 1
        self.sign()


@given(steps=STEPS)
@example(steps=[(600, "lives", 30.0), (1, "lives", -30.0), (600, "lives", 0.0)])
@example(steps=[(600, "lives", -30.0), (600, "lives", 30.0), (60, "lives", 0.0)])
@settings(max_examples=60)
def test_a_clock_that_is_set_makes_no_outage(steps: list[tuple[int, str, float]]):
    """Of a server that lives on: neither forward nor back, nor there and back again."""
    server = Server()
    server.sign()
    for minutes, _, ahead_h in steps:
        server.step(minutes, "lives", ahead_h)
    assert outages_between(server.kept.values(), server.now) == ()


@given(steps=STEPS)
@settings(max_examples=60)
def test_no_outage_of_a_living_process_is_longer_than_it_was(steps: list[tuple[int, str, float]]):
    """It hangs, or its database does, while the clock is set: its own time is the limit."""
    server, hung = Server(), timedelta()
    server.sign()
    for minutes, kind, ahead_h in steps:
        kind = "lives" if kind == "off" else kind
        server.step(minutes, kind, ahead_h)
        hung += timedelta(minutes=minutes) if kind == "hangs" else timedelta()
    found = outages_between(server.kept.values(), server.now)
    assert sum((each.until_at - each.from_at for each in found), timedelta()) <= hung


@given(steps=STEPS)
@example(steps=[(60, "off", 30.0), (60, "lives", -30.0), (60, "lives", 0.0)])
@settings(max_examples=60)
def test_no_outage_holds_what_a_clock_showed_while_a_process_lived(
    steps: list[tuple[int, str, float]],
):
    """Also of a clock that was wrong at a start, and is set right."""
    server = Server()
    server.sign()
    for minutes, kind, ahead_h in steps:
        server.step(minutes, kind, ahead_h)
    found = outages_between(server.kept.values(), server.now)
    assert not [at for at in server.seen_at if any(e.from_at < at < e.until_at for e in found)]


@given(steps=STEPS)
@settings(max_examples=60)
def test_with_a_right_clock_outages_are_what_was_down(steps: list[tuple[int, str, float]]):
    server, expected = Server(), []
    server.sign()
    for minutes, kind, _ in steps:
        gone_at = server.now
        server.step(minutes, kind, 0.0)
        if kind != "lives" and minutes > 2:
            expected.append(Outage(gone_at, server.now))
    assert outages_between(server.kept.values(), server.now) == tuple(expected)


SPANS = st.lists(
    st.tuples(st.integers(0, 60 * 24 * 18), st.integers(0, 60 * 24 * 6)), max_size=6
).map(lambda spans: [Life(NOON + a * HOUR / 60, NOON + (a + b) * HOUR / 60) for a, b in spans])


@given(lives=SPANS, zone=st.sampled_from([PARIS, TOKYO, YORK]), hours=st.integers(0, 24 * 18))
@settings(max_examples=25)
def test_lost_days_are_those_of_a_count_by_the_minute(
    lives: list[Life], zone: ZoneInfo, hours: int
):
    """Around the last clock change of the year as on other days; the lives are whole minutes."""
    shifted = [Life(at.from_at - 30 * 24 * HOUR, at.until_at - 30 * 24 * HOUR) for at in lives]
    now = NOON + HOUR * (hours - 30 * 24)
    outages = outages_between(shifted, now)
    for one, other in pairwise(outages):
        assert one.until_at <= other.from_at
    minutes: dict[date, int] = {}
    for outage in outages:
        at = outage.from_at
        while at < outage.until_at:
            day = mood_day_at(at, zone)
            minutes[day] = minutes.get(day, 0) + 1
            at += HOUR / 60
    assert lost_days(outages, zone) == {day for day, count in minutes.items() if count > 120}


def tier_of(lives: list[Life], facts: SilenceFacts, now: datetime, zone: ZoneInfo) -> Tier | None:
    outages = outages_between(lives, now)
    lost, gone = lost_days(outages, zone), down_since(outages, facts.invited_at)
    today = mood_day_at(now, zone)
    return silence_tier(replace(facts, now=now, today=today, lost=lost, down=gone))


@given(
    lives=SPANS,
    zone=st.sampled_from([PARIS, TOKYO, YORK]),
    answered=st.integers(-3, 3) | st.none(),
    at_risk=st.booleans(),
    pause=st.none() | st.tuples(st.integers(0, 6), st.integers(0, 4)),
    hour=st.integers(0, 23),
)
@settings(max_examples=60)
def test_outages_delay_n1_by_three_days_at_most_and_never_hasten_it(
    lives: list[Life],
    zone: ZoneInfo,
    answered: int | None,
    at_risk: bool,
    pause: tuple[int, int] | None,
    hour: int,
):
    """Whatever was down and whenever, in the zones of all patients."""
    spans = () if pause is None else (day_span(*pause),)
    facts = SilenceFacts(
        now=NOON,
        today=DAY,
        invited_at=NOON,
        accepted_on=None,
        last_risk_answer_on=None if answered is None else DAY + timedelta(days=answered),
        item9_positive_at=None,
        cssrs_moderate_at=None,
        risk_at_intake=at_risk,
        paused=spans,
    )
    for days in range(14):
        now = NOON + timedelta(days=days, hours=hour)
        without = tier_of([], facts, now, zone)
        with_them = tier_of(lives, facts, now, zone)
        assert (with_them or Tier.LOW) <= (without or Tier.LOW)
        later = replace(facts, risk_at_intake=at_risk and days <= 10)
        if without is not None and not spans:
            assert tier_of(lives, later, now + SILENCE.most_lost, zone) is not None


def day_span(first: int, length: int) -> DaySpan:
    return DaySpan(DAY + timedelta(days=first), DAY + timedelta(days=first + length))
