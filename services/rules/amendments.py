"""Versions of one form: for safety an amendment only ever counts upwards (contract, amend)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from services.rules.entry_facts import CSSRS_RANK, CssrsLevel

Answer = TypeVar("Answer")


def carried_forward(versions: Sequence[Mapping[str, Answer]]) -> list[dict[str, Answer]]:
    """Each version with the numbers of the earlier ones kept where it left out or declined.

    Blanking an answer is not an unknown answer. The C-SSRS level for `EntryFacts.cssrs` is taken
    from the last of these, `earlier_cssrs` from the others, never from the bare versions.
    """
    merged: list[dict[str, Answer]] = []
    numbers: dict[str, Answer] = {}
    for version in versions:
        numbers = numbers | {key: value for key, value in version.items() if type(value) is int}
        merged.append({**version, **numbers})
    return merged


def highest_item9(values: Iterable[object]) -> int | None:
    """The highest number among item 9 of several versions; None when none is a number."""
    return max((value for value in values if type(value) is int), default=None)


def highest_level(levels: Iterable[CssrsLevel]) -> CssrsLevel | None:
    """The highest C-SSRS level of several versions; None when there is none."""
    return max(levels, key=CSSRS_RANK.__getitem__, default=None)
