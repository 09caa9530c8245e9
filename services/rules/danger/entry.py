"""What the safety rules see of one entry, of its earlier versions, and of the patient's past.

For safety an amendment only ever counts upwards (contract, amend).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeVar

from services.rules.decision import Tier

EntryKind = Literal[
    "check_in",
    "amendment",
    "side_effects",
    "help_request",
    "unreadable",
    "vitals",
    "session",
]
Item9 = int | Literal["unknown"] | None
"""The answer to item 9 (0-3); `unknown`: left out or declined; None: this form does not ask it."""
CssrsLevel = Literal["none", "low", "moderate", "high", "unknown"]

CSSRS_RANK = {"none": 0, "low": 1, "unknown": 2, "moderate": 3, "high": 4}
"""Order of levels between versions of one form; unknown may hide anything up to high."""


@dataclass(frozen=True, slots=True)
class EntryFacts:
    """One entry, as the rules see it; both instants aware.

    `earlier_*`: for amendments, the highest of the earlier versions (None: no number there; for
    both C-SSRS values see `carried_forward`). `unreadable_tier`: for kind `unreadable`,
    the tier of what `find_danger` read in the refused request.
    """

    kind: EntryKind
    recorded_at: datetime
    received_at: datetime
    item9: Item9 = None
    cssrs: CssrsLevel | None = None
    crisis_terms: bool = False
    flags: frozenset[str] = frozenset()
    earlier_item9: int | None = None
    earlier_cssrs: CssrsLevel | None = None
    unreadable_tier: Tier | None = None

    @property
    def item9_number(self) -> int | None:
        """Item 9 as answered in this version; None when unknown or not asked."""
        return None if self.item9 == "unknown" else self.item9

    @property
    def counted_item9(self) -> int:
        """Item 9 as an occurrence: 0 when there is no number or an earlier version was as high."""
        value = self.item9_number or 0
        if self.kind == "amendment" and value <= (self.earlier_item9 or 0):
            return 0
        return value

    @property
    def item9_unknown(self) -> bool:
        """Asked and not answered. An amendment never makes item 9 unknown (contract, amend)."""
        return self.item9 == "unknown" and self.kind != "amendment"

    @property
    def counted_cssrs(self) -> CssrsLevel | None:
        """The C-SSRS level as an occurrence: None when an earlier version was as high."""
        if self.kind == "amendment" and self.cssrs is not None and self.earlier_cssrs is not None:
            risen = CSSRS_RANK[self.cssrs] > CSSRS_RANK[self.earlier_cssrs]
            return self.cssrs if risen else None
        return self.cssrs


@dataclass(frozen=True, slots=True)
class RiskHistory:
    """The latest instants at which this patient was positive, this entry left out.

    Each is the latest `recorded_at` (`received_at` for an entry with `clock_skew`) of any version,
    also voided, late, spared or unreadable ones; None: never.
    """

    item9_positive_at: datetime | None = None
    cssrs_moderate_at: datetime | None = None


V = TypeVar("V")


def carried_forward(versions: Sequence[Mapping[str, V]]) -> list[dict[str, V]]:
    """Each version with the numbers of the earlier ones kept where it left out or declined.

    Blanking an answer is not an unknown answer. The C-SSRS level for `EntryFacts.cssrs` is taken
    from the last of these, `earlier_cssrs` from the others, never from the bare versions.
    """
    merged: list[dict[str, V]] = []
    numbers: dict[str, V] = {}
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
