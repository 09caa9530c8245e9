"""The words of a note as a person would read them: however they are cased, accented or pulled
apart, with what stands between them.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from typing import Final

_LATIN_MARKS = range(0x0300, 0x0370)
_VARIATION_SELECTORS = range(0xFE00, 0xFE10)
_NUKTA, _CHANDRABINDU, _ANUSVARA = "\u093c", "\u0901", "\u0902"
_IGNORED = frozenset("'’‘ʼ`´′" + _NUKTA)
_STOPS = frozenset('.,;:!?()[]\n\r–—…。、！？।¿¡"“”„«»')
_LETTERS_OF_A_WORD: Final = 3  # so many single letters in a row are one word, typed apart


@dataclass(frozen=True, slots=True)
class Word:
    """One word: folded, where it stands in the note, and whether a stop stands before it."""

    text: str
    start: int
    end: int
    after_stop: bool


def fold(text: str) -> str:
    """Lower case, no accents, no apostrophes, words parted by single blanks.

    Devanagari keeps its vowel signs; nukta is dropped and chandrabindu read as anusvara, since
    people leave them out when they type.
    """
    return " ".join(word.text for word in split(text))


def split(note: str, *, pictures_part: bool = True) -> list[Word]:
    """The words of a note; with `pictures_part` false, a picture within a word is no gap."""
    words: list[Word] = []
    letters, start, stopped = "", 0, False
    for at, char in enumerate([*note, " "]):
        read = _read(char, pictures_part)
        if read:
            start = start if letters else at
            letters += read
        if read == "" and letters:
            words.append(Word(letters, start, at, stopped))
            letters, stopped = "", False
        stopped = stopped or char in _STOPS
    return _joined(words)


@lru_cache(4096)
def _read(char: str, pictures_part: bool) -> str | None:
    """Its letters; empty: it parts words; None: as if it were not there."""
    if char in _IGNORED:
        return None
    folded = unicodedata.normalize("NFKD", char).casefold().replace(_CHANDRABINDU, _ANUSVARA)
    # Folding may give marks of its own: once more, so that folding twice changes nothing.
    kept = [one for one in unicodedata.normalize("NFKD", folded) if not _is_dropped(one)]
    if not kept:
        return None
    kinds = {unicodedata.category(one)[0] for one in kept}
    if kinds <= set("LMN"):
        return "".join(kept)
    return None if kinds == {"S"} and not pictures_part else ""


def _is_dropped(char: str) -> bool:
    is_mark = ord(char) in _LATIN_MARKS or ord(char) in _VARIATION_SELECTORS
    return is_mark or char in _IGNORED or unicodedata.category(char) == "Cf"


def _joined(words: list[Word]) -> list[Word]:
    """Single letters in a row ("k.i.l.l") as the one word that they spell."""
    found: list[Word] = []
    for is_letter, run in groupby(words, lambda word: len(word.text) == 1):
        row = list(run)
        if is_letter and len(row) >= _LETTERS_OF_A_WORD:
            whole = "".join(word.text for word in row)
            row = [replace(row[0], text=whole, end=row[-1].end)]
        found += row
    return found
