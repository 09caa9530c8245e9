"""Which S rules does one entry fire, and how urgent is it (clinical.md 5.1)?

`TABLE` below is the rule set: read it top to bottom, every row is decided for every entry. Rows are
never skipped by time; only a standing plan turns S2 into S2p. An amendment counts only where it is
above the highest earlier version, except for its words (S7): those are new whatever the numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from services.rules.danger.entry import (
    CSSRS_RANK,
    CssrsLevel,
    EntryFacts,
    EntryKind,
    Item9,
    RiskHistory,
)
from services.rules.danger.numbers import RULES, RULES_VERSION, RuleSet
from services.rules.decision import Tier, highest
from services.rules.mood_days import shift

__all__ = [
    "CSSRS_RANK",
    "RULES_VERSION",
    "TABLE",
    "CssrsLevel",
    "Decision",
    "EntryFacts",
    "EntryKind",
    "Item9",
    "RiskHistory",
    "Tier",
    "card_level",
    "next_instrument",
    "occurrence_tier",
    "triage",
]


@dataclass(frozen=True, slots=True)
class Decision:
    """One row of `TABLE`, decided: kept with the entry also when it did not fire."""

    rule: str
    tier: Tier | None
    fired: bool
    inputs: dict[str, object] = field(hash=False)


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

    def inputs(self, names: tuple[str, ...]) -> dict[str, object]:
        """What the row looked at, in plain JSON values: facts of the entry or of this case."""
        values = {name: getattr(self.facts, name, None) for name in names}
        own = {name: getattr(self, name) for name in names if hasattr(self, name)}
        return {name: _plain(value) for name, value in {**values, **own}.items()}


def _plain(value: object) -> object:
    return value.word if isinstance(value, Tier) else value


@dataclass(frozen=True, slots=True)
class Row:
    """One rule: its id, what it says, the tier (None: fires and pages nobody), what it looks at."""

    id: str
    words: str
    tier: Tier | None
    fires: Callable[[_Case], bool]
    looks_at: tuple[str, ...]


_ITEM9 = ("item9", "earlier_item9")
_CSSRS = ("cssrs", "earlier_cssrs")

TABLE: tuple[Row, ...] = (
    Row("S1", "item 9 is 2 or 3", Tier.CRITICAL, lambda c: c.item9_critical, _ITEM9),
    Row(
        "S2",
        "item 9 is 1 and no standing plan holds",
        Tier.HIGH,
        lambda c: c.item9_only_just_positive and not c.plan_holds,
        (*_ITEM9, "plan_holds"),
    ),
    Row(
        "S2p",
        "item 9 is 1 while a standing plan holds: recorded on the plan, not paged",
        None,
        lambda c: c.item9_only_just_positive and c.plan_holds,
        (*_ITEM9, "plan_holds"),
    ),
    Row(
        "S3",
        "C-SSRS high: Q4 or Q5 yes, or behaviour within 3 months",
        Tier.CRITICAL,
        lambda c: c.facts.counted_cssrs == "high",
        _CSSRS,
    ),
    Row(
        "S4",
        "C-SSRS moderate: Q3 yes, or behaviour earlier",
        Tier.HIGH,
        lambda c: c.facts.counted_cssrs == "moderate",
        _CSSRS,
    ),
    Row(
        "S5",
        "C-SSRS low: Q1 or Q2 only, with no positive item 9 in the 24 h before it",
        Tier.MEDIUM,
        lambda c: c.facts.counted_cssrs == "low" and not c.item9_just_before,
        (*_CSSRS, "item9_just_before"),
    ),
    Row(
        "S6a",
        "item 9 left out or declined by someone at risk in the last 14 days",
        Tier.HIGH,
        lambda c: c.facts.item9_unknown and c.recent_risk,
        ("item9", "recent_risk"),
    ),
    Row(
        "S6b",
        "item 9 left out or declined by anybody else",
        Tier.MEDIUM,
        lambda c: c.facts.item9_unknown and not c.recent_risk,
        ("item9", "recent_risk"),
    ),
    Row(
        "S7a",
        "crisis terms in a note together with item 9 of 1 or more",
        Tier.HIGH,
        lambda c: c.facts.crisis_terms and c.positive_answer,
        ("crisis_terms", "item9"),
    ),
    Row(
        "S7b",
        "crisis terms in a note otherwise",
        Tier.MEDIUM,
        lambda c: c.facts.crisis_terms and not c.positive_answer,
        ("crisis_terms", "item9"),
    ),
    Row(
        "S8",
        "a help request",
        Tier.CRITICAL,
        lambda c: c.facts.kind == "help_request",
        ("kind",),
    ),
    Row(
        "S9",
        "a C-SSRS in which a question that the branch asks is left out or declined",
        Tier.HIGH,
        lambda c: c.facts.counted_cssrs == "unknown",
        _CSSRS,
    ),
    Row(
        "S10a",
        "danger read in a refused request: more than an item 9 of 1",
        Tier.CRITICAL,
        lambda c: c.facts.kind == "unreadable" and c.facts.unreadable_tier is not Tier.HIGH,
        ("kind", "unreadable_tier"),
    ),
    Row(
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
    return tuple(
        Decision(row.id, row.tier if fired else None, fired, case.inputs(row.looks_at))
        for row in TABLE
        for fired in (row.fires(case),)
    )


def occurrence_tier(decisions: tuple[Decision, ...]) -> Tier | None:
    """The tier of the occurrence on the `suicide_risk` alert; None: opens and adds nothing."""
    return highest([decision.tier for decision in decisions if decision.tier is not None])


def card_level(
    facts: EntryFacts, decisions: tuple[Decision, ...], rules: RuleSet = RULES
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
