"""S7: crisis terms in notes. All languages always apply; a note only ever raises (clinical.md 5.1).

The search knows no grammar: "I do not want to die" is found as well, on purpose. Findings are term
ids such as `en:kill-myself`; the note itself is never returned or kept here.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_LATIN_MARKS = range(0x0300, 0x0370)
_NUKTA, _CHANDRABINDU, _ANUSVARA = "\u093c", "\u0901", "\u0902"
_APOSTROPHES = "'’‘ʼ`´′"
_NO_APOSTROPHES = str.maketrans("", "", _APOSTROPHES)
_DROPPED = frozenset(_APOSTROPHES + _NUKTA)


class NoteTermsError(ValueError):
    """A term file lacks a field, or a phrase is empty once it is folded."""


@dataclass(frozen=True, slots=True)
class Terms:
    """One language's terms: id -> what matches it in a folded text."""

    patterns: tuple[tuple[str, re.Pattern[str]], ...]


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


def parse_terms(text: str) -> Terms:
    """The terms of one TOML file; raises `NoteTermsError`."""
    try:
        data = tomllib.loads(text)
        language = data["language"]
        rows = [(f"{language}:{term['id']}", term["phrases"]) for term in data["terms"]]
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise NoteTermsError(f"not a term file: {error}") from error
    return Terms(tuple((name, _pattern(name, phrases)) for name, phrases in rows))


def _pattern(name: str, phrases: Iterable[str]) -> re.Pattern[str]:
    """Whole words; a phrase that ends in `*` also matches longer last words."""
    parts = [
        re.escape(fold(phrase)) + (r"\S*" if phrase.endswith("*") else r"(?!\S)")
        for phrase in phrases
        if fold(phrase)
    ]
    if not parts:
        raise NoteTermsError(f"{name}: no phrases")
    return re.compile(r"(?<!\S)(?:" + "|".join(parts) + ")")


def find_terms(text: str | None) -> tuple[str, ...]:
    """The ids of all terms in a note, none (false) for no note."""
    folded = fold(text or "")
    return tuple(
        name for terms in TERMS for name, pattern in terms.patterns if pattern.search(folded)
    )


TERMS = tuple(
    parse_terms(path.read_text("utf-8"))
    for path in sorted((Path(__file__).parent.parent / "data" / "note_terms").glob("*.toml"))
)
