"""The numbers of a proposed change: those in force, with whole files put in their place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

from services.rules.threshold_files import ThresholdError, read_thresholds
from services.rules.worsening.numbers import (
    RULE_NUMBERS,
    RuleNumbers,
    read_course_rule_thresholds,
    read_form_rule_thresholds,
    read_worsening_thresholds,
)

FileKind = Literal["worsening", "course", "form"]

# A file is known by any of its tables; one with none of them must be one of M1 and M2.
KIND_OF_TABLE: Mapping[str, FileKind] = {
    "m3": "course",
    "m4": "course",
    "m5": "course",
    "a1": "form",
    "b1": "form",
    "u1": "form",
}
READERS: Mapping[FileKind, Callable[[RuleNumbers, Path], RuleNumbers]] = {
    "worsening": lambda kept, path: replace(kept, worsening=read_worsening_thresholds(path)),
    "course": lambda kept, path: replace(kept, course=read_course_rule_thresholds(path)),
    "form": lambda kept, path: replace(kept, form=read_form_rule_thresholds(path)),
}


def changed_numbers(files: Iterable[Path]) -> RuleNumbers:
    """Return the numbers in force with those of the files in their place.

    Each file is a whole changed copy of `worsening.toml`, `course_rules.toml` or `form_rules.toml`.
    Raises ThresholdError as the loader of the service does, and when two are of one kind.
    """
    numbers = RULE_NUMBERS
    seen: set[FileKind] = set()
    for path in files:
        tables = read_thresholds(path).tables
        kinds = [KIND_OF_TABLE[name] for name in tables if name in KIND_OF_TABLE]
        kind: FileKind = kinds[0] if kinds else "worsening"
        if kind in seen:
            raise ThresholdError(f"{path.name}: a second file of {kind} rules")
        seen.add(kind)
        numbers = READERS[kind](numbers, path)
    return numbers


def daily_lookback_days(numbers: RuleNumbers) -> int:
    """Return how many days before an answer M2 can see, its memory of an episode included."""
    m2 = numbers.worsening.m2
    return m2.reference_from_day + m2.repeat_after_days
