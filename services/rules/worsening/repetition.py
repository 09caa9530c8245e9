"""What suppresses a rule that is met and has alerted already (column dedup of the rule table).

It is about repeat pages of M, A, B, U and N rules only; no S or E rule is ever suppressed here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

from services.rules.catalogue import CATALOGUE, Repeats
from services.rules.day_series import DayValue
from services.rules.decision import Decision, RuleId, Tier
from services.rules.worsening.daily_worsening import m2
from services.rules.worsening.numbers import (
    RULE_NUMBERS,
    WORSENING_THRESHOLDS,
    RuleNumbers,
    WorseningThresholds,
)

Suppression = Literal["incomplete", "late", "same_episode", "already_reported"]


@dataclass(frozen=True, slots=True)
class PastOccurrence:
    """A decision that fired and opened, or was added to, an alert. `on`: its `inputs["on"]`."""

    rule: RuleId
    on: date
    tier: Tier
    about: str | None = None


@dataclass(frozen=True, slots=True)
class AlertHistory:
    """What the alerts of one patient have been about, by rule.

    `last_opened_on`: the newest mood day; `about`: every course and session; `highest`: the highest
    tier among the alerts of the repeat days that end now. An older one must not be in it, or a
    new finding would be suppressed by an alert of a year ago: `alert_history` leaves it out.
    """

    last_opened_on: Mapping[RuleId, date] = field(default_factory=dict)
    about: Mapping[RuleId, frozenset[str]] = field(default_factory=dict)
    highest: Mapping[RuleId, Tier] = field(default_factory=dict)


NO_ALERTS_YET: Final = AlertHistory()


def alert_history(
    occurrences: Iterable[PastOccurrence], on: date, numbers: RuleNumbers = RULE_NUMBERS
) -> AlertHistory:
    """Sum up past occurrences, as they are to be seen on a mood day. The order does not matter."""
    days = numbers.repeat_days
    last: dict[RuleId, date] = {}
    about: dict[RuleId, frozenset[str]] = {}
    highest: dict[RuleId, Tier] = {}
    for one in occurrences:
        last[one.rule] = max(one.on, last.get(one.rule, one.on))
        if one.about is not None:
            about[one.rule] = about.get(one.rule, frozenset()) | {one.about}
        if (on - one.on).days < days.get(one.rule, 0):
            highest[one.rule] = max(one.tier, highest.get(one.rule, one.tier))
    return AlertHistory(last, about, highest)


def repeat_suppression(
    decision: Decision, history: AlertHistory, numbers: RuleNumbers = RULE_NUMBERS
) -> Suppression | None:
    """Return what suppresses a decision because of earlier alerts, None when it may fire.

    The day of the decision is its `inputs["on"]`. For every rule but M2; what is not met is never
    suppressed.
    """
    if not decision.is_met:
        return None
    if CATALOGUE[decision.rule].repeats.is_once_each:
        known = history.about.get(decision.rule, frozenset())
        return "already_reported" if decision.about in known else None
    last, days = history.last_opened_on.get(decision.rule), numbers.repeat_days.get(decision.rule)
    if last is None or days is None:
        return None
    on = date.fromisoformat(str(decision.inputs["on"]))
    if (on - last).days >= days or _has_risen(decision, history):
        return None
    return "same_episode"


def m2_may_open(
    values: Sequence[DayValue],
    baseline: float | None,
    last_opened_on: date | None,
    thresholds: WorseningThresholds = WORSENING_THRESHOLDS,
) -> bool:
    """Return whether M2 may open an alert on the newest of these days (ascending).

    An episode ends when the rule was not met on five observed days in a row; one that lasts may
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
        under = 0 if m2(values[: index + 1], baseline, thresholds).is_met else under + 1
        if under == thresholds.m2.under_days:
            return True
    return False


def _has_risen(decision: Decision, history: AlertHistory) -> bool:
    """Whether this is graver than the alerts before; when those are not known, it is.

    Blood in the urine after a mere urgency, a total of 20 after reliable worsening below it: a
    first page is no repeat page.
    """
    before = history.highest.get(decision.rule)
    graver_at_once = CATALOGUE[decision.rule].repeats is Repeats.AFTER_DAYS_OR_GRAVER
    if not graver_at_once or decision.tier is None:
        return False
    return before is None or decision.tier > before
