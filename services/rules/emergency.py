"""Rule E1: an emergency symptom or a life-threatening grade, whenever it is said."""

from services.rules.effects_report import EffectsReport, joined
from services.rules.rule_decision import RuleDecision
from services.rules.side_effects import SIDE_EFFECTS, SideEffectList


def e1(report: EffectsReport, known: SideEffectList = SIDE_EFFECTS) -> RuleDecision:
    """Decide E1: critical on any code of the emergency list, and on grade 4 of any code.

    An end does not calm it, nor does a late report: somebody has to look (clinical reference 5.1).
    """
    found = report.emergencies(known)
    return RuleDecision(
        rule="E1",
        rule_version=known.version,
        fired=bool(found),
        holds=bool(found),
        severity="critical" if found else None,
        inputs={
            "codes": joined(effect.code for effect in found),
            "grade": max((effect.grade for effect in report.effects), default=None),
        },
    )
