"""What a complete C-SSRS lowers (clinical.md 5.1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from services.rules.danger.numbers import RULES, RuleSet
from services.rules.danger.triage import CssrsLevel
from services.rules.decision import Tier


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One fired rule on an alert, with the tier it has now; both instants aware.

    An entry that fires two rules is two occurrences, so that lowering the one leaves the other.
    `at` is `recorded_at`; `id` names it where it is stored.
    """

    rule: str
    tier: Tier
    at: datetime
    received_at: datetime
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class CssrsEntry:
    """A C-SSRS as far as it can reassure. `complete`: every question asked has a number."""

    level: CssrsLevel
    complete: bool
    recorded_at: datetime
    received_at: datetime
    flags: frozenset[str] = frozenset()
    amended: bool = False

    def trusted(self, rules: RuleSet = RULES) -> bool:
        """Complete, as first sent, its clock and author not in doubt."""
        sound = self.complete and self.level != "unknown" and not self.amended
        return sound and not self.flags & rules.untrusted_flags


def lowered(occurrence: Occurrence, cssrs: CssrsEntry, rules: RuleSet = RULES) -> Tier:
    """The occurrence's tier after this C-SSRS: the higher of its floor and the C-SSRS's own tier.

    Never higher than before, and unchanged unless the C-SSRS is trusted and the occurrence was
    recorded and received before it and at most 24 h earlier. The caller keeps the result for good.
    """
    floor = rules.lowering_floors.get(occurrence.rule)
    if floor is None or not cssrs.trusted(rules) or not _follows(cssrs, occurrence, rules):
        return occurrence.tier
    return min(occurrence.tier, max(floor, rules.cssrs_tier[cssrs.level]))


def _follows(cssrs: CssrsEntry, occurrence: Occurrence, rules: RuleSet) -> bool:
    recorded_after = cssrs.recorded_at - occurrence.at
    received_after = cssrs.received_at - occurrence.received_at
    return all(
        timedelta(0) < gap <= rules.lowering_reach for gap in (recorded_after, received_after)
    )


def lower_all(
    occurrences: Iterable[Occurrence], cssrs: CssrsEntry, rules: RuleSet = RULES
) -> tuple[Occurrence, ...]:
    """The alert's occurrences after this C-SSRS, in the same order."""
    return tuple(replace(each, tier=lowered(each, cssrs, rules)) for each in occurrences)
