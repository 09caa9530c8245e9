"""Made-up courses of treatment for the demo clinic: simulated, the same every time."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from services.evaluation.simulation.patients import Noise, Response, deviations, levels, score
from services.rules.statistics import mean

# Ten weeks: one before treatment, four of induction, then maintenance.
DAYS: Final = 70
ITEMS: Final = 9
FORM_LOOKS_BACK: Final = 14
NOISE: Final = Noise(sd=1.5, autocorrelation=0.3, missing=0.12)
TWICE_WEEKLY: Final = (7, 10, 14, 17, 21, 24, 28, 31)
# Forms of two weeks: before the first session, half-way, at the end of induction, then fortnightly.
FORM_DAYS: Final = (6, 20, 34, 48, 62, DAYS)


@dataclass(frozen=True, slots=True)
class Given:
    """What a made-up patient is given; `days` are the sessions' days of the demo."""

    product: str
    route: str | None
    dose: dict[str, Any] | None
    days: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Maintained:
    """Sessions after induction, and how many days apart they are meant to be."""

    days: tuple[int, ...]
    every_days: int


@dataclass(frozen=True, slots=True)
class Story:
    """How one made-up patient fares.

    `response`: in points of the form (0-27) and days; `answers_until`: the last day with an
    answer; `item9_today`: what they answer to item 9 on the last day; `effects`: what they
    reports the day after a session (day, code, grade).
    """

    name: str
    response: Response
    given: Given
    maintained: Maintained
    answers_until: int = DAYS
    item9_today: int = 0
    effects: tuple[tuple[int, str, int], ...] = ()

    @property
    def sessions(self) -> tuple[int, ...]:
        """The days of all sessions, ascending."""
        return (*self.given.days, *self.maintained.days)


KETAMINE: Final = Given("ketamine", "iv", {"value": 0.5, "unit": "mg/kg"}, TWICE_WEEKLY)
ESKETAMINE: Final = Given("esketamine", "intranasal", {"value": 84, "unit": "mg"}, TWICE_WEEKLY)

STORIES: Final = (
    Story(
        "Rosa Responder",
        Response(18, 4, 0.6, wear_off=9, wear_off_days=12),
        KETAMINE,
        Maintained((43, 57), 14),
        effects=((7, "dissociation", 1), (14, "nausea", 1), (57, "headache", 1)),
    ),
    Story(
        "Nora Nonresponder",
        Response(17, 15, 0.7, wear_off=1, wear_off_days=14),
        ESKETAMINE,
        Maintained((38, 45, 52, 59, 66), 7),
        effects=((7, "sedation", 2), (10, "dizziness", 1)),
    ),
    Story(
        "Remi Remission",
        Response(16, 2, 0.55, wear_off=1, wear_off_days=21),
        KETAMINE,
        Maintained((52,), 28),
        effects=((7, "dissociation", 2), (10, "euphoria", 1)),
    ),
    Story(
        "Dana Deteriorating",
        Response(18, 6, 0.6, wear_off=3, wear_off_days=14, worsened_on=57, rise=10),
        ESKETAMINE,
        Maintained((38, 45, 52, 66), 7),
        item9_today=2,
        effects=((14, "anxiety_panic", 2),),
    ),
    Story(
        "Sil Silent",
        Response(15, 8, 0.65, wear_off=3, wear_off_days=14),
        KETAMINE,
        Maintained((45,), 21),
        answers_until=58,
    ),
)


def well_enough() -> Iterator[Story]:
    """Those who still answer and are in no danger: what they go on to answer pages nobody."""
    for one in STORIES:
        if one.answers_until == DAYS and not one.item9_today:
            yield one


def true_levels(story: Story) -> list[float]:
    """The level of each day in points, without noise."""
    return levels(story.response, list(story.sessions), DAYS + 1)


def daily_totals(story: Story, seed: int) -> Iterator[tuple[int, int]]:
    """(day, total) of each answered day; about one in eight is missing, never the last."""
    dice = random.Random(f"demo/{seed}")  # noqa: S311 -- simulated answers, not a secret
    known = true_levels(story)
    noise = islice(deviations(NOISE, dice), len(known))
    for day, (level, deviation) in enumerate(zip(known, noise, strict=True)):
        missed = dice.random() < NOISE.missing and day != DAYS
        if day <= story.answers_until and not missed:
            yield day, score(level + deviation)


def form_totals(story: Story) -> Iterator[tuple[int, int]]:
    """(day, total) of each two-week form: what the two weeks before it were like on average."""
    known = true_levels(story)
    for day in FORM_DAYS:
        if day <= story.answers_until:
            yield day, score(_average(known[max(0, day - FORM_LOOKS_BACK) : day + 1]))


def _average(known: Sequence[float]) -> float:
    return float(mean([round(1000 * level) for level in known])) / 1000


def answers(total: int, item9: int) -> dict[str, int]:
    """A complete form of nine items that adds up to `total` with this item 9."""
    rest = max(0, min(3 * (ITEMS - 1), total - item9))
    each, more = divmod(rest, ITEMS - 1)
    form = {f"q{item}": each + (1 if item <= more else 0) for item in range(1, ITEMS)}
    return form | {"q9": item9}
