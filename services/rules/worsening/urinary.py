"""Rule U1: the bladder, from the monthly form or from side effects that were reported.

It is about harm that lasts, so late entries and partial forms fire too. Blood in the urine is high.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date

from services.rules.decision import Decision, Tier
from services.rules.side_effects.coded_list import SIDE_EFFECTS
from services.rules.statistics import as_number
from services.rules.worsening.numbers import FORM_RULE_THRESHOLDS, FormRuleThresholds, U1Thresholds

BLOOD_ITEM = "q5"
BLOOD_EFFECT = "blood_in_urine"
URINARY_EFFECTS = frozenset(
    code for code, effect in SIDE_EFFECTS.effects.items() if effect.group == "urinary"
)


@dataclass(frozen=True, slots=True)
class UrinaryForm:
    """One monthly form: `items` by link id, 0-3, None where left out or declined."""

    day: date
    items: Mapping[str, int | None]

    @property
    def points(self) -> int:
        """The sum of what was answered (0-15); what was left out can only add to it."""
        return sum(value for value in self.items.values() if value is not None)


def u1(
    form: UrinaryForm,
    baseline: float | None,
    seen_before: Collection[str] | None = None,
    sessions: int = 0,
    thresholds: FormRuleThresholds = FORM_RULE_THRESHOLDS,
) -> Decision:
    """Decide U1 of one form: any item of 2, any blood, 3 points above the own baseline, or any item
    above 0 that is new after 4 sessions.

    `baseline` is the total of the patient's first complete form, None before there is one;
    `seen_before` the items above 0 in any other form (None: not known), `sessions` how many had
    begun. A partial form fires on the answers that it has; nothing is guessed.
    """
    limits = thresholds.u1
    given = {link: value for link, value in form.items.items() if value is not None}
    worst = max(given.values(), default=None)
    rise = None if baseline is None else as_number(form.points - baseline)
    blood = given.get(BLOOD_ITEM)
    bloody = blood is not None and blood >= limits.blood_item
    risen = rise is not None and rise >= limits.total_rise
    present = {link for link, value in given.items() if value > 0}
    is_new = seen_before is not None and _is_new(present, seen_before, sessions, limits)
    met = bloody or risen or is_new or (worst is not None and worst >= limits.item)
    return Decision.with_tier(
        "U1",
        thresholds.version,
        _tier(met, bloody),
        {
            "on": form.day.isoformat(),
            "worst_item": worst,
            "item_limit": limits.item,
            "blood": blood,
            "blood_limit": limits.blood_item,
            "answered": len(given),
            "points": form.points,
            "baseline": baseline,
            "rise": rise,
            "rise_limit": limits.total_rise,
            "new_after_sessions": is_new,
            "sessions": sessions,
            "sessions_limit": limits.new_after_sessions,
        },
    )


def u1_effects(
    grades: Mapping[str, int],
    on: date,
    seen_before: Collection[str],
    sessions: int,
    thresholds: FormRuleThresholds = FORM_RULE_THRESHOLDS,
) -> Decision:
    """Decide U1 of one report of side effects about the mood day `on`.

    `grades` is the highest grade (1-4) by code in this report, of any code; `seen_before` the codes
    of earlier reports; `sessions` how many had begun. It holds on a urinary code of grade 2, on any
    blood, and on any urinary code that is new after 4 sessions.
    """
    limits = thresholds.u1
    urinary = {code: grade for code, grade in grades.items() if code in URINARY_EFFECTS}
    worst = max(urinary.values(), default=None)
    blood = urinary.get(BLOOD_EFFECT)
    bloody = blood is not None and blood >= limits.blood_grade
    is_new = _is_new(urinary.keys(), seen_before, sessions, limits)
    met = bloody or is_new or (worst is not None and worst >= limits.effect_grade)
    return Decision.with_tier(
        "U1",
        thresholds.version,
        _tier(met, bloody),
        {
            "on": on.isoformat(),
            "worst_grade": worst,
            "grade_limit": limits.effect_grade,
            "blood": blood,
            "blood_limit": limits.blood_grade,
            "codes": " ".join(sorted(urinary)),
            "new_after_sessions": is_new,
            "sessions": sessions,
            "sessions_limit": limits.new_after_sessions,
        },
    )


def _is_new(
    present: AbstractSet[str],
    seen_before: Collection[str],
    sessions: int,
    limits: U1Thresholds,
) -> bool:
    return sessions >= limits.new_after_sessions and not present <= set(seen_before)


def _tier(met: bool, bloody: bool) -> Tier | None:
    if not met:
        return None
    return Tier.HIGH if bloody else Tier.MEDIUM
