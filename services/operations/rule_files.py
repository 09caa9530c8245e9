"""Would the rule files on disk load? The process works with those it read at its start.

A file that was edited and no longer loads changes nothing for a running process, which keeps the
last good set, and stops the next start. So it is said here, before that happens.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from services.rules.cards.lines import parse_crisis_lines
from services.rules.danger.notes import parse_terms
from services.rules.danger.numbers import RULES_VERSION, parse_rule_set
from services.rules.escalation.numbers import read_escalation_numbers
from services.rules.figures.numbers import read_trend_thresholds
from services.rules.instruments.files import read_instrument
from services.rules.threshold_files import DATA
from services.rules.worsening.numbers import read_worsening_thresholds

Reader = Callable[[Path], Any]


def _of_text(parse: Callable[[str], Any]) -> Reader:
    return lambda path: parse(path.read_text("utf-8"))


READERS: Final[Mapping[str, Reader]] = {
    "triage.toml": _of_text(parse_rule_set),
    "crisis_lines.toml": _of_text(parse_crisis_lines),
    "escalation.toml": read_escalation_numbers,
    "trend/*.toml": read_trend_thresholds,
    "worsening.toml": read_worsening_thresholds,
    "note_terms/*.toml": _of_text(parse_terms),
    "instruments/*.toml": read_instrument,
    "**/*.toml": _of_text(tomllib.loads),
}


def running_version() -> str:
    """The version of the safety rules that this process decides with."""
    return RULES_VERSION


def unloadable(folder: Path = DATA) -> tuple[str, ...]:
    """The rule files that would not load, by name; read again only when one was changed."""
    return _unloadable(folder, _state(folder))


def _state(folder: Path) -> tuple[tuple[str, int, int], ...]:
    stats = ((str(path), path.stat()) for path in sorted(folder.rglob("*.toml")))
    return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats)


@lru_cache(maxsize=2)
def _unloadable(folder: Path, _state: tuple[tuple[str, int, int], ...]) -> tuple[str, ...]:
    bad = {
        path.relative_to(folder).as_posix()
        for pattern, reader in READERS.items()
        for path in folder.glob(pattern)
        if not _loads(reader, path)
    }
    missing = {pattern for pattern in READERS if not any(folder.glob(pattern))}
    return tuple(sorted(bad | missing))


def _loads(reader: Reader, path: Path) -> bool:
    try:
        reader(path)
    except Exception:  # noqa: BLE001 - whatever is wrong with it, it would not load
        return False
    return True
