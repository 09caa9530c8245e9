"""What an instrument is: plain frozen values, filled from `data/instruments/*.toml`."""

from __future__ import annotations

from dataclasses import dataclass


class InstrumentError(ValueError):
    """An instrument file breaks a rule; says which file and which field, never guesses."""

    def __init__(self, file: str, field: str, problem: str) -> None:
        super().__init__(f"{file}: {field}: {problem}")
        self.file = file
        self.field = field


class UnknownInstrument(LookupError):
    """No instrument has this code. The code itself is not repeated: a client may send anything."""


@dataclass(frozen=True, slots=True)
class Option:
    """One permitted answer: an integer `value` and what the person reads."""

    value: int
    label: str
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
    """One question. `scored` is false for an item outside the total (PHQ-9 q10)."""

    link_id: str
    text: str
    options: tuple[Option, ...]
    options_loinc: str | None
    loinc: str | None
    scored: bool
    asked_when: AskedWhen | None

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
    low: int
    high: int
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
    """One version of a questionnaire. Either its items are summed, or `triage` decides."""

    code: str
    version: str
    title: str
    recall: str
    prompt: str
    validated: bool
    licence: str
    source: str
    code_system: str
    loinc_panel: str | None
    loinc_total: str | None
    item9_link_id: str | None
    clinic_texts: bool
    items: tuple[Item, ...]
    bands: tuple[Band, ...]
    triage: tuple[TriageRule, ...]
    proration: Proration | None

    @property
    def link_ids(self) -> tuple[str, ...]:
        return tuple(item.link_id for item in self.items)

    @property
    def scored_items(self) -> tuple[Item, ...]:
        return tuple(item for item in self.items if item.scored)
