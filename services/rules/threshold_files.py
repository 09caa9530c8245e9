"""Reads files of clinical thresholds: versioned TOML, every value with its source.

A file has a `version` and tables of `name = { value, unit, source }`. A rule asks for its table as
a frozen dataclass; a name too many or too few, a value of the wrong kind or an absent source is an
error when the rules load, never a surprise while an answer is being decided.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, get_type_hints

T = TypeVar("T")

DATA = Path(__file__).parent / "data"


class ThresholdError(ValueError):
    """A threshold file that must not be used; the message names the file and the field."""


@dataclass(frozen=True, slots=True)
class ThresholdFile:
    """One file that was read: its version, and the tables by name."""

    name: str
    version: str
    tables: Mapping[str, Mapping[str, object]]

    def table(self, section: str, wanted: type[T]) -> T:
        """Return a table as the dataclass `wanted`, whose fields are the names of the values.

        Values must be positive numbers, whole where the field is an `int`. Raises ThresholdError.
        """
        entries = self.tables.get(section)
        if not isinstance(entries, dict):
            raise ThresholdError(f"{self.name}: table {section} is missing")
        kinds = get_type_hints(wanted)
        if entries.keys() != kinds.keys():
            wrong = sorted(entries.keys() ^ kinds.keys())
            raise ThresholdError(f"{self.name}: {section}: missing or unknown: {', '.join(wrong)}")
        return wanted(
            **{
                key: self._value(f"{section}.{key}", entry, kinds[key] is int)
                for key, entry in entries.items()
            }
        )

    def _value(self, field: str, entry: object, is_whole: bool) -> int | float:
        if not isinstance(entry, dict) or entry.keys() != {"value", "unit", "source"}:
            raise ThresholdError(f"{self.name}: {field} needs a value, a unit and a source")
        if not str(entry["source"]).strip():
            raise ThresholdError(f"{self.name}: {field} has no source")
        value: object = entry["value"]
        # bool is a subclass of int: a limit of `true` must not pass for 1.
        if isinstance(value, bool) or not isinstance(value, int if is_whole else int | float):
            raise ThresholdError(f"{self.name}: {field} must be a number, whole where it counts")
        if not value > 0:
            raise ThresholdError(f"{self.name}: {field} must be positive")
        return value


def read_thresholds(path: Path) -> ThresholdFile:
    """Read one file. Raises ThresholdError when it is not TOML or has no version."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ThresholdError(f"{path.name}: is not TOML in UTF-8: {error}") from error
    version = content.pop("version", None)
    if not isinstance(version, str) or not version.strip():
        raise ThresholdError(f"{path.name}: version is missing")
    return ThresholdFile(path.name, version, content)
