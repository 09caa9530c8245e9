"""What keeps a rule that holds from speaking again (column dedup of the rule table).

It is about repeat pages of M, A, B, U and N rules only; no S or E rule is ever held back here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final, Literal

from services.rules.day_series import DayValue
from services.rules.decision import RuleDecision, RuleId, Severity
from services.rules.worsening.daily_worsening import m2
from services.rules.worsening.numbers import (
    RULE_NUMBERS,
    WORSENING_THRESHOLDS,
    RuleNumbers,
    WorseningThresholds,
)

Held = Literal["incomplete", "late", "same_episode", "already_reported"]

# Rules that speak once of each course or session: never again about the same `about`.
ONCE_EACH: Final[frozenset[RuleId]] = frozenset({"M3", "M4", "M5", "N2"})

# Rules of two severities, whose more severe finding speaks at once: blood in the urine after a mere
# urgency, a total of 20 after reliable worsening below it. A first page is no repeat page.
RISING: Final[frozenset[RuleId]] = frozenset({"M1", "U1"})

_SEVERITIES: Final[tuple[Severity, ...]] = ("low", "medium", "high", "critical")


@dataclass(frozen=True, slots=True)
class Occasion:
    """A decision that fired and opened, or was added to, an alert. `on`: its `inputs["on"]`."""

    rule: RuleId
    on: date
    severity: Severity
    about: str | None = None


@dataclass(frozen=True, slots=True)
class Spoken:
    """What the alerts of one patient have been about, by rule.

    `last_opened_on`: the newest mood day; `about`: every course and session; `highest`: the highest
    severity among the alerts of the repeat days that end now. An older one must not be in it, or a
    new finding would be held back by what was said a year ago: `spoken` below leaves it out.
    """

    last_opened_on: Mapping[RuleId, date] = field(default_factory=dict)
    about: Mapping[RuleId, frozenset[str]] = field(default_factory=dict)
    highest: Mapping[RuleId, Severity] = field(default_factory=dict)


NOTHING_SPOKEN: Final = Spoken()


def spoken(occasions: Iterable[Occasion], on: date, numbers: RuleNumbers = RULE_NUMBERS) -> Spoken:
    """Sum up what has been said, as it is to be seen on a mood day. The order does not matter."""
    days = numbers.repeat_days
    last: dict[RuleId, date] = {}
    about: dict[RuleId, frozenset[str]] = {}
    highest: dict[RuleId, Severity] = {}
    for one in occasions:
        last[one.rule] = max(one.on, last.get(one.rule, one.on))
        if one.about is not None:
            about[one.rule] = about.get(one.rule, frozenset()) | {one.about}
        if (on - one.on).days < days.get(one.rule, 0):
            highest[one.rule] = max(
                one.severity, highest.get(one.rule, one.severity), key=_SEVERITIES.index
            )
    return Spoken(last, about, highest)


def repeated(
    decision: RuleDecision, said: Spoken, numbers: RuleNumbers = RULE_NUMBERS
) -> Held | None:
    """Return what holds a decision back that has been made before, None when it may speak.

    The day of the decision is its `inputs["on"]`. For every rule but M2; rules that no table here
    names are never held back.
    """
    if decision.rule in ONCE_EACH:
        known = said.about.get(decision.rule, frozenset())
        return "already_reported" if decision.about in known else None
    last, days = said.last_opened_on.get(decision.rule), numbers.repeat_days.get(decision.rule)
    if last is None or days is None:
        return None
    on = date.fromisoformat(str(decision.inputs["on"]))
    if (on - last).days >= days or _has_risen(decision, said):
        return None
    return "same_episode"


def hold(decision: RuleDecision, held: Held | None) -> RuleDecision:
    """Return the decision with `inputs["held"]`; it fires when it holds and nothing held it."""
    fired = decision.holds and held is None
    return replace(
        decision,
        fired=fired,
        severity=decision.severity if fired else None,
        inputs={**decision.inputs, "held": held},
    )


def m2_may_open(
    values: Sequence[DayValue],
    baseline: float | None,
    last_opened_on: date | None,
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


def _has_risen(decision: RuleDecision, said: Spoken) -> bool:
    """Whether this is worse than what was said; when that is not known, it is."""
    before = said.highest.get(decision.rule)
    if decision.rule not in RISING or decision.severity is None:
        return False
    return before is None or _SEVERITIES.index(decision.severity) > _SEVERITIES.index(before)
