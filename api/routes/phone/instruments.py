"""The questionnaires: whoever is logged in may read them; an unchanged one costs no body."""

from __future__ import annotations

from flask import Response

from api.http.auth import current_actor, now
from api.http.bodies import Routes
from api.http.languages import ACCEPT_LANGUAGE, in_languages
from api.http.polled import IF_NONE_MATCH, TAG, polled, polled_answer
from schemas.phone.instruments import InstrumentOut, InstrumentPage
from services.operations.instruments import clinic_instrument, clinic_instruments

routes = Routes("instruments", __name__, description="The questionnaires, as data")

ASKED = (IF_NONE_MATCH, ACCEPT_LANGUAGE)


@routes.reads("/v1/instruments", InstrumentPage, parameters=ASKED, headers=TAG)
@polled(routes)
def list_instruments() -> Response:
    """All instruments, complete, by code; C-SSRS in the clinic's own wording."""
    found, words = clinic_instruments(current_actor(), now())
    shown = {"items": InstrumentOut(many=True).dump(found), "next_cursor": None}
    return in_languages(polled_answer(shown, kept=True), words.languages)


@routes.reads("/v1/instruments/<code>", InstrumentOut, parameters=ASKED, headers=TAG)
@polled(routes)
def get_instrument(code: str) -> Response:
    """One instrument by its code."""
    found, words = clinic_instrument(current_actor(), code, now())
    return in_languages(polled_answer(InstrumentOut().dump(found), kept=True), words.languages)
