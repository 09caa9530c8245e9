"""Standing plans: the only thing that spares a stable item 9 of 1 its page (clinical.md 5.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from services.rules.catalogue import SUICIDE_RISK
from services.rules.danger.lowering import CssrsEntry, Occurrence
from services.rules.danger.numbers import RULES, RuleSet
from services.rules.danger.triage import EntryFacts

EndReason = Literal[
    "until_passed",
    "item9_critical",
    "item9_unknown",
    "help_request",
    "cssrs_above_low",
    "unreadable_risk",
    "discharged",
    "consent_withdrawn",
    "mood_days_missed",
]


@dataclass(frozen=True, slots=True)
class StandingPlan:
    """Set by a clinician; `until` is the first instant at which it no longer holds (aware)."""

    set_at: datetime
    until: datetime
    set_on: date
    """The patient's mood day at `set_at`: days missed before the plan do not count against it."""
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a plan may not be set: the field of the request and a sentence for it."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Moment:
    """What surrounds the answer being decided; mood days are the patient's."""

    mood_day: date
    last_answered_item9_on: date | None = None
    discharged: bool = False
    consent_withdrawn: bool = False


def may_set(
    now: datetime,
    until: datetime,
    reason: str,
    family: str,
    cssrs: CssrsEntry | None,
    occurrences: Iterable[Occurrence],
    rules: RuleSet = RULES,
) -> list[Refusal]:
    """Every reason against setting a plan at `now`, none when it may be set.

    `cssrs` is the patient's latest C-SSRS, `occurrences` those of the alert being resolved. That
    the person is a clinician is checked by the caller (403).
    """
    refusals = []
    if family != SUICIDE_RISK:
        refusals.append(Refusal("standing_plan", "only with the resolve of a suicide_risk alert"))
    if not reason.strip():
        refusals.append(Refusal("standing_plan.reason", "must not be blank"))
    if not now < until <= now + rules.plan_longest:
        days = rules.plan_longest.days
        refusals.append(
            Refusal("standing_plan.until", f"must be in the future, at most {days} days away")
        )
    problem = _cssrs_problem(now, cssrs, occurrences, rules)
    return refusals if problem is None else [*refusals, Refusal("standing_plan", problem)]


def _cssrs_problem(
    now: datetime, cssrs: CssrsEntry | None, occurrences: Iterable[Occurrence], rules: RuleSet
) -> str | None:
    hours = round(rules.plan_cssrs_age.total_seconds() / 3600)
    if cssrs is None or min(cssrs.recorded_at, cssrs.received_at) < now - rules.plan_cssrs_age:
        return f"needs a C-SSRS recorded and received within the last {hours} hours"
    if not cssrs.trusted(rules) or max(cssrs.recorded_at, cssrs.received_at) > now:
        return "needs a complete C-SSRS without doubt about its time or author"
    if cssrs.level not in rules.plan_cssrs_levels:
        return "needs a C-SSRS of none or low"
    if not all(_before(occurrence, cssrs) for occurrence in occurrences):
        return "needs a C-SSRS after the newest occurrence of the alert"
    return None


def _before(occurrence: Occurrence, cssrs: CssrsEntry) -> bool:
    """Recorded and received before it; the C-SSRS's own occurrence (S5) is not held against it."""
    same = (occurrence.at, occurrence.received_at) == (cssrs.recorded_at, cssrs.received_at)
    if occurrence.rule == "S5" and same:
        return True
    return occurrence.at < cssrs.recorded_at and occurrence.received_at < cssrs.received_at


def plan_ended(
    plan: StandingPlan, facts: EntryFacts, moment: Moment, rules: RuleSet = RULES
) -> EndReason | None:
    """Why the plan is over at this answer, None while it stands. Decided at answers, no timer."""
    answer = _Answer(plan, facts, moment, rules)
    return next((reason for reason, ends in _ENDINGS if ends(answer)), None)


def plan_holds(
    plan: StandingPlan | None, facts: EntryFacts, moment: Moment, rules: RuleSet = RULES
) -> bool:
    """Does the plan spare this answer its page?

    An answer with a flag that could not lower anything (late, skewed, expired token, by staff) is
    not spared either: it pages with its true age, and the plan goes on.
    """
    if plan is None or facts.flags & rules.untrusted_flags:
        return False
    return plan_ended(plan, facts, moment, rules) is None


@dataclass(frozen=True, slots=True)
class _Answer:
    plan: StandingPlan
    facts: EntryFacts
    moment: Moment
    rules: RuleSet

    @property
    def too_many_days_missed(self) -> bool:
        last = max(self.plan.set_on, self.moment.last_answered_item9_on or self.plan.set_on)
        whole_days_between = (self.moment.mood_day - last).days - 1
        return whole_days_between >= self.rules.plan_missed_mood_days

    @property
    def cssrs_above_low(self) -> bool:
        """Unknown counts as above: it may hide anything."""
        return self.facts.counted_cssrs not in (None, *self.rules.plan_cssrs_levels)


_ENDINGS: tuple[tuple[EndReason, Callable[[_Answer], bool]], ...] = (
    ("until_passed", lambda a: a.facts.received_at >= a.plan.until),
    ("item9_critical", lambda a: a.facts.counted_item9 >= a.rules.item9_critical_from),
    ("item9_unknown", lambda a: a.facts.item9_unknown),
    ("help_request", lambda a: a.facts.kind == "help_request"),
    ("cssrs_above_low", lambda a: a.cssrs_above_low),
    ("unreadable_risk", lambda a: a.facts.kind == "unreadable"),
    ("discharged", lambda a: a.moment.discharged),
    ("consent_withdrawn", lambda a: a.moment.consent_withdrawn),
    ("mood_days_missed", lambda a: a.too_many_days_missed),
)
