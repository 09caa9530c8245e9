"""Which S rules does one entry fire, and how urgent is it (clinical.md 5.1)?

`TABLE` below is the rule set: read it top to bottom, every row is decided for every entry. Rows are
never skipped by time; only a standing plan turns S2 into S2p. An amendment counts only where it is
above the highest earlier version, except for its words (S7): those are new whatever the numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from services.rules.danger.entry import EntryFacts, RiskHistory
from services.rules.danger.numbers import RULES, RuleSet
from services.rules.decision import Decision, Input, SafetyRuleId, Tier, highest
from services.rules.mood_days import shift


@dataclass(frozen=True, slots=True)
class _Case:
    facts: EntryFacts
    history: RiskHistory
    plan_holds: bool
    rules: RuleSet

    @property
    def item9_positive(self) -> bool:
        return self.facts.counted_item9 >= self.rules.item9_positive_from

    @property
    def item9_critical(self) -> bool:
        return self.facts.counted_item9 >= self.rules.item9_critical_from

    @property
    def item9_only_just_positive(self) -> bool:
        return self.item9_positive and not self.item9_critical

    @property
    def positive_answer(self) -> bool:
        """Also in an amendment that is no higher than before: the answer still says so."""
        return (self.facts.item9_number or 0) >= self.rules.item9_positive_from

    @property
    def recent_risk(self) -> bool:
        """Item 9 or C-SSRS positive in the last 14 days; a phone ahead of time shortens nothing."""
        seen = (self.history.item9_positive_at, self.history.cssrs_moderate_at)
        entered = min(self.facts.recorded_at, self.facts.received_at)
        since = shift(entered, -self.rules.recent_risk)
        return any(at is not None and at >= since for at in seen)

    @property
    def item9_just_before(self) -> bool:
        """A positive item 9 in the 24 h before this entry: this is then its follow-up."""
        at = self.history.item9_positive_at
        if at is None or "clock_skew" in self.facts.flags:
            return False
        return at <= self.facts.recorded_at <= shift(at, self.rules.item9_before_cssrs)

    def input(self, name: str) -> Input:
        """What a rule looked at, in a plain JSON value: of this case or a fact of the entry."""
        value = getattr(self if hasattr(self, name) else self.facts, name)
        return value.word if isinstance(value, Tier) else value


@dataclass(frozen=True, slots=True)
class SafetyRule:
    """One rule: its id, what it says, the tier (None: fires and pages nobody), what it looks at."""

    id: SafetyRuleId
    words: str
    tier: Tier | None
    fires: Callable[[_Case], bool]
    looks_at: tuple[str, ...]


_ITEM9 = ("item9", "earlier_item9")
_CSSRS = ("cssrs", "earlier_cssrs")

TABLE: tuple[SafetyRule, ...] = (
    SafetyRule("S1", "item 9 is 2 or 3", Tier.CRITICAL, lambda c: c.item9_critical, _ITEM9),
    SafetyRule(
        "S2",
        "item 9 is 1 and no standing plan holds",
        Tier.HIGH,
        lambda c: c.item9_only_just_positive and not c.plan_holds,
        (*_ITEM9, "plan_holds"),
    ),
    SafetyRule(
        "S2p",
        "item 9 is 1 while a standing plan holds: recorded on the plan, not paged",
        None,
        lambda c: c.item9_only_just_positive and c.plan_holds,
        (*_ITEM9, "plan_holds"),
    ),
    SafetyRule(
        "S3",
        "C-SSRS high: Q4 or Q5 yes, or behaviour within 3 months",
        Tier.CRITICAL,
        lambda c: c.facts.counted_cssrs == "high",
        _CSSRS,
    ),
    SafetyRule(
        "S4",
        "C-SSRS moderate: Q3 yes, or behaviour earlier",
        Tier.HIGH,
        lambda c: c.facts.counted_cssrs == "moderate",
        _CSSRS,
    ),
    SafetyRule(
        "S5",
        "C-SSRS low: Q1 or Q2 only, with no positive item 9 in the 24 h before it",
        Tier.MEDIUM,
        lambda c: c.facts.counted_cssrs == "low" and not c.item9_just_before,
        (*_CSSRS, "item9_just_before"),
    ),
    SafetyRule(
        "S6a",
        "item 9 left out or declined by someone at risk in the last 14 days",
        Tier.HIGH,
        lambda c: c.facts.item9_unknown and c.recent_risk,
        ("item9", "recent_risk"),
    ),
    SafetyRule(
        "S6b",
        "item 9 left out or declined by anybody else",
        Tier.MEDIUM,
        lambda c: c.facts.item9_unknown and not c.recent_risk,
        ("item9", "recent_risk"),
    ),
    SafetyRule(
        "S7a",
        "crisis terms in a note together with item 9 of 1 or more",
        Tier.HIGH,
        lambda c: c.facts.crisis_terms and c.positive_answer,
        ("crisis_terms", "item9"),
    ),
    SafetyRule(
        "S7b",
        "crisis terms in a note otherwise",
        Tier.MEDIUM,
        lambda c: c.facts.crisis_terms and not c.positive_answer,
        ("crisis_terms", "item9"),
    ),
    SafetyRule(
        "S8",
        "a help request",
        Tier.CRITICAL,
        lambda c: c.facts.kind == "help_request",
        ("kind",),
    ),
    SafetyRule(
        "S9",
        "a C-SSRS in which a question that the branch asks is left out or declined",
        Tier.HIGH,
        lambda c: c.facts.counted_cssrs == "unknown",
        _CSSRS,
    ),
    SafetyRule(
        "S10a",
        "danger read in a refused request: more than an item 9 of 1",
        Tier.CRITICAL,
        lambda c: c.facts.kind == "unreadable" and c.facts.unreadable_tier is not Tier.HIGH,
        ("kind", "unreadable_tier"),
    ),
    SafetyRule(
        "S10b",
        "danger read in a refused request: an item 9 of 1 and nothing else",
        Tier.HIGH,
        lambda c: c.facts.kind == "unreadable" and c.facts.unreadable_tier is Tier.HIGH,
        ("kind", "unreadable_tier"),
    ),
)


def triage(
    facts: EntryFacts, history: RiskHistory, plan_holds: bool, rules: RuleSet = RULES
) -> tuple[Decision, ...]:
    """Every row of `TABLE` decided for one entry, in the table's order."""
    case = _Case(facts, history, plan_holds, rules)
    return tuple(_decide(rule, case) for rule in TABLE)


