"""The list of side effects that can be reported, and the lay words of their grades.

Both are read from `data/side_effects.toml`; a file with a fault is refused whole, so that no code
can lose its place on the emergency list by a slip of the pen.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, cast, get_args

from services.rules.instruments.definition import InstrumentError
from services.rules.instruments.toml_table import Table
from services.rules.threshold_files import DATA

Group = Literal[
    "acute", "circulation", "mood", "urinary", "long_term", "emergency", "event", "other"
]
Valence = Literal["adverse", "mixed", "pleasant"]

# CTCAE v5 grades that a patient picks; 5 (death) is the clinician's alone and never accepted.
GRADES_ASKED: Final = (1, 2, 3, 4)


class SideEffectsError(ValueError):
    """A list that must not be used; the message names the file and the field."""


@dataclass(frozen=True, slots=True)
class SideEffect:
    """One code. `emergency`: E1 pages at any grade; `acute`: E5 watches that it goes away."""

    code: str
    label: str
    group: Group
    valence: Valence
    emergency: bool
    acute: bool
    source: str


@dataclass(frozen=True, slots=True)
class SideEffectList:
    """One version of the list: effects by code in the order shown, lay words by grade (1-4)."""

    version: str
    effects: Mapping[str, SideEffect]
    grades: Mapping[int, str]

    @property
    def emergency_codes(self) -> frozenset[str]:
        """The codes on which E1 fires at any grade."""
        return frozenset(code for code, effect in self.effects.items() if effect.emergency)

    @property
    def acute_codes(self) -> frozenset[str]:
        """The codes that should be gone within a day of the session (E5)."""
        return frozenset(code for code, effect in self.effects.items() if effect.acute)


def read_side_effects(path: Path = DATA / "side_effects.toml") -> SideEffectList:
    """Read one version of the list. Raises SideEffectsError."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        return _list_of(Table(content, path.name))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SideEffectsError(f"{path.name}: is not TOML in UTF-8: {error}") from error
    except InstrumentError as error:
        raise SideEffectsError(str(error)) from error


def _list_of(table: Table) -> SideEffectList:
    version = table.text("version")
    grades = [_grade(row) for row in table.tables("grades")]
    if tuple(grade for grade, _ in grades) != GRADES_ASKED:
        raise table.error("grades", "must be 1, 2, 3 and 4 in this order (5 is never asked)")
    rows = [_effect(row) for row in table.tables("effects")]
    table.finish()
    effects = {effect.code: effect for effect in rows}
    if not rows or len(effects) != len(rows):
        raise table.error("effects", "must have at least one code, each once")
    return SideEffectList(version, MappingProxyType(effects), MappingProxyType(dict(grades)))


def _grade(row: Table) -> tuple[int, str]:
    found = row.whole("grade"), row.text("label")
    row.text("source")
    row.finish()
    return found


def _effect(row: Table) -> SideEffect:
    effect = SideEffect(
        code=row.text("code"),
        label=row.text("label"),
        group=cast(Group, _one_of(row, "group", get_args(Group))),
        valence=cast(Valence, _one_of(row, "valence", get_args(Valence))),
        emergency=row.flag("emergency", default=False),
        acute=row.flag("acute", default=False),
        source=row.text("source"),
    )
    row.finish()
    if effect.emergency != (effect.group == "emergency"):
        raise row.error("emergency", "must stand exactly on the group emergency")
    return effect


def _one_of(row: Table, key: str, allowed: tuple[str, ...]) -> str:
    word = row.text(key)
    if word not in allowed:
        raise row.error(key, f"must be one of {', '.join(allowed)}")
    return word


SIDE_EFFECTS: Final = read_side_effects()

# In the order in which they are shown.
CODES: Final[tuple[str, ...]] = tuple(SIDE_EFFECTS.effects)
