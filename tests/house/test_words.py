"""The words of the field: one name for one thing, and no private vocabulary (docs/glossary.md)."""

from __future__ import annotations

import ast
import re
from collections import defaultdict

import pytest

from tests.house.tree import (
    EVERYTHING,
    PRODUCT,
    PROJECT,
    identifiers,
    modules,
    name,
    parsed,
    text,
    words_of,
)

# Word -> what it stood for; the glossary has the field's.
PRIVATE = {
    "said": "reported, answers, alert history",
    "told": "recalled, details, shown",
    "spoken": "reported",
    "heard": "risk answer, contact",
    "unheard": "missed follow-up",
    "held": "suppressed, open, locked, stored",
    "desk": "state",
    "errand": "background task",
    "errands": "background tasks",
    "bell": "wake-up",
    "bells": "wake-ups",
    "ear": "listener",
    "together": "one statement",
}
PRIVATE_PHRASES = {"made_certain": "retry unknown outcome", "set_off": "store entry"}
A_PERSON = re.compile(r"\b(she|hers?|herself)\b", re.IGNORECASE)


def private_words(identifier: str) -> list[str]:
    """The private words that an identifier is made of."""
    words = words_of(identifier)
    phrases = [each for each in PRIVATE_PHRASES if f"_{each}_" in f"_{'_'.join(words)}_"]
    return [*sorted(PRIVATE.keys() & set(words)), *phrases]


@pytest.mark.parametrize(
    ("identifier", "found"),
    [
        ("said", ["said"]),
        ("load_said", ["said"]),
        ("HeldOccurrence", ["held"]),
        ("set_off", ["set_off"]),
        ("is_set_offline", []),
        ("year", []),
        ("placeholder", []),
        ("shield", []),
    ],
)
def test_a_private_word_is_found_whole(identifier: str, found: list[str]):
    assert private_words(identifier) == found


def test_identifiers_are_words_of_the_field():
    private = sorted(
        f"{name(path)}: {identifier}"
        for path in modules(*EVERYTHING)
        for identifier in identifiers(path)
        if private_words(identifier)
    )
    assert private == []


def test_no_class_has_the_name_of_another():
    places: dict[str, list[str]] = defaultdict(list)
    for path in modules(*PRODUCT):
        for node in parsed(path).body:
            if isinstance(node, ast.ClassDef):
                places[node.name].append(name(path))
    assert {word: where for word, where in places.items() if len(where) > 1} == {}


def test_patients_and_staff_are_they():
    templates = sorted((PROJECT / "api").glob("*/templates/**/*.html"))
    found = [
        f"{name(path)}:{number} {match[0]}"
        for path in [*modules(*PRODUCT, "tools", "benchmarks", "migrations"), *templates]
        for number, line in enumerate(text(path).splitlines(), 1)
        for match in A_PERSON.finditer(line)
    ]
    assert found == []
