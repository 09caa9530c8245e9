"""M1 and M2 for one answer: which rule applies, whether a new episode may open.

Worsening alerts are medium work for the next morning, so, unlike the danger rules, they have a
memory: an entry that comes late raises none, and one episode is reported once.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from services.rules.daily_worsening import m2
from services.rules.day_series import DayValue, Entry, day_rows, day_values
from services.rules.reliable_worsening import m1
from services.rules.rule_decision import RuleDecision, RuleId
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
    "m1_may_open",
    "m2",
    "m2_may_open",
    "worsening_decisions",
]

Held = Literal["incomplete", "late", "same_episode"]


def worsening_decisions(
    instrument: str,
    entries: Iterable[Entry],
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
    values = day_values(day_rows(entries))
    if instrument == "phq9":
        decision = m1(values, baseline, thresholds)
    elif instrument == "phq9-daily":
        decision = m2(values, baseline, thresholds)
    else:
        return []
    held = _held_back(decision, decided, values, baseline, last_opened_on, thresholds)
    fired = decision.holds and held is None
    return [
        replace(
            decision,
            fired=fired,
            severity=decision.severity if fired else None,
            inputs={**decision.inputs, "held": held},
        )
    ]


def _held_back(
    decision: RuleDecision,
    decided: Entry,
    values: Sequence[DayValue],
    baseline: float | None,
    last_opened_on: Mapping[RuleId, dt.date],
    thresholds: WorseningThresholds,
) -> Held | None:
    if not decision.holds:
        return None
    if decided.total is None:
        return "incomplete"
    if decided.late:
        return "late"
    last = last_opened_on.get(decision.rule)
    if decision.rule == "M1":
        may_open = m1_may_open(values[-1].day, last, thresholds)
    else:
        may_open = m2_may_open(values, baseline, last, thresholds)
    return None if may_open else "same_episode"


def m1_may_open(
    day: dt.date,
    last_opened_on: dt.date | None,
    thresholds: WorseningThresholds = WORSENING_THRESHOLDS,
) -> bool:
    """Return whether M1 may open an alert on a mood day: 14 days after the last, or the first."""
    return last_opened_on is None or (day - last_opened_on).days >= thresholds.m1.repeat_after_days


def m2_may_open(
    values: Sequence[DayValue],
    baseline: float | None,
    last_opened_on: dt.date | None,
    thresholds: WorseningThresholds = WORSENING_THRESHOLDS,
) -> bool:
    """Return whether M2 may open an alert on the newest of these days (ascending).

    An episode ends when the rule did not hold on five observed days in a row; one that lasts may
    be reported again after 14 days. Nothing opens on or before the day of the last one.
    """
    newest = values[-1].day
    if last_opened_on is None:
        return True
    if (newest - last_opened_on).days >= thresholds.m2.repeat_after_days:
        return True
    under = 0
    for index, value in enumerate(values[:-1]):
        if value.day <= last_opened_on:
            continue
        under = 0 if m2(values[: index + 1], baseline, thresholds).holds else under + 1
        if under == thresholds.m2.under_days:
            return True
    return False
