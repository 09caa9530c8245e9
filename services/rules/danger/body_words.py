"""What names an item, a value, an instrument, an effect: `data/refused_bodies.toml` as patterns.

All look at plain text (`body_text.plain`). Every repetition is bounded, so that reading is linear.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from services.rules.instruments.definition import instrument
from services.rules.numbers import DATA, read
from services.rules.side_effects.coded_list import SIDE_EFFECTS
from services.rules.side_effects.report import LIFE_THREATENING


@dataclass(frozen=True, slots=True)
class RefusedWords:
    """The words; what each list is for stands beside it in the TOML."""

    version: str
    families: Mapping[str, str]
    instrument_keys: tuple[str, ...]
    item_words: tuple[str, ...]
    item9_names: tuple[str, ...]
    cssrs_links: tuple[str, ...]
    value_words: tuple[str, ...]
    answer_keys: tuple[str, ...]
    id_words: tuple[str, ...]
    note_keys: tuple[str, ...]
    prose_keys: tuple[str, ...]
    yes_words: tuple[str, ...]
    number_words: tuple[str, ...]
    grade_words: tuple[str, ...]


WORDS: Final = read(DATA / "refused_bodies.toml", RefusedWords)

PHQ: Final = "phq"
CSSRS: Final = "cssrs"
_PHQ9: Final = instrument("phq9")
ITEM9_LINK: Final = "q9"
_ITEM9: Final = next(item for item in _PHQ9.items if item.link_id == ITEM9_LINK)


def _any(words: Iterable[str]) -> str:
    """One of the words, the longest first; their parts joined by any or no sign."""
    in_order = sorted(words, key=len, reverse=True)
    return "(?:" + "|".join(re.sub(r"[ _\-]+", r"[\\W_]{0,2}", word) for word in in_order) + ")"


def _options() -> Iterator[tuple[str, int]]:
    """The words and LOINC codes of the answers of item 9, and the words of their numbers."""
    yield from ((word, value) for value, word in enumerate(WORDS.number_words))
    for option in _ITEM9.options:
        for worded in (option.label, option.loinc or option.label):
            yield worded.lower(), option.value


_OPTIONS: Final = {re.sub(r"[\W_]", "", words): value for words, value in _options()}
_WORDED: Final = _any([words for words, _ in _options()])
_YES: Final = _any(WORDS.yes_words)
# What stands between a key and what it is about: no letters, no digits, no end of an object.
_GAP: Final = r"[^a-z0-9}]{1,60}"
_ENDS: Final = r"(?![a-z0-9])"
_STARTS: Final = r"(?<![a-z0-9])(?<!</)"
_JOINED: Final = r"[\"'\\\s\])_]{0,12}[:=>,;\[({�\x02][^a-z0-9]{0,40}"
_NUMBER: Final = (
    r"(?<![-.0-9])\+?0{0,400}(?P<number>[0-9]{1,3})(?:[.,][0-9]{0,9})?(?:e\+?0)?" + _ENDS
)
# As a value of its own: an "i" elsewhere is a type, a tag, a word.
_ROMAN: Final = (
    r"(?:(?<=[\"'>=\n�])|(?<=: )|\A)(?P<roman>i{1,3})(?![\"']\s{0,9}:)(?=[\"'<&,;}\r\n�]|\Z)"
)
_ANSWER: Final = rf"(?:{_NUMBER}|(?P<yes>{_YES}){_ENDS}|(?P<worded>{_WORDED}){_ENDS}|{_ROMAN})"
_NUMBERED: Final = r"0{0,2}(?P<%s>[0-9]{1,2}(?:_?b)?)" + _ENDS

ITEM: Final = re.compile(
    rf"{_STARTS}(?:b(?=q[0-9]b?[\x01-\x03a]))?(?:"
    rf"{_any(WORDS.item_words)}[_\- ]?{_NUMBERED % 'word'}"
    rf"|(?:phq[_-]?9[_.\- ]|c[_-]?ssrs[_.\-])(?:daily[_.\-])?{_NUMBERED % 'prefixed'}"
    rf"|{_any(WORDS.id_words)}[\"'\\]{{0,4}}\s{{0,4}}[:=]\s{{0,4}}[\"'\\]{{0,4}}"
    rf"{_NUMBERED % 'pointed'}(?![.:\-])"
    rf"|(?P<named>{_any([*WORDS.item9_names, _ITEM9.loinc or ITEM9_LINK])}){_ENDS})"
    rf"|(?<=[\"']){_NUMBERED % 'key'}(?=[\"']\s{{0,4}}[:=])"
)
AFTER: Final = re.compile(
    rf"(?P<gap>{_GAP})(?P<words>(?:{_any(WORDS.value_words)}{_GAP}){{0,20}}){_ANSWER}"
)
"""The answer behind an item's name; without `words` between, the gap has to join the two."""
FURTHER_BEHIND: Final = re.compile(
    r"(?:(?!(?<![a-z0-9])[0-9]{5}-[0-9](?![0-9])|resource_type)[\s\S]){0,1200}?"
    r"(?<![a-z])value_(?:integer|decimal|string|quantity|codeable_concept|coding|boolean)"
    rf"{_GAP}(?:{_any(WORDS.value_words)}{_GAP}){{0,20}}{_ANSWER}"
)
"""The value of an observation whose code names the item, with anything between the two but
another code.
"""
JOINER: Final = re.compile(r"[:=>,;|\[({�\n\t]")
PACKED: Final = re.compile(r"\x02(?P<digit>[0-9])|(?P<small>[\x01-\x03])|[�a](?P<text>[1-3])")
"""An answer right behind the key, as binary JSON (BSON, MessagePack, CBOR) writes it."""
BEFORE: Final = re.compile(
    rf"{_any(WORDS.value_words)}[^a-z0-9{{}}<>]{{1,10}}(?:{_ANSWER}|null)(?: - {_WORDED})?"
    rf"[\s,;\"'\\]{{1,24}}{_any(WORDS.id_words)}[^a-z0-9{{}}<>]{{1,10}}(?:[a-z0-9]{{1,20}}[._/\[]){{0,2}}\Z"
)
"""The answer in front of the key that names its item."""
CELL: Final = re.compile(
    rf"[^a-z0-9\-]{{0,60}}(?:{_any(WORDS.value_words)}{_GAP})?{_ANSWER}(?:\W{{1,5}}{_WORDED})?[^a-z0-9]*"
)
ONLY_NAMED: Final = re.compile(rf"[^a-z0-9]*(?:{_any(WORDS.value_words)}[^a-z0-9]*)?")
BETWEEN_NAMES: Final = re.compile(r"[ ,;\t\r\n\"'\\]+(?:[a-z0-9]{1,20}[._/\[]){0,2}")
PREFIX: Final = re.compile(r"([a-z][a-z0-9-]{1,20})[_.\-\[:/]\Z")

