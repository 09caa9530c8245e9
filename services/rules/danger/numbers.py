"""The numbers of the safety rules, read once from `data/triage.toml`. No number lives in code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final, Literal

from services.rules.decision import Tier
from services.rules.numbers import DATA, Between, NumbersError, read


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The safety rules' numbers; units and sources stand beside each value in the TOML."""

    version: str
    item9_positive_from: Annotated[int, Between(1, 3)]
    item9_critical_from: Annotated[int, Between(1, 3)]
    recent_risk: timedelta
    item9_before_cssrs: timedelta
    lowering_reach: timedelta
    lowering_floors: Mapping[str, Tier]
    cssrs_tier: Mapping[str, Tier]
    untrusted_flags: frozenset[str]
    plan_longest: timedelta
    plan_cssrs_age: timedelta
    plan_cssrs_levels: frozenset[Literal["none", "low", "moderate", "high"]]
    plan_missed_mood_days: int
    morning_mail_hour: Annotated[int, Between(0, 23)]

    def __post_init__(self) -> None:
        """A slip of the pen must not switch a safety rule off."""
        if self.item9_positive_from > self.item9_critical_from:
            raise NumbersError("must not be above item9_critical_from", "item9_positive_from")
        if self.cssrs_tier.keys() != {"none", "low", "moderate", "high"}:
            raise NumbersError("needs none, low, moderate and high", "cssrs_tier")


RULES: Final = read(DATA / "triage.toml", RuleSet)
RULES_VERSION: Final = RULES.version
