"""What a rule beside the S rules answers: yes or no, and everything it looked at."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

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
