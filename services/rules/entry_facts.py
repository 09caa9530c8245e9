"""What the safety rules see of one entry, and of the patient's past."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.rules.tiers import Tier

EntryKind = Literal["check_in", "amendment", "side_effects", "help_request", "unreadable"]
Item9 = int | Literal["unknown"] | None
"""The answer to item 9 (0-3); `unknown`: left out or declined; None: this form does not ask it."""
CssrsLevel = Literal["none", "low", "moderate", "high", "unknown"]

CSSRS_RANK = {"none": 0, "low": 1, "unknown": 2, "moderate": 3, "high": 4}
"""Order of levels between versions of one form; unknown may hide anything up to high."""


@dataclass(frozen=True, slots=True)
class EntryFacts:
    """One entry, as the rules see it; both instants aware.

    `earlier_*`: for amendments, the highest of the earlier versions (None: no number there; for
    both C-SSRS values see `amendments.carried_forward`). `unreadable_tier`: for kind `unreadable`,
    the tier of what `danger.find_danger` read in the refused request.
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
