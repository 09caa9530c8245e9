"""S7: crisis terms in notes (clinical.md 5.1). All languages always apply; a note only ever raises.

Whether a "no" or another person stands with a term is decided by a small published method, NegEx
(Chapman 2001) with ConText (Harkema 2009), within bounds: a cue lowers by one tier at most, and
where two cues stand none counts. Findings are term ids such as `en:kill-myself` and places in the
note; its words are never kept here.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from operator import itemgetter
from typing import Annotated, Final, Literal

from services.rules.decision import Tier, highest
from services.rules.numbers import DATA, Between, read
from services.rules.phrases import NoteText, Phrases, Span, Spelling, phrase
from services.rules.words import split

Kind = Literal["wish", "thought", "method", "self_harm", "intent", "preparation", "act", "overdose"]


@dataclass(frozen=True, slots=True)
class Term:
    """One meaning in its phrases (see `phrase`). Raises ``NumbersError`` for one that has none."""

    id: str
    kind: Kind
    phrases: tuple[str, ...]

    def __post_init__(self) -> None:
        for text in self.phrases:
            phrase(text)


@dataclass(frozen=True, slots=True)
class NoteTerms:
    """The terms of one language."""

    language: str
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class RealWords:
    """By language: words that are one letter from a term's and mean something else."""

    languages: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class NoteNumbers:
    """How a note is read. `reach` and `gap` in words, `least_letters` of a word that may be
    misspelt; the rest are kinds of term, and phrases: see `data/notes.toml`.
    """

    reach: Annotated[int, Between(1, 10)]
    gap: Annotated[int, Between(1, 5)]
    least_letters: Annotated[int, Between(5, 10)]
    pages_at_once: frozenset[Kind]
    may_fall_to_nothing: frozenset[Kind]
    negations: tuple[str, ...]
    negations_after: tuple[str, ...]
    others: tuple[str, ...]
    no_cues: tuple[str, ...]
    selves: frozenset[str]
    stops: frozenset[str]
    times: tuple[str, ...]

    def __post_init__(self) -> None:
        for text in chain(self.negations, self.negations_after, self.others, self.no_cues):
            phrase(text)
        for text in self.times:
            phrase(text)


@dataclass(frozen=True, slots=True)
class Found:
    """A term in a note, from letter `start` to before `end`.

    `is_lowered`: a "no" or another person stands with it; `is_timed`: a time does.
    """

    term: str
    kind: Kind
    start: int
    end: int
    is_lowered: bool
    is_timed: bool

    def tier(self, *, nothing_is_negated: bool = False) -> Tier | None:
        """How urgent it is; None: a match that is kept and opens nothing."""
        pages = self.is_timed or self.kind in NOTES.pages_at_once
        if nothing_is_negated or not self.is_lowered:
            return Tier.HIGH if pages else Tier.MEDIUM
        is_nothing = not pages and self.kind in NOTES.may_fall_to_nothing
        return None if is_nothing else Tier.MEDIUM


def find_terms(note: str | None) -> tuple[Found, ...]:
    """All terms in a note in the order of their places, none for no note."""
    text = note or ""
    ways = [split(text)] if text.isascii() else [split(text), split(text, pictures_part=False)]
    found = {one for words in ways for one in _terms(NoteText(words, SPELLING, NOTES.gap))}
    return tuple(sorted(found, key=lambda one: (one.start, one.end, one.term)))


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a note as it was written; `matched`: a crisis term was found there."""

    text: str
    matched: bool


def marked(text: str) -> tuple[Part, ...]:
    """The note in pieces, in order and whole, those in which a term was found marked."""
    is_found = bytearray(len(text))
    for one in find_terms(text):
        is_found[one.start : one.end] = b"\1" * (one.end - one.start)
    return tuple(
        Part("".join(char for char, _ in piece), bool(is_match))
        for is_match, piece in groupby(zip(text, is_found, strict=True), lambda each: each[1])
    )


def note_tier(found: Sequence[Found], *, nothing_is_negated: bool = False) -> Tier | None:
    """The most urgent of them; None when there is none, or none that stands."""
    return highest(one.tier(nothing_is_negated=nothing_is_negated) for one in found)


def _terms(reading: NoteText) -> Iterator[Found]:
    """Each term, with what stands near it."""
    words, spans = reading.words, reading.spans(TERMS, CLOSED)
    if not spans:
        return
    clauses = _clauses(reading)
    cues = _Cues.of(_apart(reading.spans(CUES)), clauses)
    times = _Times.of(span for _, span in reading.spans(TIMES))
    for term, (start, end) in spans:
        yield Found(
            term=term,
            kind=KINDS[term],
            start=words[start].start,
            end=words[end - 1].end,
            is_lowered=_is_lowered((start, end), cues, reading),
            is_timed=any(_is_near((start, end), time, clauses) for time in times.about(start, end)),
        )


def _clauses(reading: NoteText) -> list[int]:
    """The number of the clause that each word stands in."""
    numbers, number = [], 0
    for word in reading.words:
        number += word.after_stop or word.text in NOTES.stops
        numbers.append(number)
    return numbers


def _apart(found: list[tuple[str, Span]]) -> dict[Span, set[str]]:
    """Each cue with its kinds; of those that overlap the longest: "not sure" is no "not"."""
    cues: dict[Span, set[str]] = {}
    reached = 0
    for name, span in sorted(found, key=lambda one: (one[1][0], -one[1][1])):
        if span[0] >= reached or span in cues:
            cues.setdefault(span, set()).add(name)
            reached = span[1]
    return cues


@dataclass(frozen=True, slots=True)
class _Cues:
    """The cues of a note by the clause in which they end and begin, in order: a note of cues alone
    costs no more than another one.
    """

    kinds: Mapping[Span, set[str]]
    clauses: list[int]
    ending: Mapping[int, list[Span]]
    beginning: Mapping[int, list[Span]]

    @classmethod
    def of(cls, kinds: Mapping[Span, set[str]], clauses: list[int]) -> _Cues:
        ending, beginning = defaultdict(list), defaultdict(list)
        for cue in kinds:
            ending[clauses[cue[1] - 1]].append(cue)
            beginning[clauses[cue[0]]].append(cue)
        return cls(kinds, clauses, ending, beginning)

    def before(self, term: Span) -> list[Span]:
        """Those of the term's clause that end before it: two at most, more do not count."""
        found = self.ending.get(self.clauses[term[0]], [])
        last = bisect_right(found, term[0], key=itemgetter(1))
        return found[max(0, last - 2) : last]

    def after(self, term: Span) -> list[Span]:
        """Those of the term's clause that begin after it: two at most."""
        found = self.beginning.get(self.clauses[term[1] - 1], [])
        first = bisect_left(found, term[1], key=itemgetter(0))
        return found[first : first + 2]


