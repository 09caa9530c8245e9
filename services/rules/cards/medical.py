"""The card that goes with a bodily emergency: call now, and do not wait for the clinic.

It stands beside the crisis card, and like it never says that anybody is safe.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.rules.cards.crisis import (
    Card,
    ClinicFacts,
    Level,
    RequestOutcome,
    card,
    clinic_phone,
    emergency,
    led,
)
from services.rules.cards.lines import LINES, CrisisLines
from services.rules.catalogue import CATALOGUE
from services.rules.decide.side_effects import wants_repeat
from services.rules.decision import Decision, Tier
from services.rules.languages.texts import CardTexts
from services.rules.languages.wording import BELOW


@dataclass(frozen=True, slots=True)
class MedicalAdvice:
    """What a report of side effects or a pressure asks for; `level` as on the crisis card."""

    level: Level
    words: Callable[[CardTexts], str]


EMERGENCY = MedicalAdvice("crisis", lambda texts: texts.bodily_emergency)
_SEVERE = MedicalAdvice("support", lambda texts: texts.bodily_severe)
_REPEAT = MedicalAdvice("support", lambda texts: texts.measure_again)


def medical_advice(decisions: Sequence[Decision]) -> MedicalAdvice | None:
    """Return what to say: `crisis` with a critical decision, `support` with a high one or when a
    second measurement is wanted, else None. Rules about mood say nothing here.
    """
    tiers = {each.tier for each in decisions if each.fired and CATALOGUE[each.rule].is_bodily}
    if Tier.CRITICAL in tiers:
        return EMERGENCY
    if wants_repeat(decisions):
        return _REPEAT
    return _SEVERE if Tier.HIGH in tiers else None


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

    def words(texts: CardTexts) -> str:
        return advice.words(texts).format(number=country.number(texts))

    wording = clinic.wording
    own = led(wording, replace(country, lines=()), words)
    if also is not None:
        level = "crisis" if "crisis" in (advice.level, also["level"]) else "support"
        joint = " " if wording.reviewed else BELOW
        return {**also, "level": level, "message": f"{own}{joint}{also['message']}"}
    plain = card(advice.level, clinic, now, receipt, None, lines)
    found = [emergency(country, wording), *clinic_phone(clinic.phone, wording)]
    return {**plain, "message": own, "resources": found}
