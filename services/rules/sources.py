"""List every clinical value with what it rests on, for the printed page of the rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from services.rules.numbers import DATA, NumbersError, load


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a file as written: a number with its unit, or a row with its own source.

    `file` is relative to the folder of the files; `path` is the place in it (`items[0].low`);
    `value` of a row is the row without its tables, and its `unit` is empty.
    """

    file: str
    path: str
    value: object
    unit: str
    basis: str
    source: str


def all_values(folder: Path = DATA) -> Iterator[Value]:
    """Yield every value of every file below a folder, by file and in the order of the file.

    Raises `NumbersError` for a file that is not TOML; what else may be wrong is not looked at.
    """
    for path in sorted(folder.rglob("*.toml")):
        yield from _values(load(path), path.relative_to(folder).as_posix())


@lru_cache
def values_at(place: str) -> tuple[Value, ...]:
    """Return the values of a file, or of one table in it: `triage.toml`, `vital_signs.toml:e2`.

    A file may be a pattern: of all files (`note_terms/*.toml`), or of a file that is kept in
    versions, of which the newest is meant (`measures/*.toml`). Raises `NumbersError` where there
    is none.
    """
    file, _, table = place.partition(":")
    files = [(path, load(path)) for path in sorted(DATA.glob(file))]
    versions = [one for one in files if "in_force_from" in one[1]]
    newest = sorted(versions, key=lambda one: one[1]["in_force_from"])[-1:]
    found = (
        value
        for path, content in newest or files
        for value in _values(content, path.relative_to(DATA).as_posix())
        if not table or value.path == table or value.path.startswith(f"{table}.")
    )
    values = tuple(found)
    if not values:
        raise NumbersError("has no values", table, file)
    return values


def _values(table: Mapping[str, Any], file: str, path: str = "") -> Iterator[Value]:
    is_value = table.keys() >= {"value", "unit"}
    below = {} if is_value else {name: one for name, one in table.items() if _holds_tables(one)}
    if "source" in table:
        apart = {"source", "basis"} | below.keys()
        row = {name: one for name, one in table.items() if name not in apart}
        value, unit = (table["value"], table["unit"]) if is_value else (row, "")
        yield Value(file, path, value, unit, table.get("basis", ""), table["source"])
    for name, one in below.items():
        at = f"{path}.{name}" if path else name
        if isinstance(one, Mapping):
            yield from _values(one, file, at)
        else:
            for index, row in enumerate(one):
                yield from _values(row, file, f"{at}[{index}]")


def _holds_tables(one: object) -> bool:
    is_rows = isinstance(one, list) and any(isinstance(row, Mapping) for row in one)
    return is_rows or isinstance(one, Mapping)
