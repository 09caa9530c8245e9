"""M1 and M2 alone for one answer, and how far back they look.

`entry_rules` is the door to all rules of a check-in; this one is for callers that ask for two.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Final

from services.rules.daily_worsening import m2
from services.rules.day_series import Entry
from services.rules.entry_rules import SeriesCase, Spoken, series_decisions
from services.rules.reliable_worsening import m1
from services.rules.repetition import m2_may_open
from services.rules.rule_decision import RuleDecision, RuleId
from services.rules.rule_numbers import RuleNumbers
from services.rules.worsening_thresholds import (
    DAILY_LOOKBACK_DAYS,
    PHQ9_LOOKBACK_DAYS,
    WORSENING_THRESHOLDS,
    WorseningThresholds,
)

__all__ = [
    "DAILY_LOOKBACK_DAYS",
    "PHQ9_LOOKBACK_DAYS",
    "RuleDecision",
    "m1",
    "m2",
    "m2_may_open",
    "worsening_decisions",
]

_RULES: Final[frozenset[RuleId]] = frozenset({"M1", "M2"})


def worsening_decisions(
    instrument: str,
    entries: Sequence[Entry],
    decided: Entry,
    baseline: float | None,
    last_opened_on: Mapping[RuleId, dt.date],
    thresholds: WorseningThresholds = WORSENING_THRESHOLDS,
) -> list[RuleDecision]:
    """Return the decision of the rule for this instrument (`phq9`: M1, `phq9-daily`: M2) or none.

    `entries` are the current versions of this instrument's check-ins within the lookback, the
    decided one included; `last_opened_on` is the mood day (`inputs["on"]`) on which each rule last
    opened or repeated an alert. `inputs["held"]` says what kept a rule that holds from firing.
    """
    # How grave it was is not told: taken for as grave as can be, it is a repetition.
    said = Spoken(last_opened_on, highest=dict.fromkeys(last_opened_on, "high"))
    case = SeriesCase(instrument, entries, decided, baseline, spoken=said)
    decisions = series_decisions(case, RuleNumbers(worsening=thresholds))
    return [decision for decision in decisions if decision.rule in _RULES]
