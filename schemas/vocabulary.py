"""What the fields of the wire mean, in words, and what they may look like: `vocabulary.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(__file__).with_suffix(".toml")
WORDS: Final[dict[str, list[Any]]] = tomllib.loads(FILE.read_text("utf-8"))
# Before the name of a parameter of an address.
PARAMETER: Final = "?"


@dataclass(frozen=True, slots=True)
class Meaning:
    """`example`: None where any value of the type shows enough."""

    words: str | None = None
    example: Any = None


def meaning(name: str, *owners: str) -> Meaning:
    """Of a field: as an owner (a schema and those it is made from) says it, else as all do."""
    for key in (*(f"{owner}.{name}" for owner in owners), name):
        if key in WORDS:
            return Meaning(*WORDS[key])
    return Meaning()


def meaning_of_parameter(name: str) -> Meaning:
    """Of a part of an address."""
    return meaning(f"{PARAMETER}{name}") if f"{PARAMETER}{name}" in WORDS else meaning(name)
