"""A simulated cohort with known true figures, to be counted like a clinic's. Nobody here is real.

Everybody has an induction, one form 25-31 days after it and weekly ones from then on. A response
is there at the first of these or not at all, and is lost for good in the course of the weeks. Who
leaves, misses forms or is treated again does so whatever the symptoms, so that the true figures
can be recovered; in a clinic it will not be so.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from services.rules.cohort.course import TreatedPatient
from services.rules.cohort.numbers import COHORT_THRESHOLDS
from services.rules.courses import Course, Phase, Product, Route, Session, Treatment, in_order
from services.rules.day_series import SeriesEntry

_PUBLISHED: Final = COHORT_THRESHOLDS.published
FIRST_DAY: Final = date(2025, 1, 6)
LOOKED_AT: Final = datetime(2026, 1, 5, tzinfo=UTC)
# Product, route and days of the sessions; how many of a hundred people.
PLANS: Final[tuple[tuple[Product, Route, tuple[int, ...], int], ...]] = (
    ("ketamine", "iv", (0, 2, 4, 7, 9, 11), 58),
    ("ketamine", "iv", (0, 3), 7),
    ("ketamine", "im", (0, 3, 7, 10, 14, 17), 12),
    ("ketamine", "sublingual", tuple(range(0, 40, 4)), 5),
    ("esketamine", "intranasal", (0, 3, 7, 10, 14, 17, 21, 24), 18),
)
WEEKS_TO_FIRST_MARK: Final = 4


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of the simulated people, as shares (0-1); by default the published figures.

    `response` and `remission` are of baselines of at least 10, `worsened` of all,
    `item9_lower` of those with item 9 >= 1 before; the sustained shares are 4 and 8 weeks after
    the first response reading.
    """

    response: float = _PUBLISHED.response / 100
    remission: float = _PUBLISHED.remission / 100
    worsened: float = _PUBLISHED.worsened / 100
    item9_lower: float = _PUBLISHED.item9_lower / 100
    item9_higher: float = _PUBLISHED.item9_higher / 100
    sustained_first_mark: float = _PUBLISHED.sustained_first_mark / 100
    sustained_second_mark: float = _PUBLISHED.sustained_second_mark / 100


@dataclass(frozen=True, slots=True)
class Losses:
    """What is not seen of the simulated people, as shares (0-1)."""

    baseline_missing: float = 0.08
    baseline_low: float = 0.05
    forms_missing: float = 0.2
    re_treated_early: float = 0.12
    re_treated_later: float = 0.3
    recent: float = 0.03


def simulated_patients(
    patients: int, seed: int, truth: Truth | None = None, losses: Losses | None = None
) -> Iterator[TreatedPatient]:
    """Yield so many people; number n is the same for the same seed, truth and losses."""
    for number in range(patients):
        dice = random.Random(f"{seed}/{number}")  # noqa: S311 -- simulated, nothing secret
        yield _Drawing(dice, truth or Truth(), losses or Losses()).patient()


class _Drawing:
    """One person being drawn."""

    def __init__(self, dice: random.Random, truth: Truth, losses: Losses) -> None:
        self.dice, self.truth, self.losses = dice, truth, losses
        self.entries: list[SeriesEntry] = []
        product, route, days, _ = dice.choices(PLANS, [plan[3] for plan in PLANS])[0]
        self.product, self.route, self.days = product, route, days
        recent = dice.random() < losses.recent
        newest = (LOOKED_AT.date() - FIRST_DAY).days
        self.first = newest - days[-1] - dice.randint(1, 30) if recent else dice.randint(15, 120)
        self.last = self.first + days[-1]
        low = dice.random() < losses.baseline_low
        self.before = dice.randint(3, 9) if low else dice.randint(10, 24)
        self.item9 = dice.choice((0, 1, 2))

    def patient(self) -> TreatedPatient:
        """The person, with what was seen of them."""
        sessions = self._sessions("c1", [self.first + day for day in self.days])
        courses = [self._course("c1", "induction", self.first)]
        if self.dice.random() >= self.losses.baseline_missing:
            self._form(self.first - self.dice.randint(1, 13), self.before, self.item9)
        outcome_on = self.last + self.dice.randint(25, 31)
        again = self._treated_again_on(outcome_on)
        if again is not None:
            sessions += self._sessions("c2", [again])
            courses.append(self._course("c2", "maintenance", again))
        self._follow_up(outcome_on)
        return TreatedPatient(
            Treatment(tuple(courses), in_order(sessions)), self.entries, UTC, LOOKED_AT
        )

    def _treated_again_on(self, outcome_on: int) -> int | None:
        drawn = self.dice.random()
        if drawn < self.losses.re_treated_early:
            return self.last + self.dice.randint(8, 24)
        if drawn < self.losses.re_treated_early + self.losses.re_treated_later:
            return outcome_on + self.dice.randint(3, 100)
        return None

    def _follow_up(self, outcome_on: int) -> None:
        after = self._after()
        item9 = self._item9_after()
        lost_in = self._lost_in_week()
        for week in range(self.dice.randint(0, 20) + 1):
            total = after if week < lost_in else self._as_before()
            if self.dice.random() >= self.losses.forms_missing:
                self._form(outcome_on + 7 * week, total, item9)

    def _after(self) -> int:
        """The total 14-31 days after the course, by what the truth says of them."""
        drawn, half = self.dice.random(), self.before // 2
        if drawn < self.truth.worsened:
            return self.before + self.dice.randint(1, 3)
        drawn -= self.truth.worsened
        if drawn < self.truth.remission:
            return self.dice.randint(0, min(4, half))
        if drawn < self.truth.response:
            return self.dice.randint(min(5, half), half)
        return self.dice.randint(half + 1, self.before)

    def _item9_after(self) -> int:
        drawn = self.dice.random()
        if drawn < self.truth.item9_higher:
            return self.item9 + 1
        if self.item9 and drawn < self.truth.item9_higher + self.truth.item9_lower:
            return self.dice.randrange(self.item9)
        return self.item9

    def _lost_in_week(self) -> int:
        """The week in which a response, if there is one, is lost (any week, however far off)."""
        to_first = self.truth.sustained_first_mark
        to_second = self.truth.sustained_second_mark / to_first
        week = 1
        while True:
            kept = to_first if week <= WEEKS_TO_FIRST_MARK else to_second
            if self.dice.random() >= kept ** (1 / WEEKS_TO_FIRST_MARK):
                return week
            week += 1

    def _as_before(self) -> int:
        """Nine tenths of the baseline or more: at least 10 and 5 above any response."""
        return self.dice.randint(max(min(10, self.before), -(-9 * self.before // 10)), self.before)

    def _form(self, day: int, total: int, item9: int) -> None:
        on = FIRST_DAY + timedelta(days=day)
        at = datetime.combine(on, time(9), UTC)
        if at <= LOOKED_AT:
            name = f"form-{len(self.entries)}"
            self.entries.append(SeriesEntry(on, at, at, name, total, item9, 9))

    def _sessions(self, course: str, days: list[int]) -> list[Session]:
        return [
            Session(
                f"{course}-{day}",
                course,
                datetime.combine(FIRST_DAY + timedelta(days=day), time(11), UTC),
                self.product,
                self.route,
            )
            for day in days
        ]

    def _course(self, name: str, phase: Phase, day: int) -> Course:
        return Course(name, self.product, phase, FIRST_DAY + timedelta(days=day))
