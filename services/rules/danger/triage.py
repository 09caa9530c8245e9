"""Which S rules does one entry fire, and how urgent is it (clinical.md 5.1)?

What each says and its tier stand in the catalogue. Every rule is decided for every entry and never
skipped by time; only a standing plan turns S2 into S2p. An amendment counts only where it is above
the highest earlier version, except for its words (S7): those are new whatever the numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeVar

from services.rules.catalogue import CATALOGUE
from services.rules.danger.notes import Found, note_tier
from services.rules.danger.numbers import RULES, RuleSet
from services.rules.decision import Decision, RuleId, Tier, highest
from services.rules.instruments.definition import CSSRS_FORMS
from services.rules.mood_days import shift

EntryKind = Literal[
    "check_in",
    "amendment",
    "side_effects",
    "help_request",
    "unreadable",
    "vitals",
    "session",
]
Item9 = int | Literal["unknown"] | None
"""The answer to item 9 (0-3); `unknown`: left out or declined; None: this form does not ask it."""
CssrsLevel = Literal["none", "low", "moderate", "high", "unknown"]

CSSRS_RANK = {"none": 0, "low": 1, "unknown": 2, "moderate": 3, "high": 4}
"""Order of levels between versions of one form; unknown may hide anything up to high."""


@dataclass(frozen=True, slots=True)
class EntryFacts:
    """One entry, as the rules see it; both instants aware.

    `earlier_*`: for amendments, the highest of the earlier versions (None: no number there; for
    both C-SSRS values see `carried_forward`). `unreadable_tier`: for kind `unreadable`,
    the tier of what `find_danger` read in the refused request; `sender_verified`: its token holds.
    `crisis_terms`: found in its note. `lifetime_on_file`: a lifetime C-SSRS was completed before.
    """

    kind: EntryKind
    recorded_at: datetime
    received_at: datetime
    item9: Item9 = None
    cssrs: CssrsLevel | None = None
    crisis_terms: tuple[Found, ...] = ()
    flags: frozenset[str] = frozenset()
    earlier_item9: int | None = None
    earlier_cssrs: CssrsLevel | None = None
    unreadable_tier: Tier | None = None
    lifetime_on_file: bool = False
    sender_verified: bool = True

    @property
    def item9_number(self) -> int | None:
        """Item 9 as answered in this version; None when unknown or not asked."""
        return None if self.item9 == "unknown" else self.item9

    @property
    def counted_item9(self) -> int:
        """Item 9 as an occurrence: 0 when there is no number or an earlier version was as high."""
        value = self.item9_number or 0
        if self.kind == "amendment" and value <= (self.earlier_item9 or 0):
            return 0
        return value

    @property
    def words_tier(self) -> Tier | None:
        """How urgent its words are: beside any positive answer no "no" lowers them."""
        says_so = (
            (self.item9_number or 0) > 0
            or self.kind == "help_request"
            or CSSRS_RANK[self.cssrs or "none"] > CSSRS_RANK["low"]
        )
        return note_tier(self.crisis_terms, nothing_is_negated=says_so)

    @property
    def item9_unknown(self) -> bool:
        """Asked and not answered. An amendment never makes item 9 unknown (contract, amend)."""
        return self.item9 == "unknown" and self.kind != "amendment"

    @property
    def counted_cssrs(self) -> CssrsLevel | None:
        """The C-SSRS level as an occurrence: None when an earlier version was as high."""
        if self.kind == "amendment" and self.cssrs is not None and self.earlier_cssrs is not None:
            risen = CSSRS_RANK[self.cssrs] > CSSRS_RANK[self.earlier_cssrs]
            return self.cssrs if risen else None
        return self.cssrs


@dataclass(frozen=True, slots=True)
class RiskHistory:
    """The latest instants at which this patient was positive, this entry left out.

    Each is the latest `recorded_at` (`received_at` for an entry with `clock_skew`) of any version,
    also voided, late, spared or unreadable ones; None: never.
    """

    item9_positive_at: datetime | None = None
    cssrs_moderate_at: datetime | None = None


V = TypeVar("V")


def carried_forward(versions: Sequence[Mapping[str, V]]) -> list[dict[str, V]]:
    """Each version with the numbers of the earlier ones kept where it left out or declined.

    Blanking an answer is not an unknown answer. The C-SSRS level for `EntryFacts.cssrs` is taken
    from the last of these, `earlier_cssrs` from the others, never from the bare versions.
    """
    merged: list[dict[str, V]] = []
    numbers: dict[str, V] = {}
    for version in versions:
        numbers = numbers | {key: value for key, value in version.items() if type(value) is int}
        merged.append({**version, **numbers})
    return merged


def highest_item9(values: Iterable[object]) -> int | None:
    """The highest number among item 9 of several versions; None when none is a number."""
    return max((value for value in values if type(value) is int), default=None)


def highest_level(levels: Iterable[CssrsLevel]) -> CssrsLevel | None:
    """The highest C-SSRS level of several versions; None when there is none."""
    return max(levels, key=CSSRS_RANK.__getitem__, default=None)


@dataclass(frozen=True, slots=True)
class _Case:
    """What the conditions look at, worked out once. `positive_answer`: also in an amendment that is
    no higher than before, for the answer still says so. `recent_risk`: item 9 or C-SSRS positive in
    the last 14 days. `item9_just_before`: a positive item 9 in the 24 h before this entry, which is
    then its follow-up. `crisis_terms`: the ids of those in the note, `-` before one that a "no" or
    another person lowers.
    """

    facts: EntryFacts
    item9: Item9
    earlier_item9: int | None
    item9_critical: bool
    item9_only_just_positive: bool
    item9_unknown: bool
    positive_answer: bool
    plan_holds: bool
    cssrs: CssrsLevel | None
    earlier_cssrs: CssrsLevel | None
    counted_cssrs: CssrsLevel | None
    recent_risk: bool
    item9_just_before: bool
    crisis_terms: str
    words_tier: Tier | None
    kind: EntryKind
    unreadable_tier: str | None
    sender_verified: bool


def _case(facts: EntryFacts, history: RiskHistory, plan_holds: bool, rules: RuleSet) -> _Case:
    counted, critical = facts.counted_item9, rules.item9_critical_from
    tier, positive_at = facts.unreadable_tier, history.item9_positive_at
    # A phone ahead of time shortens nothing.
    since = shift(min(facts.recorded_at, facts.received_at), -rules.recent_risk)
    at_risk = [at for at in (positive_at, history.cssrs_moderate_at) if at is not None]
    just_before = positive_at is not None and "clock_skew" not in facts.flags
    return _Case(
        facts=facts,
        item9=facts.item9,
        earlier_item9=facts.earlier_item9,
        item9_critical=counted >= critical,
        item9_only_just_positive=rules.item9_positive_from <= counted < critical,
        item9_unknown=facts.item9_unknown,
        positive_answer=(facts.item9_number or 0) >= rules.item9_positive_from,
        plan_holds=plan_holds,
        cssrs=facts.cssrs,
        earlier_cssrs=facts.earlier_cssrs,
        counted_cssrs=facts.counted_cssrs,
        recent_risk=any(at >= since for at in at_risk),
        item9_just_before=just_before
        and positive_at is not None
        and positive_at <= facts.recorded_at <= shift(positive_at, rules.item9_before_cssrs),
        crisis_terms=" ".join(
            sorted({"-" * one.is_lowered + one.term for one in facts.crisis_terms})
        ),
        words_tier=facts.words_tier,
        kind=facts.kind,
        unreadable_tier=None if tier is None else tier.word,
        sender_verified=facts.sender_verified,
    )


@dataclass(frozen=True, slots=True)
class Condition:
    """When a rule is met, and the facts that are kept with its decision."""

    is_met: Callable[[_Case], bool]
    inputs: tuple[str, ...]


_ITEM9 = ("item9", "earlier_item9")
_CSSRS = ("cssrs", "earlier_cssrs")
_UNREADABLE = ("kind", "unreadable_tier", "sender_verified")


def _is_unreadable(case: _Case, *, is_high: bool, verified: bool) -> bool:
    facts = case.facts
    return (
        case.kind == "unreadable"
        and (facts.unreadable_tier is Tier.HIGH) is is_high
        and facts.sender_verified is verified
    )


CONDITIONS: Final[Mapping[RuleId, Condition]] = {
    "S1": Condition(lambda c: c.item9_critical, _ITEM9),
    "S2": Condition(
        lambda c: c.item9_only_just_positive and not c.plan_holds, (*_ITEM9, "plan_holds")
    ),
    "S2p": Condition(
        lambda c: c.item9_only_just_positive and c.plan_holds, (*_ITEM9, "plan_holds")
    ),
    "S3": Condition(lambda c: c.counted_cssrs == "high", _CSSRS),
    "S4": Condition(lambda c: c.counted_cssrs == "moderate", _CSSRS),
    "S5": Condition(
        lambda c: c.counted_cssrs == "low" and not c.item9_just_before,
        (*_CSSRS, "item9_just_before"),
    ),
    "S6a": Condition(lambda c: c.item9_unknown and c.recent_risk, ("item9", "recent_risk")),
    "S6b": Condition(lambda c: c.item9_unknown and not c.recent_risk, ("item9", "recent_risk")),
    "S7a": Condition(
        lambda c: c.words_tier is not None and (c.positive_answer or c.words_tier is Tier.HIGH),
        ("crisis_terms", "item9"),
    ),
    "S7b": Condition(
        lambda c: c.words_tier is Tier.MEDIUM and not c.positive_answer, ("crisis_terms", "item9")
    ),
    "S8": Condition(lambda c: c.kind == "help_request", ("kind",)),
    "S9": Condition(lambda c: c.counted_cssrs == "unknown", _CSSRS),
    "S10a": Condition(lambda c: _is_unreadable(c, is_high=False, verified=True), _UNREADABLE),
    "S10b": Condition(lambda c: _is_unreadable(c, is_high=True, verified=True), _UNREADABLE),
    "S10c": Condition(lambda c: _is_unreadable(c, is_high=False, verified=False), _UNREADABLE),
    "S10d": Condition(lambda c: _is_unreadable(c, is_high=True, verified=False), _UNREADABLE),
}


def triage(
    facts: EntryFacts, history: RiskHistory, plan_holds: bool, rules: RuleSet = RULES
) -> tuple[Decision, ...]:
    """Every rule of `CONDITIONS` decided for one entry, in their order."""
    case = _case(facts, history, plan_holds, rules)
    return tuple(
        Decision(
            rule=rule,
            rule_version=rules.version,
            is_met=is_met,
            fired=is_met,
            tier=CATALOGUE[rule].tier if is_met else None,
            inputs={name: getattr(case, name) for name in condition.inputs},
        )
        for rule, condition in CONDITIONS.items()
        for is_met in (condition.is_met(case),)
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
    if highest(one.tier for one in decisions) is Tier.CRITICAL or facts.cssrs == "high":
        return "crisis"
    if item9 >= rules.item9_critical_from:
        return "crisis"
    open_or_positive = facts.item9 == "unknown" or item9 >= rules.item9_positive_from
    if open_or_positive or facts.cssrs not in (None, "none"):
        return "support"
    return "support" if any(decision.fired for decision in decisions) else None


def next_instrument(facts: EntryFacts, rules: RuleSet = RULES) -> str | None:
    """What the app asks next after a positive item 9 (VA Risk ID): the lifetime C-SSRS, and once
    that is on file, what is new since the last one.
    """
    lifetime, since_last = CSSRS_FORMS
    if (facts.item9_number or 0) < rules.item9_positive_from:
        return None
    return since_last if facts.lifetime_on_file else lifetime
