"""Is every answer one of the options? Left out, declined and zero are three different things."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal

from services.rules.instruments.definition import Instrument, Item

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
    errors = _unknown_link_ids(instrument, raw)
    for item in instrument.items:
        if not _is_answer(item, raw.get(item.link_id)):
            errors[f"answers.{item.link_id}"] = [_expected(item)]
    if errors:
        raise InvalidAnswers(errors)
    given = ((link_id, raw.get(link_id)) for link_id in instrument.link_ids)
    return {link_id: answer for link_id, answer in given if answer is not None}


def number(answers: Answers, link_id: str) -> int | None:
    """The number given to `link_id`; None when it is unknown (left out or declined)."""
    answer = answers.get(link_id)
    return answer if isinstance(answer, int) else None


def _is_answer(item: Item, value: object) -> bool:
    if value is None or (isinstance(value, str) and value == DECLINED):
        return True
    # `type` and not isinstance: True is an int to Python and would score as 1.
    return type(value) is int and item.lowest <= value <= item.highest


def _expected(item: Item) -> str:
    return f'must be an integer from {item.lowest} to {item.highest}, null or "{DECLINED}"'


def _unknown_link_ids(instrument: Instrument, raw: dict[object, object]) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    for key in raw.keys() - set(instrument.link_ids):
        # A key is text a person may have typed: it is shown only when it can be nothing else.
        shown = isinstance(key, str) and _LINK_ID.fullmatch(key) is not None
        path = f"answers.{key}" if shown else "answers"
        errors[path] = ["is not a link id of this instrument" if shown else "has an unknown key"]
    return errors