def _decide(rule: SafetyRule, case: _Case) -> Decision:
    fired = rule.fires(case)
    return Decision(
        rule=rule.id,
        rule_version=case.rules.version,
        is_met=fired,
        fired=fired,
        tier=rule.tier if fired else None,
        inputs={name: case.input(name) for name in rule.looks_at},
    )


def occurrence_tier(decisions: Iterable[Decision]) -> Tier | None:
    """The tier of the occurrence on the `suicide_risk` alert; None: opens and adds nothing."""
    return highest(decision.tier for decision in decisions)


def card_level(
    facts: EntryFacts, decisions: Sequence[Decision], rules: RuleSet = RULES
) -> Literal["crisis", "support"] | None:
    """`crisis` goes with a critical alert; `support` with anything else positive or left open.

    Looks at the answer itself, not only at what fired: a plan, an amendment or a recent alert
    spares a page and never the card.
    """
    item9 = facts.item9_number or 0
    if occurrence_tier(decisions) is Tier.CRITICAL or facts.cssrs == "high":
        return "crisis"
    if item9 >= rules.item9_critical_from:
        return "crisis"
    open_or_positive = facts.item9 == "unknown" or item9 >= rules.item9_positive_from
    if open_or_positive or facts.cssrs not in (None, "none"):
        return "support"
    return "support" if any(decision.fired for decision in decisions) else None


def next_instrument(facts: EntryFacts, rules: RuleSet = RULES) -> Literal["cssrs-screener"] | None:
    """What the app asks next: the C-SSRS screener after a positive item 9 (VA Risk ID)."""
    positive = (facts.item9_number or 0) >= rules.item9_positive_from
    return "cssrs-screener" if positive else None
