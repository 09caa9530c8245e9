"""Rule B1: a switch towards mania, from the ASRM or from side effects that were reported.

It watches everybody, for hypomania comes with treatment too; of patients who are treated for
bipolar disorder it fires earlier. Unlike worsening it is about danger: late entries and partial
forms fire too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from services.rules.day_series import DayValue
from services.rules.decision import Decision, Tier
from services.rules.indications import INDICATIONS
from services.rules.statistics import as_number
from services.rules.worsening.numbers import FORM_RULE_THRESHOLDS, FormRuleThresholds

ELEVATED_MOOD = "elevated_mood_or_agitation"


def is_bipolar(indications: Iterable[str]) -> bool:
    """Does one of a patient's indications name bipolar disorder, by any name, code or abbreviation
    of the catalogue?
    """
    return "bipolar" in INDICATIONS.newest.kinds_in(indications)


def b1(
    on: date,
    points: int | None,
    earlier: Sequence[DayValue],
    indications: Iterable[str],
    thresholds: FormRuleThresholds = FORM_RULE_THRESHOLDS,
) -> Decision:
    """Decide B1 of one ASRM (0-20): at least 6; in bipolar disorder also 4 above the lowest of the
    90 days before.

    `points` is the sum of the items that were answered: what was left out can only add to it, so a
    partial form fires when it is sure to reach the limit and is never guessed. None: no answer.
    """
    limits = thresholds.b1
    days = thresholds.measures.own_past.reference_days
    past = [v.value for v in earlier if 1 <= (on - v.day).days <= days]
    lowest = min(past, default=None)
    rise = None if points is None or lowest is None else points - lowest
    reached = points is not None and points >= limits.asrm_total
    risen = rise is not None and rise >= limits.asrm_rise
    indicated = is_bipolar(indications)
    met = reached or (indicated and risen)
    return Decision.with_tier(
        rule="B1",
        rule_version=thresholds.version,
        tier=Tier.HIGH if met else None,
        inputs={
            "on": on.isoformat(),
            "indicated": indicated,
            "points": points,
            "points_limit": limits.asrm_total,
            "lowest": None if lowest is None else as_number(lowest),
            "rise": None if rise is None else as_number(rise),
            "rise_limit": limits.asrm_rise,
        },
    )


def b1_effects(
    grades: Mapping[date, int],
    on: date,
    indications: Iterable[str],
    thresholds: FormRuleThresholds = FORM_RULE_THRESHOLDS,
) -> Decision:
    """Decide B1 of a report of elevated mood or agitation about the mood day `on`.

    `grades` is the highest grade (1-4) by mood day, that of the report included. It holds on grade
    3; in bipolar disorder also on two consecutive days of grade 2 or more, of which `on` is one: a
    day that is filled in late counts with its neighbours on both sides.
    """
    limits = thresholds.b1
    run = _run_around(grades, on, limits.effect_grade)
    indicated = is_bipolar(indications)
    alone = grades.get(on, 0) >= limits.effect_grade_alone
    met = alone or (indicated and run >= limits.effect_days)
    return Decision.with_tier(
        rule="B1",
        rule_version=thresholds.version,
        tier=Tier.HIGH if met else None,
        inputs={
            "on": on.isoformat(),
            "indicated": indicated,
            "grade": grades.get(on),
            "grade_limit": limits.effect_grade,
            "grade_alone_limit": limits.effect_grade_alone,
            "days": run,
            "days_limit": limits.effect_days,
        },
    )


def _run_around(grades: Mapping[date, int], on: date, limit: int) -> int:
    """How many days in a row, `on` among them, reach the grade; 0 when it does not itself."""
    days = {day.toordinal() for day, grade in grades.items() if grade >= limit}
    middle = on.toordinal()
    if middle not in days:
        return 0
    first = last = middle
    while first - 1 in days:
        first -= 1
    while last + 1 in days:
        last += 1
    return last - first + 1