_FAMILY: Final = _any(WORDS.families)
NAME: Final = re.compile(
    rf"(?<![a-z])(?<!</){_any(WORDS.instrument_keys)}(?:_?(?:code|id|name|type|key|url|slug))?"
    rf"{_JOINED}(?:(?:code|id|value|name|reference|url|identifier|string|type|xsi|xsd|coding|display)"
    rf"{_GAP}){{0,4}}(?![a-z_]{{1,30}}\s?[:=](?!//))"
    rf"(?=(?P<declared>[a-z0-9][a-z0-9 _./:#|\-]{{0,120}}))"
    rf"|{_STARTS}(?P<holder>{_FAMILY})[a-z0-9_\-]{{0,12}}[\"'\\]{{0,4}}\s{{0,9}}[:>]\s{{0,9}}[{{\[<]"
)
FAMILY_IN: Final = re.compile(rf"(?<![a-z])({_FAMILY})")
_PROSE: Final = _any([*WORDS.note_keys, *WORDS.prose_keys])
PROSE: Final = re.compile(
    rf"(?P<key>(?<![a-z]){_PROSE}(?:[\"'\\]{{0,4}}\s{{0,9}}[:=]\s{{0,9}}|\s{{1,9}}value=|>)"
    rf"(?:\\{{0,4}}(?P<quote>[\"'])|(?<=>)))(?!{_WORDED})(?=[^\W\d_])"
    rf"(?:(?!(?P=quote))[^<\s]){{0,40}}\s(?:(?!(?P=quote))[^<]){{0,400}}(?=(?P=quote)|<)"
)
"""A sentence in quotes or in an element: it stands between an item and its answer."""

