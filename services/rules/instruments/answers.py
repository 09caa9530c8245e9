"""Answers and what they add up to: options, totals, bands, item 9 and C-SSRS levels.

Left out, declined and zero are three different things: what is missing is unknown, never zero, and
never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal

from services.rules.instruments.definition import AskedWhen, Instrument, Item

Answer = int | Literal["declined"] | None
Answers = Mapping[str, Answer]

DECLINED: Final = "declined"
_LINK_ID = re.compile(r"q[0-9]{1,3}[a-z]?")


class InvalidAnswers(ValueError):
    """`errors` maps a JSON path (`answers.q9`) to messages that never repeat what was sent."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__("the answers are not valid for this instrument")
        self.errors = errors


def check_answers(instrument: Instrument, raw: object) -> dict[str, Answer]:
    """The answers in published order without the nulls, so that equal content is equal.

    A number must have been written as an integer option: `True` and `1.0` are refused.
    Raises `InvalidAnswers` with all mistakes at once.
    """
    if not isinstance(raw, dict):
        raise InvalidAnswers({"answers": ["must be an object of link id and answer"]})
    unknown = raw.keys() - set(instrument.link_ids)
    errors = _unknown_link_ids(unknown) if unknown else {}
    for item in instrument.items:
        answer, options = raw.get(item.link_id), item.options
        # `type` and not isinstance: True is an int to Python and would score as 1.
        is_option = type(answer) is int and options[0].value <= answer <= options[-1].value
        is_unknown = answer is None or (isinstance(answer, str) and answer == DECLINED)
        if not (is_option or is_unknown):
            errors[f"answers.{item.link_id}"] = [_expected(item)]
    if errors:
        raise InvalidAnswers(errors)
    given = ((link_id, raw.get(link_id)) for link_id in instrument.link_ids)
    return {link_id: answer for link_id, answer in given if answer is not None}


def number(answers: Answers, link_id: str) -> int | None:
    """The number given to `link_id`; None when it is unknown (left out or declined)."""
    answer = answers.get(link_id)
    return answer if isinstance(answer, int) else None


def _expected(item: Item) -> str:
    return f'must be an integer from {item.lowest} to {item.highest}, null or "{DECLINED}"'


def _unknown_link_ids(keys: Iterable[object]) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    for key in keys:
        # A key is text a person may have typed: it is shown only when it can be nothing else.
        shown = isinstance(key, str) and _LINK_ID.fullmatch(key) is not None
        path = f"answers.{key}" if shown else "answers"
        errors[path] = ["is not a link id of this instrument" if shown else "has an unknown key"]
    return errors


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


def asked(instrument: Instrument, answers: Answers) -> tuple[str, ...]:
    """The link ids that the branching asks, given the answers so far, in published order.

    C-SSRS: only a "no" to question 2 skips 3 to 5; 6b is asked after a "yes" to 6 (clinical 1.8).
    """
    return tuple(
        item.link_id
        for item in instrument.items
        if item.asked_when is None or _branch_applies(item.asked_when, answers)
    )


def _branch_applies(branch: AskedWhen, answers: Answers) -> bool:
    numbers = [number(answers, link_id) for link_id in branch.link_ids]
    if any(value is not None and value >= branch.at_least for value in numbers):
        return True
    return branch.if_unanswered and None in numbers


def _all_asked_answered(instrument: Instrument, answers: Answers) -> bool:
    return all(number(answers, link_id) is not None for link_id in asked(instrument, answers))


def _scored_numbers(instrument: Instrument, answers: Answers) -> list[int]:
    given = (answers.get(item.link_id) for item in instrument.scored_items)
    return [value for value in given if isinstance(value, int)]


def _prorated(instrument: Instrument, answers: Answers, values: list[int]) -> int | None:
    """Mean of the answered items times all of them, half up, in whole numbers (clinical.md 1.1)."""
    rule = instrument.proration
    if rule is None or len(values) < rule.min_answered or item9(instrument, answers).unknown:
        return None
    answered, items = len(values), len(instrument.scored_items)
    return (2 * sum(values) * items + answered) // (2 * answered)
