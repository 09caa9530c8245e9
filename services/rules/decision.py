"""What a rule decides: yes or no, how urgent, and everything it looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any


class Tier(IntEnum):
    """low (worklist) < medium (one mail next morning) < high (page) < critical (page at once)."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def word(self) -> str:
        """The wire's word for it: `low`, `medium`, `high` or `critical`."""
        return self.name.lower()

    @classmethod
    def from_word(cls, word: str) -> Tier:
        """The tier of a wire word; raises `KeyError` for any other text."""
        return cls[word.upper()]


RuleId = str
"""The id of a rule of the catalogue."""
Input = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Decision:
    """What one rule decided about one entry: stored with it, also when nothing fired.

    `is_met`: the rule's condition is true; `fired`: and nothing suppressed it. `tier`: of the
    occurrence that it adds to an alert (None: it adds none). `inputs` is JSON: scores in points,
    days as ISO dates, pressures in mmHg. `about`: the id of the session or course, for rules that
    alert once about each.
    """

    rule: RuleId
    rule_version: str
    is_met: bool
    fired: bool
    tier: Tier | None
    inputs: Mapping[str, Input] = field(hash=False)
    about: str | None = None

    @classmethod
    def with_tier(
        cls,
        rule: RuleId,
        rule_version: str,
        tier: Tier | None,
        inputs: Mapping[str, Input],
        about: str | None = None,
    ) -> Decision:
        """A decision that is met, and fires, exactly when it has a tier."""
        is_met = tier is not None
        return cls(rule, rule_version, is_met, is_met, tier, inputs, about)

    def suppressed(self, by: str | None) -> Decision:
        """The decision with `inputs["held"]`: when anything suppresses it, it does not fire."""
        fired = self.is_met and by is None
        return replace(
            self,
            fired=fired,
            tier=self.tier if fired else None,
            inputs={**self.inputs, "held": by},
        )

    def stored(self) -> dict[str, Any]:
        """The JSON that is kept with the entry."""
        return {
            "rule": self.rule,
            "rule_version": self.rule_version,
            "fired": self.fired,
            "tier": self.tier.word if self.tier else None,
            "inputs": dict(self.inputs),
            "about": self.about,
        }


def highest(tiers: Iterable[Tier | None]) -> Tier | None:
    """The most urgent of them, None when there is none."""
    return max((tier for tier in tiers if tier is not None), default=None)