@dataclass(frozen=True, slots=True)
class _Times:
    """The times of a note in order, and the words of the longest."""

    spans: list[Span]
    longest: int

    @classmethod
    def of(cls, spans: Iterable[Span]) -> _Times:
        found = sorted(spans)
        return cls(found, max((end - start for start, end in found), default=0))

    def about(self, start: int, end: int) -> list[Span]:
        """All that can be within reach of a term, and few beyond."""
        first = bisect_left(self.spans, start - NOTES.reach - self.longest, key=itemgetter(0))
        last = bisect_right(self.spans, end + NOTES.reach, key=itemgetter(0))
        return self.spans[first:last]


def _is_lowered(term: Span, cues: _Cues, reading: NoteText) -> bool:
    """Whether exactly one cue stands in its clause, within reach, and applies to it."""
    before, after = cues.before(term), cues.after(term)
    if len(before) + len(after) != 1:
        return False
    cue = (before or after)[0]
    if _distance(term, cue) > NOTES.reach:
        return False
    about_self = any(word.text in NOTES.selves for word in reading.words[slice(*term)])
    return ("negations" if before else "negations_after") in cues.kinds[cue] or (
        "others" in cues.kinds[cue] and not about_self
    )


def _is_near(term: Span, time: Span, clauses: list[int]) -> bool:
    """In the same clause and within reach, or right beside it ("I want to die. Tonight.")."""
    distance = _distance(term, time)
    same = not {clauses[at] for at in range(*term)}.isdisjoint(clauses[at] for at in range(*time))
    return distance <= 1 or (same and distance <= NOTES.reach)


def _distance(one: Span, other: Span) -> int:
    """How many words on the nearest end of the other stands; 0 or less where they overlap."""
    return max(other[0] - one[1], one[0] - other[1]) + 1


NOTES: Final = read(DATA / "notes.toml", NoteNumbers)
LANGUAGES: Final = tuple(
    read(path, NoteTerms) for path in sorted((DATA / "note_terms").glob("*.toml"))
)
_ALL: Final = [(f"{each.language}:{term.id}", term) for each in LANGUAGES for term in each.terms]
KINDS: Final[Mapping[str, Kind]] = {name: term.kind for name, term in _ALL}
TERMS: Final = Phrases(((name, text) for name, term in _ALL for text in term.phrases), whole=True)
CUES: Final = Phrases(
    (name, text)
    for name in ("negations", "negations_after", "others", "no_cues")
    for text in getattr(NOTES, name)
)
TIMES: Final = Phrases(("time", text) for text in NOTES.times)
CLOSED: Final = frozenset(
    word for text in NOTES.negations for slot in phrase(text)[:1] for word in slot.words
)
_REAL: Final = read(DATA / "note_spelling.toml", RealWords)
SPELLING: Final = Spelling(
    (
        word
        for each in LANGUAGES
        if each.language in _REAL.languages
        for term in each.terms
        for text in term.phrases
        for slot in phrase(text)
        for word in slot.words
    ),
    chain.from_iterable(_REAL.languages.values()),
    NOTES.least_letters,
)
