"""The safety card that an answer carries: it is made whatever fails, and never costs the answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog

from services.alerts.chain import Chain
from services.intake.deciding.outcome import Outcome
from services.patients.status.lock import LockedPatient
from services.rules.cards.crisis import Card, Level, RequestOutcome, card, generic_card
from services.rules.cards.medical import (
    EMERGENCY,
    MedicalAdvice,
    medical_advice,
    medical_card,
)
from services.rules.catalogue import CATALOGUE, FALLBACK
from services.rules.danger import triage
from services.rules.danger.triage import next_instrument
from services.rules.decision import Tier

log = structlog.get_logger()

SafetyCard = dict[str, object] | None


def safety_card(
    outcome: Outcome, patient: LockedPatient, chain: Callable[[], Chain], now: datetime
) -> SafetyCard:
    """The card for danger, for a bodily emergency, or for both; None for neither."""
    level, advice = _level(outcome), _advice(outcome)
    if level is None and advice is None:
        return None
    clinic = chain().facts
    paged = any(one.tier is not None and one.tier >= Tier.HIGH for one in outcome.decisions)
    receipt = RequestOutcome(paged=paged, followed=patient.followed)
    try:
        crisis: Card | None = None
        if level is not None:
            crisis = card(level, clinic, now, receipt, next_instrument(outcome.read.facts))
        return crisis if advice is None else medical_card(advice, clinic, now, receipt, crisis)
    except Exception as error:  # noqa: BLE001 -- a card that cannot be made must not cost the answer
        log.error("card_failed", kind=type(error).__name__)
        worst = level or (advice.level if advice else "support")
        return generic_card(committed=True, level=worst, country=clinic.country)


def _level(outcome: Outcome) -> Level | None:
    if not any(one.rule == FALLBACK for one in outcome.danger):
        return triage.card_level(outcome.read.facts, outcome.danger)
    tier = triage.occurrence_tier(outcome.danger)
    return "crisis" if tier is Tier.CRITICAL else "support" if tier else None


def _advice(outcome: Outcome) -> MedicalAdvice | None:
    answered = (*outcome.others, *outcome.already_reported)
    if not any(CATALOGUE[one.rule].is_bodily for one in answered):
        return None
    try:
        return medical_advice(answered)
    except Exception as error:  # noqa: BLE001 -- words that cannot be chosen must not cost the answer
        log.error("advice_failed", kind=type(error).__name__)
        is_emergency = any(one.fired and one.rule == "E1" for one in answered)
        return EMERGENCY if is_emergency else None