_ELEMENT: Final = re.compile(r"<[a-z][^<>=]{0,80}\s[^<>]{1,2000}>")
_ATTRIBUTE: Final = re.compile(
    r"\s{1,9}(?P<name>[a-z_][a-z0-9_:.\-]{0,60})\s{0,4}=\s{0,4}(?:\"[^\"]{0,400}\"|'[^']{0,400}')"
)

HELP: Final = re.compile(
    rf"(?:(?<![a-z])(?:type|kind|event|action){_JOINED}|<)help[_\- ]?request(?![a-z])"
    r"|(?<=[\"'])help[_\- ]?request[\"']\s{0,9}:\s{0,9}[\"']?[{t1]"
)
_NONE: Final = rf"(?:0(?![0-9])|false|null|no|none){_ENDS}"
EFFECT: Final = re.compile(
    rf"[\"'<\[=:>�]\s{{0,3}}(?P<code>{_any(SIDE_EFFECTS.emergency_codes)})(?![a-z0-9_ ])"
    rf"(?![^a-z0-9}}]{{1,9}}(?:{_any([*WORDS.grade_words, 'value'])}[^a-z0-9}}]{{1,9}})?{_NONE})"
)
GRADE: Final = re.compile(
    rf"(?<![a-z]){_any(WORDS.grade_words)}(?P<gap>{_GAP})(?:{_any(WORDS.value_words)}{_GAP}){{0,4}}"
    rf"0{{0,9}}{LIFE_THREATENING}(?![0-9a-z])"
)


def option_value(text: str) -> int | None:
    """The number of an answer of item 9 that is worded in words or as a LOINC code; else None."""
    return _OPTIONS.get(re.sub(r"[\W_]", "", text[:64]))


def without_attributes(text: str) -> str:
    """The text with nothing in an element that names an item but that name and its answer."""
    return _ELEMENT.sub(_bare, text) if "<" in text else text


def _bare(element: re.Match[str]) -> str:
    whole = element[0]
    if ITEM.search(whole) is None:
        return whole
    is_item = ITEM.match(whole, 1) is not None
    return _ATTRIBUTE.sub(lambda found: found[0] if _says(found, is_item) else "", whole)


def _says(attribute: re.Match[str], is_item: bool) -> bool:
    """Whether it names the item, where the element does not, or holds its answer."""
    first = attribute["name"].rpartition(":")[2].split("_")[0]
    named = not is_item and ITEM.search(attribute[0]) is not None
    return named or first in WORDS.answer_keys or first in WORDS.instrument_keys


def answer_of(found: re.Match[str]) -> int | None:
    """The whole number that an `AFTER`, `BEFORE` or `CELL` match says; None for a `null`."""
    if found["number"]:
        return int(found["number"])
    if found["worded"]:
        return option_value(found["worded"])
    if found["roman"]:
        return len(found["roman"])
    return 1 if found["yes"] else None


def family_of(name: str | None) -> str | None:
    """The family of the instrument that a name or an address names, however it is written."""
    found = FAMILY_IN.search("" if name is None else name[:128].lower())
    return None if found is None else _family(found[1])


def _family(word: str) -> str:
    return WORDS.families.get(word) or WORDS.families[re.sub(r"[\W_]+", "_", word)]
