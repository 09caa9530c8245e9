"""How urgent something is, and what a rule answers: yes or no, and everything it looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal


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


def highest(tiers: list[Tier]) -> Tier | None:
    """The most urgent of them, None when there is none."""
    return max(tiers, default=None)


RuleId = Literal[
    "E1", "E2", "E3", "E4", "E5", "E6", "U1", "M1", "M2", "M3", "M4", "M5", "B1", "A1", "N2"
]
Severity = Literal["critical", "high", "medium", "low"]
Input = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class RuleDecision:
    """A decision to be stored with its entry, also when nothing fired.

    `fired` asks for an alert of `severity`; `holds` says that the rule is met, even if a late entry
    or a recent episode kept it from firing. `about` is the id of the session or course that the
    decision is about, for rules that speak once of each. `inputs` is JSON: scores in points, days
    as ISO dates, pressures in mmHg.
    """

    rule: RuleId
    rule_version: str
    fired: bool
    holds: bool
    severity: Severity | None
    inputs: Mapping[str, Input]
    about: str | None = None
