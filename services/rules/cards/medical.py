"""The card that goes with a bodily emergency: call now, and do not wait for the clinic.

It stands beside the crisis card, and like it never says that anybody is safe.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.rules.cards.crisis import Card, ClinicFacts, Level, RequestOutcome, card
from services.rules.cards.lines import LINES, CrisisLines
from services.rules.catalogue import CATALOGUE
from services.rules.decide.side_effects import wants_repeat
from services.rules.decision import Decision, Tier

_EMERGENCY = (
    "What you describe can be an emergency. Call {words} now; do not wait for an answer from your"
    " clinic, and do not drive yourself."
)
_SEVERE = (
    "Please talk to your clinic about this today. If it gets worse, or if you are short of breath,"
    " faint, have chest pain, a sudden severe headache or trouble seeing, call {words}."
)
_REPEAT = (
    "Your blood pressure was very high. Sit quietly for five minutes, measure it again and send the"
    " second reading. If you have chest pain, shortness of breath, a severe headache or trouble"
    " seeing, call {words} now."
)


@dataclass(frozen=True, slots=True)
class MedicalAdvice:
    """What a report of side effects or a pressure asks for; `level` as on the crisis card."""

    level: Level
    words: str


EMERGENCY = MedicalAdvice("crisis", _EMERGENCY)


def medical_advice(decisions: Sequence[Decision]) -> MedicalAdvice | None:
    """Return what to say: `crisis` with a critical decision, `support` with a high one or when a
    second measurement is wanted, else None. Rules about mood say nothing here.
    """
    tiers = {each.tier for each in decisions if each.fired and CATALOGUE[each.rule].is_bodily}
    if Tier.CRITICAL in tiers:
        return EMERGENCY
    if wants_repeat(decisions):
        return MedicalAdvice("support", _REPEAT)
    return MedicalAdvice("support", _SEVERE) if Tier.HIGH in tiers else None


def medical_card(
    advice: MedicalAdvice,
    clinic: ClinicFacts,
    now: datetime,
    receipt: RequestOutcome,
    also: Card | None = None,
    lines: CrisisLines = LINES,
) -> Card:
    """The card of one report at `now` (aware). `also`: the crisis card of the same answer, whose
    words follow and whose resources stay.
    """
    country = lines.country(clinic.country)
    own = advice.words.format(words=country.emergency_words)
    if also is not None:
        level = "crisis" if "crisis" in (advice.level, also["level"]) else "support"
        return {**also, "level": level, "message": f"{own} {also['message']}"}
    plain = card(advice.level, clinic, now, receipt, None, lines)
    emergency: Card = {"name": country.emergency_name}
    if country.emergency:
        emergency["phone"] = country.emergency
    own_clinic: list[Card] = (
        [{"name": "Your clinic", "phone": clinic.phone}] if clinic.phone else []
    )
    return {**plain, "message": own, "resources": [emergency, *own_clinic]}
