"""The questionnaires: whoever is logged in may read them; an unchanged one costs no body."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, request

from api.http.auth import current_actor, now
from api.http.bodies import Routes, json_answer
from api.http.languages import ACCEPT_LANGUAGE, in_languages
from schemas.phone.instruments import InstrumentOut, InstrumentPage
from services.operations.instruments import clinic_instrument, clinic_instruments
from services.rules.languages.wording import Wording

routes = Routes("instruments", __name__, description="The questionnaires, as data")

TAG: Final = {"ETag": {"description": "Names this content", "schema": {"type": "string"}}}
IF_NONE_MATCH: Final = {
    "in": "header",
    "name": "If-None-Match",
    "description": "The ETag of the copy at hand; unchanged content answers 304",
    "schema": {"type": "string"},
}
ASKED: Final = [IF_NONE_MATCH, ACCEPT_LANGUAGE]


@routes.route("/v1/instruments", methods=["GET"], parameters=ASKED)
@routes.response(200, InstrumentPage, headers=TAG)
@routes.alt_response(304, description="Unchanged", headers=TAG, success=True)
def list_instruments() -> Response:
    """All instruments, complete, by code; C-SSRS in the clinic's own wording."""
    found, words = clinic_instruments(current_actor(), now())
    return _tagged({"items": InstrumentOut(many=True).dump(found), "next_cursor": None}, words)


@routes.route("/v1/instruments/<code>", methods=["GET"], parameters=ASKED)
@routes.response(200, InstrumentOut, headers=TAG)
@routes.alt_response(304, description="Unchanged", headers=TAG, success=True)
def get_instrument(code: str) -> Response:
    """One instrument by its code."""
    found, words = clinic_instrument(current_actor(), code, now())
    return _tagged(InstrumentOut().dump(found), words)


def _tagged(document: Any, words: Wording) -> Response:
    """With an ETag, to be kept by the phone and asked about again."""
    response = in_languages(json_answer(document), words.languages)
    response.headers["Cache-Control"] = "private, no-cache"
    response.add_etag()
    response.make_conditional(request)
    return response
