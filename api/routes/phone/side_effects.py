"""Side effects: a coded list with grades, and what to do at once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from api.http.auth import crisis_route, current_actor, now
from api.http.bodies import Routes, bytes_answer, json_answer
from api.http.languages import ACCEPT_LANGUAGE, in_languages
from api.routes.phone.check_ins import SENT_AT_HEADER, sent_at
from schemas.base import page_of
from schemas.phone.check_ins import EntryListQuery
from schemas.phone.side_effects import (
    EffectCodesOut,
    SideEffectsAmendIn,
    SideEffectsIn,
    SideEffectsOut,
    SideEffectsWithVersionsOut,
)
from services.intake.forms import EffectsAmendment, EffectsForm
from services.intake.side_effects import (
    SIDE_EFFECT_REPORTS,
    amend_side_effects,
    record_side_effects,
    side_effect_codes,
)
from services.intake.versions import get_entry, list_entries

routes = Routes("side_effects", __name__, description="Side effects, coded and graded")


@routes.writes("/v1/side-effects", SideEffectsIn, SideEffectsOut, once=True)
@crisis_route
@routes.doc(parameters=[SENT_AT_HEADER])
@routes.alt_response(404, "NOT_FOUND")
def post_side_effects(body: dict[str, Any]) -> Response:
    """Store a report exactly once; an emergency is answered with the number to call, and paged."""
    return bytes_answer(record_side_effects(current_actor(), EffectsForm(**body), sent_at(), now()))


@routes.writes(
    "/v1/side-effects/<uuid:report_id>/amend", SideEffectsAmendIn, SideEffectsOut, once=True
)
@crisis_route
@routes.doc(parameters=[SENT_AT_HEADER])
def post_effects_amendment(body: dict[str, Any], report_id: UUID) -> Response:
    """Replace effects and vitals of a report by a new version; what is new in it pages."""
    form = EffectsAmendment(**body)
    return bytes_answer(amend_side_effects(current_actor(), report_id, form, sent_at(), now()))


@routes.reads("/v1/side-effects", page_of(SideEffectsOut), EntryListQuery)
def get_reports(query: dict[str, Any]) -> Response:
    """A patient's reports, newest first; staff name the patient."""
    return json_answer(list_entries(SIDE_EFFECT_REPORTS, current_actor(), now=now(), **query))


@routes.reads("/v1/side-effects/codes", EffectCodesOut)
@routes.doc(parameters=[ACCEPT_LANGUAGE])
def get_codes() -> Response:
    """What can be reported, in lay words."""
    codes, words = side_effect_codes(current_actor(), now())
    return in_languages(json_answer(codes), words.languages)


@routes.reads("/v1/side-effects/<uuid:report_id>", SideEffectsWithVersionsOut)
def get_report(report_id: UUID) -> Response:
    """The current version under any of its versions' ids, with all versions."""
    return json_answer(get_entry(SIDE_EFFECT_REPORTS, current_actor(), report_id, now()))
