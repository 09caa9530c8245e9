"""The crisis card as patients of the clinic see it, with all that the clinic has set."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from services.access import Action, Actor, scopes
from services.accounts.tokens.token_check import acting
from services.alerts.chain import load_chain
from services.rules.cards.crisis import RequestOutcome, card
from services.rules.languages.texts import TEXTS
from services.rules.languages.wording import chosen_language, wording


@dataclass(frozen=True, slots=True)
class CardPreview:
    """`card`: of an answer that paged somebody, as of now, in `language`."""

    card: dict[str, Any]
    language: str
    languages: tuple[tuple[str, str], ...]


def preview_card(actor: Actor, language: str | None, now: datetime) -> CardPreview:
    """The card in this language, else in the clinic's; raises `Forbidden` for a patient."""
    scopes(actor, Action.READ_CLINIC)
    with acting(actor, now) as session:
        clinic = load_chain(session, actor.clinic_id).facts
    chosen = chosen_language(language, clinic.language)
    worded = replace(clinic, wording=wording(chosen, clinic.reviews))
    shown = card("crisis", worded, now, RequestOutcome(paged=True))
    known = tuple((texts.language, texts.name) for texts in TEXTS.values())
    return CardPreview(shown, chosen, known)
