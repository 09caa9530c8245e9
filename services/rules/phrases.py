"""Phrases of the data, and where they stand in a note: also joined, misspelt or drawn out."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

from services.rules.numbers import NumbersError
from services.rules.words import Word, fold

GAP: Final = ".."
_WHOLE: Final = 8  # letters of a phrase that is also found typed as one word

Readings = frozenset[str]
Span = tuple[int, int]
"""The first word and the one after the last."""


@dataclass(frozen=True, slots=True)
class Slot:
    """What may stand at one place of a phrase; neither words nor beginnings: a gap."""

    words: frozenset[str] = frozenset()
    beginnings: tuple[str, ...] = ()

    @property
    def is_gap(self) -> bool:
        return not (self.words or self.beginnings)

    def takes(self, readings: Readings) -> bool:
        """Whether one of the readings of a word fits."""
        return not self.words.isdisjoint(readings) or any(
            one.startswith(self.beginnings) for one in readings if self.beginnings
        )


Phrase = tuple[Slot, ...]


def phrase(text: str) -> Phrase:
    """Read a phrase: `a/b` is either word, `a*` any word that begins so, `..` a few words or none.

    Raises ``NumbersError`` when nothing of a word is left once it is folded, and for a phrase that
    begins or ends with a gap.
    """
    slots = tuple(_slot(part) for part in text.split())
    if not slots or slots[0].is_gap or slots[-1].is_gap:
        raise NumbersError("a phrase begins and ends with a word", "phrases")
    return slots


def _slot(part: str) -> Slot:
    if part == GAP:
        return Slot()
    either = [(fold(one), one.endswith("*")) for one in part.split("/")]
    if not all(folded and " " not in folded for folded, _ in either):
        raise NumbersError(f"{part} is not one word", "phrases")
    words = frozenset(folded for folded, is_open in either if not is_open)
    return Slot(words, tuple(folded for folded, is_open in either if is_open))


class Phrases:
    """Named phrases by the words that they may begin with."""

    def __init__(self, texts: Iterable[tuple[str, str]], *, whole: bool = False) -> None:
        self._by_word: dict[str, list[tuple[str, Phrase]]] = defaultdict(list)
        self._open: list[tuple[str, Phrase]] = []
        for name, text in texts:
            slots = phrase(text)
            self._add(name, slots)
            if whole and all(slot.words and not slot.beginnings for slot in slots):
                joined = ("".join(words) for words in product(*(slot.words for slot in slots)))
                long = frozenset(word for word in joined if len(word) >= _WHOLE)
                self._add(name, (Slot(long),))

    def _add(self, name: str, slots: Phrase) -> None:
        for word in slots[0].words:
            self._by_word[word].append((name, slots))
        if slots[0].beginnings:
            self._open.append((name, slots))

    def beginning(self, readings: Readings) -> list[tuple[str, Phrase]]:
        """Those whose first word is one of these readings."""
        exact = [one for word in readings for one in self._by_word.get(word, ())]
        return exact + [one for one in self._open if one[1][0].takes(readings)]


class Spelling:
    """What a word may be meant as: itself, a word of a term that is one letter away (left out, too
    many, another, or two swapped), or one whose letters were drawn out.

    `words`: those of the terms; of `least` letters and more they may be misspelt. `real`: words
    that mean something else.
    """

    def __init__(self, words: Iterable[str], real: Iterable[str], least: int) -> None:
        self._words = frozenset(words)
        self._kept = self._words | frozenset(real)
        self._near: dict[str, set[str]] = defaultdict(set)
        self._drawn_out: dict[str, set[str]] = defaultdict(set)
        for word in self._words:
            self._drawn_out[_once(word)].add(word)
            if len(word) >= least:
                for slip in (word, *_shorter(word), *_other(word), *_swapped(word)):
                    self._near[slip].add(word)
        self._longest = max(map(len, self._near), default=0)

    def readings(self, text: str) -> Readings:
        """The word itself, and the words of terms that it may be meant as."""
        if text in self._kept:
            return frozenset((text,))
        found: set[str] = set()
        # Longer ones are nobody's slip, and the slips of a word are as long together as its square.
        if len(text) <= self._longest + 1:
            slips = (text, *_other(text))
            found |= {word for slip in slips for word in self._near.get(slip, ())}
            # A letter too many: the whole word, not one that is itself a slip away.
            found |= {one for one in _shorter(text) if one in self._near.get(one, ())}
        if re.search(r"(.)\1\1", text):
            found |= self._drawn_out.get(_once(text), set())
        return frozenset((text, *found))


def _shorter(word: str) -> list[str]:
    return [word[:at] + word[at + 1 :] for at in range(len(word))]


def _other(word: str) -> list[str]:
    return [f"{word[:at]}?{word[at + 1 :]}" for at in range(len(word))]


def _swapped(word: str) -> list[str]:
    return [word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1)]


def _once(word: str) -> str:
    return re.sub(r"(.)\1+", r"\1", word)


class NoteText:
    """A note parted into words, with what may be meant by each; `gap` in words."""

    def __init__(self, words: Sequence[Word], spelling: Spelling, gap: int) -> None:
        self.words, self._gap = words, gap
        self._meant = {text: spelling.readings(text) for text in {word.text for word in words}}

    def spans(self, phrases: Phrases, closed: Readings = frozenset()) -> list[tuple[str, Span]]:
        """Each place of each phrase; no gap reaches over a stop or a word of `closed`."""
        begun = {text: phrases.beginning(meant) for text, meant in self._meant.items()}
        return [
            (name, (at, end))
            for at, word in enumerate(self.words)
            for name, slots in begun[word.text]
            if (end := self._end(slots[1:], at + 1, closed)) is not None
        ]

    def _end(self, slots: Phrase, at: int, closed: Readings) -> int | None:
        """Where the rest of a phrase ends that goes on at a word; None when it does not."""
        if not slots:
            return at
        if not slots[0].is_gap:
            fits = at < len(self.words) and slots[0].takes(self._meant[self.words[at].text])
            return self._end(slots[1:], at + 1, closed) if fits else None
        for skipped in range(at, min(at + self._gap, len(self.words)) + 1):
            end = self._end(slots[1:], skipped, closed)
            if end is not None or skipped == len(self.words):
                return end
            if self.words[skipped].after_stop or self.words[skipped].text in closed:
                break
        return None
