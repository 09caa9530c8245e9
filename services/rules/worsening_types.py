"""What a worsening rule answers: yes or no, and everything it looked at."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

RuleId = Literal["M1", "M2"]
Severity = Literal["medium", "high"]
Input = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class WorseningDecision:
    """A decision to be stored with its answer, also when nothing fired.

    `fired` asks for an alert of `severity`; `holds` says that the scores meet the rule, even if a
    late entry or a recent episode kept it from firing. `inputs` is JSON: scores in points, days as
    ISO dates.
    """

    rule: RuleId
    rule_version: str
    fired: bool
    holds: bool
    severity: Severity | None
    inputs: Mapping[str, Input]
