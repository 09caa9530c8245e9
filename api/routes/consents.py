"""Consent: the text in force, what was agreed to, and taking it back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from api.http.auth import current_actor, now
from api.http.bodies import Routes, bytes_answer, json_answer
from schemas.privacy.consent import ConsentIn, ConsentOut, ConsentQuery, ConsentsOut
from services.consent.giving import NewConsent, accept, withdraw
from services.consent.listing import list_consents

routes = Routes("consents", __name__, description="What patients agree to")


@routes.reads("/v1/consents", ConsentsOut, ConsentQuery)
def get_consents(query: dict[str, Any]) -> Response:
    """The text in force in the reader's language, and what was agreed to: by oneself, or by the
    patients in view.
    """
    asked = query.get("patient_id"), query["limit"], query.get("cursor")
    return json_answer(list_consents(current_actor(), *asked, now()))


@routes.writes("/v1/consents", ConsentIn, ConsentOut, once=True)
def post_consent(body: dict[str, Any]) -> Response:
    """Agree to a version of the text; staff enter it for a patient in view who has signed it."""
    return bytes_answer(accept(current_actor(), NewConsent(**body), now()))


@routes.writes("/v1/consents/<uuid:consent_id>/withdraw", None, ConsentOut)
def post_withdrawal(consent_id: UUID) -> Response:
    """Take it back. The clinic no longer reads ordinary answers; danger and calls for help are
    taken as ever, and an open alert goes on.
    """
    return json_answer(withdraw(current_actor(), consent_id, now()))
