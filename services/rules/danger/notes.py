"""S7: crisis terms in notes. All languages always apply; a note only ever raises (clinical.md 5.1).

The search knows no grammar: "I do not want to die" is found as well, on purpose. Findings are term
ids such as `en:kill-myself`; the note itself is never returned or kept here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Final

from services.rules.numbers import DATA, NumbersError, read

_LATIN_MARKS = range(0x0300, 0x0370)
_NUKTA, _CHANDRABINDU, _ANUSVARA = "\u093c", "\u0901", "\u0902"
_APOSTROPHES = "'’‘ʼ`´′"
_NO_APOSTROPHES = str.maketrans("", "", _APOSTROPHES)
_DROPPED = frozenset(_APOSTROPHES + _NUKTA)


def fold(text: str) -> str:
    """Lower case, no accents, no apostrophes, words parted by single blanks.

    Devanagari keeps its vowel signs; nukta is dropped and chandrabindu read as anusvara, since
    people leave them out when they type.
    """
    kept = []
    bare = text.translate(_NO_APOSTROPHES)  # first: NFKD turns some of them into blanks
    for char in unicodedata.normalize("NFKD", bare).casefold().replace(_CHANDRABINDU, _ANUSVARA):
        kind = unicodedata.category(char)
        if ord(char) in _LATIN_MARKS or kind == "Cf" or char in _DROPPED:
            continue
        kept.append(char if kind[0] in "LMN" else " ")
    return " ".join("".join(kept).split())


@dataclass(frozen=True, slots=True)
class Term:
    """One meaning in its phrases; one that ends in `*` also matches longer last words.

    Raises ``NumbersError`` when nothing of a phrase is left once it is folded.
    """

    id: str
    phrases: tuple[str, ...]

    def __post_init__(self) -> None:
        if not all(fold(phrase) for phrase in self.phrases):
            raise NumbersError("a phrase has no word", "phrases")

    def pattern(self) -> re.Pattern[str]:
        """What finds it in a folded text: whole words."""
        parts = [
            re.escape(fold(phrase)) + (r"\S*" if phrase.endswith("*") else r"(?!\S)")
            for phrase in self.phrases
        ]
        return re.compile(r"(?<!\S)(?:" + "|".join(parts) + ")")


@dataclass(frozen=True, slots=True)
class NoteTerms:
    """The terms of one language."""

    language: str
    terms: tuple[Term, ...]


def find_terms(text: str | None) -> tuple[str, ...]:
    """The ids of all terms in a note, none (false) for no note."""
    folded = fold(text or "")
    return tuple(name for name, pattern in PATTERNS if pattern.search(folded))


LANGUAGES: Final = tuple(
    read(path, NoteTerms) for path in sorted((DATA / "note_terms").glob("*.toml"))
)
PATTERNS: Final = tuple(
    (f"{each.language}:{term.id}", term.pattern()) for each in LANGUAGES for term in each.terms
)


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a note as it was written; `matched`: a crisis term was found there."""

    text: str
    matched: bool


def marked(text: str) -> tuple[Part, ...]:
    """The note in pieces, in order and whole, those in which a term was found marked."""
    folded, places = _with_places(text)
    found = bytearray(len(text) + 1)
    for _, pattern in PATTERNS:
        for match in pattern.finditer(folded):
            start, end = places[match.start()], places[match.end() - 1] + 1
            while end < len(text) and _folded(text[end]) == "":
                end += 1  # an accent that was typed after its letter
            found[start:end] = b"\1" * (end - start)
    return tuple(
        Part("".join(char for char, _ in piece), bool(is_match))
        for is_match, piece in groupby(zip(text, found, strict=False), lambda each: each[1])
    )


@lru_cache(4096)
def _folded(char: str) -> str:
    """What one character becomes between two words' letters: itself folded, a blank, or nothing."""
    return fold(f"a{char}a")[1:-1]


def _with_places(text: str) -> tuple[str, list[int]]:
    """The folded text, and where in the text each of its characters comes from."""
    kept: list[tuple[str, int]] = []
    for letter, place in _letters(text):
        if letter != " " or (kept and kept[-1][0] != " "):
            kept.append((letter, place))
    return "".join(letter for letter, _ in kept).rstrip(), [place for _, place in kept]


def _letters(text: str) -> Iterator[tuple[str, int]]:
    for place, char in enumerate(text):
        for letter in _folded(char):
            yield letter, place
