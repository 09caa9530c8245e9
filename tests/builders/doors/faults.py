"""Which guard stops which attack, and how it is taken out: `faults.toml`, as a person reads it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TABLE: Final = Path(__file__).with_name("faults.toml")


@dataclass(frozen=True, slots=True)
class Fault:
    """A guard, how it is taken out of `file`, and the tests that then fail."""

    attack: str
    guard: str
    file: str
    old: str
    new: str
    red: tuple[str, ...]

    def planted(self, root: Path) -> str:
        """The file without the guard; raises `ValueError` unless that stands there once."""
        text = (root / self.file).read_text("utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"{self.file} has {text.count(self.old)} times: {self.old.strip()}")
        return text.replace(self.old, self.new)


FAULTS: Final = tuple(
    Fault(**one | {"red": tuple(one["red"])}) for one in tomllib.loads(TABLE.read_text())["fault"]
)
