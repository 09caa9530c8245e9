"""The list of side effects that can be reported, and the lay words of their grades.

Both are read from `data/side_effects/`; a file with a fault is refused whole, so that no code
can lose its place on the emergency list by a slip of the pen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from services.rules.numbers import DATA, NumbersError, read_versions

Group = Literal[
    "acute", "circulation", "mood", "urinary", "long_term", "emergency", "event", "other"
]
Valence = Literal["adverse", "mixed", "pleasant"]

# CTCAE v5 grades that a patient picks; 5 (death) is the clinician's alone and never accepted.
GRADES_ASKED: Final = (1, 2, 3, 4)


@dataclass(frozen=True, slots=True)
class SideEffect:
    """One code. `emergency`: E1 pages at any grade; `acute`: E5 watches that it goes away."""

    code: str
    label: str
    group: Group
    valence: Valence
    source: str
    emergency: bool = False
    acute: bool = False

    def __post_init__(self) -> None:
        if self.emergency != (self.group == "emergency"):
            raise NumbersError("must stand exactly on the group emergency", "emergency")


@dataclass(frozen=True, slots=True)
class Grade:
    """One CTCAE grade in lay words."""

    grade: int
    label: str


@dataclass(frozen=True, slots=True)
class SideEffectList:
    """One version of the list: effects by code in the order shown, lay words by grade (1-4)."""

    version: str
    in_force_from: datetime
    effects: Mapping[str, SideEffect]
    grades: Mapping[int, Grade]

    def __post_init__(self) -> None:
        if tuple(self.grades) != GRADES_ASKED:
            raise NumbersError("must be 1, 2, 3 and 4 in this order (5 is never asked)", "grades")

    @property
    def emergency_codes(self) -> frozenset[str]:
        """The codes on which E1 fires at any grade."""
        return frozenset(code for code, effect in self.effects.items() if effect.emergency)

    @property
    def acute_codes(self) -> frozenset[str]:
        """The codes that should be gone within a day of the session (E5)."""
        return frozenset(code for code, effect in self.effects.items() if effect.acute)


SIDE_EFFECT_LISTS: Final = read_versions(DATA / "side_effects", SideEffectList)
SIDE_EFFECTS: Final = SIDE_EFFECT_LISTS.newest
