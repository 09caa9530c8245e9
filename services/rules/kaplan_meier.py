"""Kaplan-Meier: how long something lasts when some are not followed to its end. Exact."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

HALF = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class Span:
    """How long one was followed, in days (0 and up), and whether that ended with the event."""

    days: int
    is_event: bool


@dataclass(frozen=True, slots=True)
class Step:
    """The curve from a day on: `survival` (0-1) is the share that still holds after that day.

    `at_risk` were followed up to the day; those censored on the day of an event were at risk of it.
    """

    days: int
    at_risk: int
    events: int
    censored: int
    survival: Fraction


def kaplan_meier(spans: Iterable[Span]) -> tuple[Step, ...]:
    """Return the product-limit estimate, one step for every day on which a follow-up ended."""
    ended = Counter(spans)
    at_risk = ended.total()
    survival = Fraction(1)
    steps = []
    for day in sorted({span.days for span in ended}):
        events, censored = ended[Span(day, True)], ended[Span(day, False)]
        survival *= Fraction(at_risk - events, at_risk)
        steps.append(Step(day, at_risk, events, censored, survival))
        at_risk -= events + censored
    return tuple(steps)


def median_days(steps: Sequence[Step]) -> int | None:
    """Return the first day on which at most half still hold; None while more than half do."""
    return next((step.days for step in steps if step.survival <= HALF), None)
