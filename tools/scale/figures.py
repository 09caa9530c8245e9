"""The figures of `figures.toml`: what was measured, what is assumed, what is the reader's."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(__file__).parent / "figures.toml"


@dataclass(frozen=True, slots=True)
class Measured:
    """One figure; without `value` and `date` nobody has measured it yet."""

    unit: str
    what: str
    how: str
    value: float | None = None
    date: date | None = None

    def __post_init__(self) -> None:
        if (self.value is None) != (self.date is None):
            raise ValueError(f"a figure has its day, and none has none: {self.what}")


@dataclass(frozen=True, slots=True)
class Assumed:
    """A figure that nobody has measured here, and why it is what it is."""

    what: str
    value: float
    why: str


@dataclass(frozen=True, slots=True)
class Figures:
    """All of them. `machine` and `settings` are as in the file."""

    measured_on: str
    measured: Mapping[str, Measured]
    assumed: Mapping[str, Assumed]
    machine: Mapping[str, Any]
    settings: Mapping[str, float]

    def of(self, name: str) -> float | None:
        """What was measured, None when nothing was; raises `KeyError`."""
        return self.measured[name].value

    def known(self, name: str) -> float:
        """What was measured; raises `ValueError` when nothing was."""
        value = self.of(name)
        if value is None:
            raise ValueError(f"the page cannot be computed without {name}")
        return value

    def a(self, name: str) -> float:
        """What is assumed; raises `KeyError`."""
        return self.assumed[name].value


def load(file: Path = FILE) -> Figures:
    """Read the file; raises `TypeError` for a field that nobody knows."""
    found = tomllib.loads(file.read_text(encoding="utf-8"))
    return Figures(
        measured_on=found["measured_on"],
        measured={name: Measured(**one) for name, one in found["measured"].items()},
        assumed={name: Assumed(**one) for name, one in found["assumed"].items()},
        machine=found["machine"],
        settings=found["settings"],
    )
