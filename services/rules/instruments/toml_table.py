"""A TOML table that is read key by key, so that a missing, mistyped or unknown key is an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from services.rules.instruments.definition import InstrumentError

T = TypeVar("T")


class Table:
    """One table of an instrument file; every reader raises `InstrumentError` with the field."""

    def __init__(self, values: Mapping[str, object], file: str, path: str = "") -> None:
        self._left = dict(values)
        self._file = file
        self._path = path

    def error(self, key: str, problem: str) -> InstrumentError:
        return InstrumentError(self._file, self._path + key, problem)

    def text(self, key: str) -> str:
        value = self._take(key, str, "a text")
        if not value.strip():
            raise self.error(key, "is blank")
        return value

    def optional_text(self, key: str) -> str | None:
        return self.text(key) if key in self._left else None

    def whole(self, key: str) -> int:
        return self._take(key, int, "a whole number")

    def flag(self, key: str, default: bool | None = None) -> bool:
        if default is not None and key not in self._left:
            return default
        return self._take(key, bool, "true or false")

    def texts(self, key: str) -> tuple[str, ...]:
        values = self._take(key, list, "a list of texts")
        if not values or not all(isinstance(value, str) for value in values):
            raise self.error(key, "must be a list of texts that is not empty")
        return tuple(values)

    def table(self, key: str) -> Table | None:
        if key not in self._left:
            return None
        return Table(self._take(key, dict, "a table"), self._file, f"{self._path}{key}.")

    def tables(self, key: str) -> list[Table]:
        """The tables of an array, none when it is left out."""
        found = self._take(key, list, "an array of tables") if key in self._left else []
        if not all(isinstance(values, dict) for values in found):
            raise self.error(key, "must be an array of tables")
        prefix = f"{self._path}{key}"
        return [Table(values, self._file, f"{prefix}[{n}].") for n, values in enumerate(found)]

    def finish(self) -> None:
        """Every key must have been read: a misspelt one would otherwise be silently ignored."""
        if self._left:
            raise self.error(sorted(self._left)[0], "is not a known field")

    def _take(self, key: str, kind: type[T], wanted: str) -> T:
        if key not in self._left:
            raise self.error(key, "is missing")
        value = self._left.pop(key)
        # bool is a subclass of int: a total of `true` must not pass for 1.
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.error(key, f"must be {wanted}")
        return value
