"""What a patient is treated for, as whoever entered it wrote it: one catalogue for all who ask."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final, Literal

from services.rules.numbers import DATA, read_versions
from services.rules.phrases import NoteText, Phrases, Spelling
from services.rules.words import split

Indicated = Literal["bipolar", "suicidal_ideation", "anxiety", "ptsd", "depression", "other"]
_AS_WRITTEN: Final = Spelling((), (), least=1)


@dataclass(frozen=True, slots=True)
class IndicationKind:
    """The names, abbreviations and codes of one kind, as phrases (see `phrases`)."""

    id: Indicated
    phrases: tuple[str, ...]


@dataclass(frozen=True)
class Indications:
    """One version of the catalogue."""

    version: str
    in_force_from: datetime
    kinds: tuple[IndicationKind, ...]

    @cached_property
    def _phrases(self) -> Phrases:
        return Phrases((kind.id, text) for kind in self.kinds for text in kind.phrases)

    def kinds_in(self, indications: Iterable[str]) -> frozenset[str]:
        """The kinds that any of the texts names; one text may name several."""
        return frozenset(kind for text in indications for kind in self._named(text))

    def unknown(self, indications: Iterable[str]) -> tuple[str, ...]:
        """The texts that name none: no rule and no form follows from them."""
        return tuple(text for text in indications if not self._named(text))

    def _named(self, text: str) -> set[str]:
        spans = NoteText(split(text), _AS_WRITTEN, gap=0).spans(self._phrases)
        return {kind for kind, _ in spans}


INDICATIONS: Final = read_versions(DATA / "indications", Indications)
