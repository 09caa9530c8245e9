"""Which languages the clinic has had reviewed: its own act, of one version of the texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select

from models import Clinic
from services import audit
from services.access import Action, Actor, scopes
from services.accounts.tokens.token_check import acting
from services.exceptions import Invalid, NotFound
from services.rules.languages.texts import ENGLISH, TEXTS, Texts
from services.rules.languages.wording import is_reviewed

OUTDATED: Final = "Not the version of these texts that patients read now: read them again."


def list_languages(actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """The languages beside English, with their reviews. Raises `Forbidden` for a patient."""
    scopes(actor, Action.READ_CLINIC)
    with acting(actor, now) as session:
        reviews = session.scalars(select(Clinic.reviewed_texts)).one()
    return [_shown(texts, reviews) for texts in TEXTS.values() if texts is not ENGLISH]


def get_language(actor: Actor, language: str, now: datetime) -> dict[str, Any]:
    """One of them with all its texts, the English ones beside them, as whoever reviews them reads
    them. Raises `NotFound`.
    """
    scopes(actor, Action.READ_CLINIC)
    texts = _known(language)
    with acting(actor, now) as session:
        shown = _shown(texts, session.scalars(select(Clinic.reviewed_texts)).one())
    return shown | {"texts": _plain(texts), "english": _plain(ENGLISH)}


def review_language(
    actor: Actor, language: str, name: str, version: str, now: datetime
) -> dict[str, Any]:
    """Say that somebody of this name, who speaks the language, has read this version of its texts:
    from now on they stand without the English ones.

    Raises `Forbidden`, `NotFound`, and `Invalid` for a version that is not the present one.
    """
    scopes(actor, Action.CHANGE_CLINIC)
    texts = _known(language)
    if version != texts.version:
        raise Invalid({"version": [OUTDATED]})
    review = {"version": version, "name": name, "by": str(actor.user_id), "at": now.isoformat()}
    return _shown(texts, _keep(actor, language, review, now))


def end_review(actor: Actor, language: str, now: datetime) -> None:
    """Take the review back: the English words stand below again. Raises `NotFound`."""
    scopes(actor, Action.CHANGE_CLINIC)
    _keep(actor, _known(language).language, None, now)


def _keep(
    actor: Actor, language: str, review: dict[str, str] | None, now: datetime
) -> dict[str, Any]:
    with acting(actor, now) as session:
        clinic = session.scalars(select(Clinic).with_for_update(key_share=True)).one()
        others = {name: one for name, one in clinic.reviewed_texts.items() if name != language}
        clinic.reviewed_texts = others | ({} if review is None else {language: review})
        action = "language_review_ended" if review is None else "language_reviewed"
        version = TEXTS[language].version
        audit.record(session, actor.user_id, action, now, None, clinic.id, version=version)
        return dict(clinic.reviewed_texts)


def _known(language: str) -> Texts:
    found = TEXTS.get(language)
    if found is None or found is ENGLISH:
        raise NotFound
    return found


def _shown(texts: Texts, reviews: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "language": texts.language,
        "name": texts.name,
        "version": texts.version,
        "is_reviewed": is_reviewed(texts, reviews),
        "review": reviews.get(texts.language),
    }


def _plain(texts: Texts) -> dict[str, Any]:
    """All texts as nested mappings."""
    forms = {code: form.plain() for code, form in texts.form_texts.items()}
    return {
        "card": asdict(texts.card),
        "app": dict(texts.app),
        "effect_labels": dict(texts.effect_labels),
        "grade_labels": dict(texts.grade_labels),
        "form_texts": forms,
    }
