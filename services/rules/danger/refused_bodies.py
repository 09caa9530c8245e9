"""What danger can be read in a request that is refused (contract, "A refusal never hides danger").

One tolerant reader: a name of an item near a value that can be read as an answer, in whatever
encoding and shape a client library gave the body. A body that is JSON is read form by form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

from services.rules.catalogue import ITEM9_HIGHEST
from services.rules.danger import body_words as words
from services.rules.danger.body_forms import forms_of
from services.rules.danger.body_text import decoded, is_noise, opened, plain
from services.rules.danger.body_words import CSSRS, ITEM9_LINK, PHQ, WORDS, answer_of, family_of
from services.rules.danger.numbers import RULES
from services.rules.decision import Decision, Tier
from services.rules.side_effects.coded_list import SIDE_EFFECTS
from services.rules.side_effects.report import LIFE_THREATENING, joined

_NEAR: Final = 1_200
_LAST_LINK_OF_PHQ: Final = 10
_CSSRS_ONLY: Final = "q6b"
_ROWS: Final = 50
_LIST: Final = re.compile(r"[\[(]([^\[\]()]{3,900})[\])]")
_ELEMENT: Final = re.compile(r"\{[^{}]{0,90}\}|\"[^\"]{0,60}\"|'[^']{0,60}'|[^,;\s\"'{}]{1,30}")


@dataclass(frozen=True, slots=True)
class Danger:
    """`found`: link ids and values such as `q9=2`, `q4=1`, `help_request`, `effect=chest_pain` or
    `grade=4`; never other text.

    `tier`: of the danger to the patient by themselves: high when all that is found of it is an
    item 9 of 1, else critical; None when there is none. `is_emergency`: a bodily one (rule E1).
    """

    tier: Tier | None
    found: tuple[str, ...]
    is_emergency: bool = False


def find_danger(body: bytes, instrument: str | None = None) -> Danger | None:
    """The danger that can be read in `body`, None when there is none. Never raises.

    `instrument`: the code of the form that the address names (an amendment's body names none).
    """
    family = family_of(instrument)
    risk: set[str] = set()
    bodily: set[str] = set()
    for form in forms_of(decoded(opened(body))):
        text = words.without_attributes(words.PROSE.sub(r"\g<key>", plain(form)))
        if is_noise(text):
            continue
        risk |= _risk(text, family)
        bodily.update(_emergencies(text))
    if not risk and not bodily:
        return None
    below = {f"{ITEM9_LINK}={n}" for n in range(RULES.item9_critical_from)}
    tier = None if not risk else Tier.HIGH if risk <= below else Tier.CRITICAL
    return Danger(tier, tuple(sorted(risk | bodily)), is_emergency=bool(bodily))


def found_emergency(danger: Danger) -> Decision:
    """E1, on what was read of a refused report."""
    worded = [one.partition("=") for one in danger.found]
    return Decision.with_tier(
        rule="E1",
        rule_version=SIDE_EFFECTS.version,
        tier=Tier.CRITICAL if danger.is_emergency else None,
        inputs={
            "codes": joined(value for kind, _, value in worded if kind == "effect"),
            "grade": max(
                (int(value) for kind, _, value in worded if kind == "grade"), default=None
            ),
        },
    )


def _risk(text: str, family: str | None) -> set[str]:
    readings = [*_readings(text), *_listed(text)]
    found = set(_counted(text, readings, family))
    return found | {"help_request" for _ in words.HELP.finditer(text)}


class ItemAnswer(NamedTuple):
    """An answer near the name of an item: where, which, what; the family in its name."""

    at: int
    link: str
    value: int
    family: str | None = None


def _readings(text: str) -> Iterator[ItemAnswer]:
    """Every item that is named, with the answer behind it or in front of it."""
    named = list(words.ITEM.finditer(text))
    edges = [0, *(found.end() for found in named)]
    follows = [*(found.start() for found in named[1:]), len(text)]
    for found, before, after in zip(named, edges, follows, strict=False):
        value = _value(text[max(before, found.start() - 90) : found.start()], found, text, after)
        if value is not None:
            prefix = words.PREFIX.search(text, max(0, found.start() - 24), found.start())
            own = family_of(prefix[1]) if prefix else family_of(found[0])
            yield ItemAnswer(found.start(), _link(found), value, own)


def _link(found: re.Match[str]) -> str:
    if found["named"]:
        return ITEM9_LINK
    number = found["word"] or found["prefixed"] or found["pointed"] or found["key"]
    return "q" + number.replace("_", "").lstrip("0")


def _value(before: str, found: re.Match[str], text: str, end: int) -> int | None:
    """The answer, looked for no further than the next item's name."""
    if packed := words.PACKED.match(text, found.end(), end):
        return int(packed["digit"] or packed["text"] or ord(packed["small"]))
    if ahead := words.BEFORE.search(before):
        return answer_of(ahead)
    behind = words.AFTER.match(text, found.end(), min(end, found.end() + _NEAR))
    if behind is None and (found["named"] or "")[:1].isdigit():
        behind = words.FURTHER_BEHIND.match(text, found.end(), found.end() + 2 * _NEAR)
        return None if behind is None else answer_of(behind)
    if behind is None or _ends_a_list_of_names(before, behind["gap"]):
        return None
    joins = words.JOINER.search(behind["gap"]) and not found["pointed"]
    return answer_of(behind) if behind["words"] or joins else None


def _ends_a_list_of_names(before: str, gap: str) -> bool:
    """Nothing but signs since the name before, and the list or line ends: what follows answers the
    first of them.
    """
    ends = gap.lstrip("\"' ")[:1] in ("\r", "\n", "]", ")")
    return ends and words.BETWEEN_NAMES.fullmatch(before) is not None


def _listed(text: str) -> Iterator[ItemAnswer]:
    """Answers that stand in a list or a row by themselves, in the order of the items or of a list
    or row of their names.
    """
    links: list[str] | None = None
    for found in _LIST.finditer(text):
        elements = _ELEMENT.findall(found[1])
        names = [_name_in(element) for element in elements]
        if sum(name is not None for name in names) > 1:
            links = [name or "" for name in names]
            continue
        values = [_cell(element) for element in elements]
        if links is None or len(links) != len(values):
            yield from _in_order(found.start(), elements, values)
        else:
            yield from _placed(found.start(), links, values)
    yield from _rows(text)


def _rows(text: str) -> Iterator[ItemAnswer]:
    """A table: its first line names the items."""
    head, _, rest = text[: 4 * _NEAR].lstrip().partition("\n")
    sign = next((sign for sign in "\t;," if sign in head), None)
    if sign is None:
        return
    links = [_name_in(cell) or "" for cell in head.split(sign)]
    if any(links):
        for row in rest.split("\n")[:_ROWS]:
            cells = row.split(sign)
            declared = next((name for name in map(family_of, cells) if name), None)
            placed = _placed(0, links, [_cell(cell) for cell in cells])
            yield from (one._replace(family=declared) for one in placed)


def _placed(at: int, links: list[str], values: list[int | None]) -> Iterator[ItemAnswer]:
    for link, value in zip(links, values, strict=False):
        if link and value is not None:
            yield ItemAnswer(at, link, value)


def _in_order(at: int, elements: list[str], values: list[int | None]) -> Iterator[ItemAnswer]:
    """Nine or ten answers are a PHQ-9, seven a C-SSRS (which its form has to say by name)."""
    highest = max((value for value in values if value is not None), default=ITEM9_HIGHEST + 1)
    plain_ones = all(
        value is not None or element.strip("\"'") in ("null", "none", "declined", "")
        for element, value in zip(elements, values, strict=True)
    )
    if not plain_ones or highest > ITEM9_HIGHEST:
        return
    if len(values) in (_LAST_LINK_OF_PHQ - 1, _LAST_LINK_OF_PHQ):
        links = [f"q{n}" for n in range(1, len(values) + 1)]
        yield from (one for one in _placed(at, links, values) if one.link == ITEM9_LINK)
    elif len(values) in (6, 7):
        links = ["q1", "q2", *WORDS.cssrs_links]
        yield from (one for one in _placed(at, links, values) if one.link != _CSSRS_ONLY)


def _name_in(element: str) -> str | None:
    found = words.ITEM.search(element)
    if found is None or not words.ONLY_NAMED.fullmatch(element, found.end()):
        return None
    return _link(found)


def _cell(element: str) -> int | None:
    found = words.CELL.fullmatch(element)
    return None if found is None else answer_of(found)


def _counted(text: str, readings: list[ItemAnswer], family: str | None) -> Iterator[str]:
    """Those that are danger in the form to which they belong."""
    names = [(found.start(), _declared(found)) for found in words.NAME.finditer(text)]
    has_cssrs_only = any(one.link == _CSSRS_ONLY for one in readings)
    is_longer = _is_longer_form(readings)
    for link in (ITEM9_LINK, *WORDS.cssrs_links):
        mine = sorted(one for one in readings if one.link == link)
        for one, around in zip(mine, _around(mine, names), strict=True):
            declared = {one.family} if one.family else {name for name in around if name}
            if not names and not declared and family:
                declared = {family}
            if link == ITEM9_LINK:
                counts = PHQ in declared or (not declared and not is_longer)
                is_danger = RULES.item9_positive_from <= one.value <= ITEM9_HIGHEST
            else:
                counts = CSSRS in declared or (
                    has_cssrs_only and (not declared or link == _CSSRS_ONLY)
                )
                is_danger = one.value == 1
            if counts and is_danger:
                yield f"{link}={one.value}"


def _declared(found: re.Match[str]) -> str | None:
    return family_of(found["declared"] or found["holder"])


def _around(
    mine: list[ItemAnswer], names: list[tuple[int, str | None]]
) -> Iterator[list[str | None]]:
    """The names that an answer of one item may belong to: between it and the one before, or, in
    forms that name themselves at their end, the one behind.
    """
    ends = [-1, *(one.at for one in mine), float("inf")]
    comes_first = bool(names and mine and names[0][0] < mine[0].at)
    spans = list(pairwise(ends))
    for span in spans[:-1] if comes_first else spans[1:]:
        yield [name for at, name in names if span[0] < at < span[1]]


def _is_longer_form(readings: list[ItemAnswer]) -> bool:
    """A form without a name that goes on behind the PHQ-9's last item, and has one item 9."""
    numbers = [one.link[1:] for one in readings]
    beyond = {n for n in numbers if n.isdigit() and int(n) > _LAST_LINK_OF_PHQ}
    return len(beyond) > 1 and numbers.count(ITEM9_LINK[1:]) == 1


def _emergencies(text: str) -> Iterator[str]:
    for found in words.EFFECT.finditer(text):
        yield f"effect={re.sub(r'[^a-z]+', '_', found['code'])}"
    if words.GRADE.search(text):
        yield f"grade={LIFE_THREATENING}"
