"""The instruments a phone can fill in: look one up, see what it asks, use a clinic's own texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import MappingProxyType

from services.rules.instruments.answers import Answers, number
from services.rules.instruments.definition import (
    AskedWhen,
    Band,
    Instrument,
    Item,
    Option,
    Proration,
    TriageRule,
    UnknownInstrument,
)
from services.rules.numbers import DATA, NumbersError, read

__all__ = [
    "AskedWhen",
    "Band",
    "Instrument",
    "Item",
    "Option",
    "Proration",
    "TriageRule",
    "UnknownInstrument",
    "asked",
    "instrument",
    "load_instruments",
    "with_texts",
]


@cache
def load_instruments() -> Mapping[str, Instrument]:
    """All instruments by code, read once per process. Raises ``NumbersError`` at the first fault.

    Call it at start: a file that breaks a rule must stop the start, not a patient's answer.
    """
    return read_instruments(DATA / "instruments")


def read_instruments(folder: Path) -> Mapping[str, Instrument]:
    """Every `<code>.toml` of a folder by its code. Raises ``NumbersError``."""
    found = {path.stem: read(path, Instrument) for path in sorted(folder.glob("*.toml"))}
    if not found:
        raise NumbersError("no instrument file found", file=folder.name)
    for stem, one in found.items():
        if one.code != stem:
            raise NumbersError("must be the name of the file", "code", f"{stem}.toml")
    return MappingProxyType(found)


def instrument(code: str) -> Instrument:
    """The current version of the instrument `code`. Raises `UnknownInstrument`."""
    try:
        return load_instruments()[code]
    except KeyError:
        raise UnknownInstrument("no instrument has this code") from None


def asked(instrument: Instrument, answers: Answers) -> tuple[str, ...]:
    """The link ids that the branching asks, given the answers so far, in published order.

    C-SSRS: only a "no" to question 2 skips 3 to 5; 6b is asked after a "yes" to 6 (clinical 1.8).
    """
    return tuple(
        item.link_id
        for item in instrument.items
        if item.asked_when is None or _holds(item.asked_when, answers)
    )


def with_texts(instrument: Instrument, texts: Mapping[str, str]) -> Instrument:
    """The instrument with a clinic's own wording by link id (C-SSRS, whose text we do not ship).

    Raises `ValueError` when the instrument's wording is fixed, a link id is unknown or a text is
    blank. Codes, options and rules stay as they are.
    """
    if texts and not instrument.clinic_texts:
        raise ValueError(f"the wording of {instrument.code} is fixed")
    if not texts.keys() <= set(instrument.link_ids):
        raise ValueError(f"a text is for a link id that {instrument.code} does not have")
    if not all(text.strip() for text in texts.values()):
        raise ValueError("a text is blank")
    items = (replace(item, text=texts.get(item.link_id, item.text)) for item in instrument.items)
    return replace(instrument, items=tuple(items))


def _holds(branch: AskedWhen, answers: Answers) -> bool:
    numbers = [number(answers, link_id) for link_id in branch.link_ids]
    if any(value is not None and value >= branch.at_least for value in numbers):
        return True
    return branch.if_unanswered and None in numbers
