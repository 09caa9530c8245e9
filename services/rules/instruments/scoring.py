"""Totals, bands and C-SSRS levels. Missing and declined are unknown: never zero, never guessed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from services.rules.instruments.answers import Answers, number
from services.rules.instruments.lookup import Instrument, asked


class CssrsLevel(Enum):
    """C-SSRS triage level (clinical.md 1.8). Not ordered by `<`: UNKNOWN has no place in an order.

    UNKNOWN: a question that the branch asks has no number and nothing answered is high.
    """

    NONE = "none"
    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"
    UNKNOWN = "unknown"

    @property
    def rank(self) -> int | None:
        """0 (none) to 3 (high); None for UNKNOWN, so that a caller must say what it means."""
        return None if self is CssrsLevel.UNKNOWN else list(CssrsLevel).index(self)

    def at_least(self, floor: CssrsLevel) -> bool:
        """Is this a known level of `floor` or higher? UNKNOWN never is.

        Raises `ValueError` when `floor` is UNKNOWN: nothing can be compared with it.
        """
        if floor.rank is None:
            raise ValueError("UNKNOWN is no floor")
        return self.rank is not None and self.rank >= floor.rank


@dataclass(frozen=True, slots=True)
class Item9:
    """The answer to the item on death and self-harm: a number 0-3, UNKNOWN or NOT_ASKED."""

    asked: bool
    value: int | None

    @property
    def unknown(self) -> bool:
        """Asked by this instrument, but left out or declined: itself a reason to look (S6)."""
        return self.asked and self.value is None

    @property
    def positive(self) -> bool:
        """Any number above zero, whatever the total."""
        return self.value is not None and self.value > 0


ITEM9_UNKNOWN = Item9(asked=True, value=None)
ITEM9_NOT_ASKED = Item9(asked=False, value=None)


@dataclass(frozen=True, slots=True)
class Score:
    """`total` (points) is None unless `complete`; `answered` counts scored items with a number."""

    total: int | None
    band: str | None
    complete: bool
    answered: int
    prorated_total: int | None


def score(instrument: Instrument, answers: Answers) -> Score:
    """The score of checked answers (clinical.md 1.1-1.8, contract `POST /v1/check-ins`)."""
    if instrument.triage:
        return _triaged(instrument, answers)
    values = _scored_numbers(instrument, answers)
    complete = len(values) == len(instrument.scored_items)
    total = sum(values) if complete else None
    return Score(
        total=total,
        band=None if total is None else band_of(instrument, total),
        complete=complete,
        answered=len(values),
        prorated_total=_prorated(instrument, answers, values),
    )


def band_of(instrument: Instrument, total: int) -> str | None:
    """The band of a strict total; None for an instrument without bands (not validated, mood)."""
    return next((band.name for band in instrument.bands if band.low <= total <= band.high), None)


def item9(instrument: Instrument, answers: Answers) -> Item9:
    """Item 9 of this form: the number, ITEM9_UNKNOWN, or ITEM9_NOT_ASKED (other instruments)."""
    if instrument.item9_link_id is None:
        return ITEM9_NOT_ASKED
    value = number(answers, instrument.item9_link_id)
    return ITEM9_UNKNOWN if value is None else Item9(asked=True, value=value)


def cssrs_level(instrument: Instrument, answers: Answers) -> CssrsLevel:
    """The highest level that any "yes" reaches; never a sum (clinical.md 1.8).

    A "yes" to a question that the branch skips counts too. Raises `ValueError` for an instrument
    without triage rules.
    """
    if not instrument.triage:
        raise ValueError(f"{instrument.code} has no triage rules")
    reached = next(
        (
            CssrsLevel(rule.level)
            for rule in instrument.triage
            if any(number(answers, link_id) == 1 for link_id in rule.any_yes)
        ),
        CssrsLevel.NONE,
    )
    settled = reached is CssrsLevel.HIGH or _all_asked_answered(instrument, answers)
    return reached if settled else CssrsLevel.UNKNOWN


def _triaged(instrument: Instrument, answers: Answers) -> Score:
    return Score(
        total=None,
        band=cssrs_level(instrument, answers).value,
        complete=_all_asked_answered(instrument, answers),
        answered=len(_scored_numbers(instrument, answers)),
        prorated_total=None,
    )


def _all_asked_answered(instrument: Instrument, answers: Answers) -> bool:
    return all(number(answers, link_id) is not None for link_id in asked(instrument, answers))


def _scored_numbers(instrument: Instrument, answers: Answers) -> list[int]:
    numbers = (number(answers, item.link_id) for item in instrument.scored_items)
    return [value for value in numbers if value is not None]


def _prorated(instrument: Instrument, answers: Answers, values: list[int]) -> int | None:
    """Mean of the answered items times all of them, half up, in whole numbers (clinical.md 1.1)."""
    rule = instrument.proration
    if rule is None or len(values) < rule.min_answered or item9(instrument, answers).unknown:
        return None
    answered, items = len(values), len(instrument.scored_items)
    return (2 * sum(values) * items + answered) // (2 * answered)
