"""The kinds of simulated patients: how each answers treatment, and how common each is.

The shares follow the real-world figures of McInnes 2022 (PMID 35027209): response 53.6 %,
remission 28.9 %, worsened 8.4 %; the rest is divided by assumption. Whoever worsens for good is
drawn more often than that, so that the share found is known well, and is weighted back.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Literal

from services.evaluation.simulation.courses import FIRST_SESSION, Response

Kind = Literal[
    "steady", "late", "remission", "wearing_off", "partial", "non_response", "deteriorating"
]
KINDS: tuple[Kind, ...] = (
    "steady",
    "late",
    "remission",
    "wearing_off",
    "partial",
    "non_response",
    "deteriorating",
)

# Steady responders: nothing true happens to them after they respond, whenever they send.
STEADY: frozenset[Kind] = frozenset({"steady", "late"})

RISE = 6.0
LATE_SHARE = 0.3
ACROSS_SESSION = 1 / 3
# A worsening begins at the earliest two weeks into treatment and is watched for two weeks.
EARLIEST_RISE, WATCHED = FIRST_SESSION + 14, 14


@dataclass(frozen=True, slots=True)
class KindShape:
    """Share of the population and of the simulated cohort, and ranges in points of the form.

    `after` is the level that treatment leads to; None stands for up to 3 points below the start.
    """

    share: float
    drawn: float
    after: tuple[float, float] | None
    wear_off: tuple[float, float]
    wear_off_days: int = 14


SHAPES: dict[Kind, KindShape] = {
    "steady": KindShape(0.16, 0.20, (4, 6), (2, 4)),
    "late": KindShape(0.03, 0.08, (4, 6), (2, 4)),
    "remission": KindShape(0.27, 0.14, (1, 3), (1, 3)),
    "wearing_off": KindShape(0.08, 0.10, (4, 6), (7, 9), 12),
    "partial": KindShape(0.16, 0.10, (9, 12), (2, 4)),
    "non_response": KindShape(0.22, 0.10, None, (0, 1)),
    "deteriorating": KindShape(0.08, 0.28, None, (0, 1)),
}
# Before they worsen, those who will are like one of these.
BEFORE_WORSENING: tuple[Kind, ...] = ("steady", "steady", "remission", "partial", "non_response")


def draw(kind: Kind, sessions: list[int], days: int, dice: random.Random) -> tuple[Kind, Response]:
    """Return what a patient of a kind is like at first (itself, unless it worsens) and answers."""
    base = dice.choice(BEFORE_WORSENING) if kind == "deteriorating" else kind
    shape = SHAPES[base]
    before = dice.uniform(16, 20)
    after = before - dice.uniform(0, 3) if shape.after is None else dice.uniform(*shape.after)
    response = Response(
        before=before,
        after=after,
        stays=dice.uniform(0.5, 0.7),
        wear_off=dice.uniform(*shape.wear_off),
        wear_off_days=shape.wear_off_days,
    )
    if kind != "deteriorating":
        return base, response
    return base, replace(response, worsened_on=_onset(sessions, days, dice), rise=RISE)


def _onset(sessions: list[int], days: int, dice: random.Random) -> int:
    """A random day; for a third of the patients the day before, of or after a session."""
    earliest, latest = EARLIEST_RISE, days - WATCHED
    near = [day for day in sessions if earliest < day < latest]
    if near and dice.random() < ACROSS_SESSION:
        return dice.choice(near) + dice.choice((-1, 0, 1))
    return dice.randint(earliest, latest)
