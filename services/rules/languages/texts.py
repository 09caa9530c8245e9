"""The words that a patient reads, one file a language in `data/texts`; English is the measure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from string import Formatter
from types import MappingProxyType
from typing import Final

from services.rules.numbers import DATA, NumbersError, read

_DAYS_A_WEEK: Final = 7
Filled = tuple[str, str | None, str | None]


@dataclass(frozen=True, slots=True)
class CardTexts:
    """The sentences of cards and notices; a name in braces is filled in."""

    emergency_services: str
    local_services: str
    local_number: str
    opening_crisis: str
    opening_support: str
    danger: str
    no_answer: str
    last_checked: str
    not_checked: str
    clinic: str
    helplines: str
    bodily_emergency: str
    bodily_severe: str
    measure_again: str
    not_received: str
    unknown: str
    no_longer_read: str
    alerted: str
    alert_received: str
    stored: str
    alert_only: str
    alert_goes: str
    no_hours: str
    nobody_before: str
    all_hours: str
    staffed_until: str
    notes_unwatched: str
    in_an_emergency: str
    talk_now: str
    clinic_phone: str
    english_only: str
    weekdays: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.weekdays) != _DAYS_A_WEEK:
            raise NumbersError("needs seven days, Monday first", "weekdays")


@dataclass(frozen=True, slots=True)
class FormTexts:
    """The words of one form: items by link id, labels in the order of the list of options."""

    title: str
    recall: str
    prompt: str
    items: Mapping[str, str]
    options: Mapping[str, tuple[str, ...]]

    def plain(self) -> dict[str, object]:
        """As nested mappings."""
        words = {"title": self.title, "recall": self.recall, "prompt": self.prompt}
        options = {name: list(labels) for name, labels in self.options.items()}
        return {**words, "items": dict(self.items), "options": options}


@dataclass(frozen=True, slots=True)
class Texts:
    """One language. What it has no label or form for is shown in English. `app`: the words of the
    reference phone and of its reminders; `letters`: of letters by mail; both by their names.
    """

    language: str
    name: str
    version: str
    card: CardTexts
    app: Mapping[str, str]
    letters: Mapping[str, str]
    effect_labels: Mapping[str, str] = field(default_factory=dict)
    grade_labels: Mapping[str, str] = field(default_factory=dict)
    form_texts: Mapping[str, FormTexts] = field(default_factory=dict)


def read_texts(folder: Path = DATA / "texts") -> Mapping[str, Texts]:
    """Every language by its code, English first. Raises `NumbersError`, also for a sentence that
    would be filled with anything else than the English one.
    """
    found = {path.stem: read(path, Texts) for path in sorted(folder.glob("*.toml"))}
    english = found["en"]
    for code, texts in found.items():
        if texts.language != code:
            raise NumbersError("must be the name of the file", "language", f"{code}.toml")
        _check(texts, english, f"{code}.toml")
    return MappingProxyType({"en": english} | found)


def _check(texts: Texts, english: Texts, file: str) -> None:
    own, others = _sentences(texts), _sentences(english)
    for place in sorted(own.keys() ^ others.keys()):
        raise NumbersError("is missing" if place in others else "is no English one", place, file)
    for place, text in own.items():
        if _filled(text) != _filled(others[place]):
            raise NumbersError("has other names in braces than the English one", place, file)


def _sentences(texts: Texts) -> dict[str, str]:
    """What may be filled in, by where it stands."""
    card = {f"card.{one.name}": getattr(texts.card, one.name) for one in fields(CardTexts)}
    app = {f"app.{name}": text for name, text in texts.app.items()}
    letters = {f"letters.{name}": text for name, text in texts.letters.items()}
    every = card | app | letters
    return {place: text for place, text in every.items() if isinstance(text, str)}


def _filled(text: str) -> set[Filled]:
    """With how each is to be written: `{number:d}` would break the card, and not the start."""
    parts = Formatter().parse(text)
    return {(name, form, conversion) for _, name, form, conversion in parts if name is not None}


TEXTS: Final = read_texts()
ENGLISH: Final = TEXTS["en"]
