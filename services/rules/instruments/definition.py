"""What an instrument is, and which there are: frozen values filled from `data/instruments/*.toml`.

What must hold before a single answer is scored with one is checked when it is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final, Literal

from services.rules.numbers import DATA, Between, NumbersError, read

LOINC_SYSTEM: Final = "http://loinc.org"
TRIAGE_LEVELS: Final = ("high", "moderate", "low")
_LINK_ID: Final = re.compile(r"q([1-9][0-9]?)([a-z]?)")

Direction = Literal["lower_is_better", "higher_is_better"]
Score = Annotated[int, Between(0, 999)]
Problem = tuple[str, str]


class UnknownInstrument(LookupError):
    """No instrument has this code. The code itself is not repeated: a client may send anything."""


@dataclass(frozen=True, slots=True)
class Option:
    """One permitted answer: an integer `value` and what the person reads."""

    value: Score
    label: str
    loinc: str | None


@dataclass(frozen=True, slots=True)
class OptionList:
    """Options that several items share, with the LOINC code of the list."""

    name: str
    options: tuple[Option, ...]
    loinc: str | None


@dataclass(frozen=True, slots=True)
class AskedWhen:
    """Branching: ask when any of `link_ids` was answered with at least `at_least`.

    When none was, but one of them has no number (left out or declined), `if_unanswered` decides.
    """

    link_ids: tuple[str, ...]
    at_least: int
    if_unanswered: bool


@dataclass(frozen=True, slots=True)
class Item:
    """One question. `scored` is false for an item outside the total (PHQ-9 q10).

    `options` are those of the `option_list` that it names.
    """

    link_id: str
    text: str
    option_list: str | None
    loinc: str | None
    asked_when: AskedWhen | None
    scored: bool = True
    options: tuple[Option, ...] = ()
    options_loinc: str | None = None

    @property
    def lowest(self) -> int:
        return self.options[0].value

    @property
    def highest(self) -> int:
        return self.options[-1].value


@dataclass(frozen=True, slots=True)
class Band:
    """A named range of totals, both ends included, with where the cut points come from."""

    name: str
    low: Score
    high: Score
    source: str


@dataclass(frozen=True, slots=True)
class TriageRule:
    """The level reached when any of `any_yes` is answered 1; rules stand highest first."""

    level: str
    any_yes: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Proration:
    """From how many answered scored items a prorated total is given beside the strict one."""

    min_answered: int
    source: str


@dataclass(frozen=True, slots=True)
class Instrument:
    """One version of a questionnaire. Either its items are summed, or `triage` decides.

    Raises ``NumbersError`` for one that breaks a rule.
    """

    code: str
    version: str
    title: str
    recall: str
    prompt: str
    validated: bool
    direction: Direction
    licence: str
    source: str
    code_system: str
    loinc_panel: str | None
    loinc_total: str | None
    item9_link_id: str | None
    proration: Proration | None
    items: tuple[Item, ...]
    bands: tuple[Band, ...] = ()
    triage: tuple[TriageRule, ...] = ()
    option_lists: tuple[OptionList, ...] = ()
    clinic_texts: bool = False
    link_ids: tuple[str, ...] = field(init=False)
    scored_items: tuple[Item, ...] = field(init=False)

    @property
    def worse(self) -> int:
        """The sign of a change for the worse: 1 where a higher total is worse, else -1."""
        return 1 if self.direction == "lower_is_better" else -1

    def __post_init__(self) -> None:
        lists = {one.name: one for one in self.option_lists}
        if len(lists) < len(self.option_lists):
            raise NumbersError("has one name twice", "option_lists")
        items = tuple(_with_options(n, item, lists) for n, item in enumerate(self.items))
        # Worked out once: every answer asks for them.
        object.__setattr__(self, "items", items)
        object.__setattr__(self, "link_ids", tuple(item.link_id for item in items))
        object.__setattr__(self, "scored_items", tuple(item for item in items if item.scored))
        for check in (_items, _options, _branches, _bands, _triage, _proration, _item9, _codes):
            for path, problem in check(self):
                raise NumbersError(problem, path)


LIFETIME_CSSRS: Final = "cssrs-screener"
CSSRS_FORMS: Final = (LIFETIME_CSSRS, "cssrs-since-last-contact")
"""What asks about suicide: the lifetime form, and once it is on file, what is new since."""
BEHAVIOUR: Final = "q6"
"""Ever, in the lifetime form; in the other since the last time."""


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


def with_texts(instrument: Instrument, texts: Mapping[str, str]) -> Instrument:
    """The instrument with a clinic's own wording by link id (C-SSRS, whose text we do not ship).

    Raises `ValueError` when the instrument's wording is fixed, a link id is unknown or a text is
    blank. Codes, options and rules stay as they are; with all texts it is the validated form.
    """
    if texts and not instrument.clinic_texts:
        raise ValueError(f"the wording of {instrument.code} is fixed")
    if not texts.keys() <= set(instrument.link_ids):
        raise ValueError(f"a text is for a link id that {instrument.code} does not have")
    if not all(text.strip() for text in texts.values()):
        raise ValueError("a text is blank")
    items = (replace(item, text=texts.get(item.link_id, item.text)) for item in instrument.items)
    whole = texts.keys() == set(instrument.link_ids)
    return replace(instrument, items=tuple(items), validated=instrument.validated or whole)


def _with_options(n: int, item: Item, lists: Mapping[str, OptionList]) -> Item:
    if item.option_list is None:
        return item
    if item.option_list not in lists:
        raise NumbersError("names no option list", f"items[{n}].option_list")
    named = lists[item.option_list]
    return replace(item, options=named.options, options_loinc=named.loinc)


def _items(instrument: Instrument) -> Iterator[Problem]:
    published = []
    for n, item in enumerate(instrument.items):
        matched = _LINK_ID.fullmatch(item.link_id)
        if matched is None:
            yield f"items[{n}].link_id", "must look like q1 or q6b"
        else:
            published.append((int(matched[1]), matched[2]))
    if len(set(published)) != len(published):
        yield "items", "a link id is used twice"
    numbers = [number for number, suffix in published if not suffix]
    if published != sorted(published) or numbers != list(range(1, len(numbers) + 1)):
        yield "items", "must stand in the published order q1, q2 ... without a gap"
    if not instrument.scored_items:
        yield "items", "none is scored"


def _options(instrument: Instrument) -> Iterator[Problem]:
    for n, item in enumerate(instrument.items):
        values = [option.value for option in item.options]
        if len(values) <= 1:
            yield f"items[{n}].options", "needs two options or more"
        elif values != list(range(values[0], values[0] + len(values))):
            yield f"items[{n}].options", "values must rise by one"
        elif len({option.label for option in item.options}) != len(values):
            yield f"items[{n}].options", "a label is used twice"


def _branches(instrument: Instrument) -> Iterator[Problem]:
    earlier: set[str] = set()
    for n, item in enumerate(instrument.items):
        field = f"items[{n}].asked_when"
        if item.asked_when is not None:
            if not earlier.issuperset(item.asked_when.link_ids):
                yield f"{field}.link_ids", "may name earlier items only"
            if item.scored and not instrument.triage:
                # A summed item that may be skipped would make "complete" ambiguous.
                yield field, "a summed item cannot branch"
        earlier.add(item.link_id)


def _bands(instrument: Instrument) -> Iterator[Problem]:
    if not instrument.bands:
        return
    lowest, highest = _range(instrument.scored_items)
    expected = lowest
    for n, band in enumerate(instrument.bands):
        if band.low != expected:
            yield f"bands[{n}].low", f"must be {expected}: bands leave no gap and do not overlap"
        if band.high < band.low:
            yield f"bands[{n}].high", "is below low"
        expected = band.high + 1
    if expected != highest + 1:
        yield "bands", f"must end at the highest total {highest}"
    if len({band.name for band in instrument.bands}) != len(instrument.bands):
        yield "bands", "a name is used twice"


def _range(items: Iterable[Item]) -> tuple[int, int]:
    found = list(items)
    return sum(item.lowest for item in found), sum(item.highest for item in found)


def _triage(instrument: Instrument) -> Iterator[Problem]:
    if not instrument.triage:
        return
    if tuple(rule.level for rule in instrument.triage) != TRIAGE_LEVELS:
        yield "triage", "levels must be high, moderate, low in this order"
    if instrument.bands:
        yield "bands", "triage is by rule and never by sum"
    named = [link_id for rule in instrument.triage for link_id in rule.any_yes]
    if sorted(named) != sorted(instrument.link_ids):
        yield "triage", "must name each item exactly once"
    if any((item.lowest, item.highest) != (0, 1) for item in instrument.items):
        yield "items", "triage items are answered 0 or 1"


def _proration(instrument: Instrument) -> Iterator[Problem]:
    if instrument.proration is not None:
        if instrument.triage:
            yield "proration", "triage is by rule and never by sum"
        if not 1 <= instrument.proration.min_answered <= len(instrument.scored_items):
            yield "proration.min_answered", "must be between 1 and the number of scored items"


def _item9(instrument: Instrument) -> Iterator[Problem]:
    scored = {item.link_id for item in instrument.scored_items}
    if instrument.item9_link_id is not None and instrument.item9_link_id not in scored:
        yield "item9_link_id", "names no scored item"


def _codes(instrument: Instrument) -> Iterator[Problem]:
    """LOINC names the published text and its recall window: an adaptation may not carry it."""
    codes = [instrument.loinc_panel, instrument.loinc_total]
    for item in instrument.items:
        codes += [item.loinc, item.options_loinc, *(option.loinc for option in item.options)]
    given = any(code is not None for code in codes)
    if given != (instrument.code_system == LOINC_SYSTEM):
        yield "code_system", f"must be {LOINC_SYSTEM} exactly when LOINC codes are given"
    item_codes = [item.loinc for item in instrument.items if item.loinc is not None]
    if len(set(item_codes)) != len(item_codes):
        yield "items", "a LOINC code is used twice"
