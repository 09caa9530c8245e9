"""Check-ins and amendments: the crisis routes that a phone retries blindly."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from flask import Response, request

from api.http.auth import crisis_route, current_actor, now
from api.http.bodies import Routes, bytes_answer, json_answer
from schemas.base import page_of
from schemas.instants import read_instant
from schemas.phone.check_ins import (
    AmendIn,
    CheckInIn,
    CheckInListQuery,
    CheckInOut,
    CheckInWithVersionsOut,
    TimeIn,
)
from services.intake.check_in import CHECK_INS, amend_check_in, record_check_in
from services.intake.forms import AmendForm, CheckInForm
from services.intake.stated_times import state_time
from services.intake.versions import get_entry, list_entries

routes = Routes("check_ins", __name__, description="Check-ins: answers, scores and safety")


SENT_AT: Final = "Interlude-Sent-At"
SENT_AT_HEADER: Final = {
    "in": "header",
    "name": SENT_AT,
    "schema": {"type": "string"},
    "example": "2026-11-21T22:15:03-05:00",
    "description": "The phone's clock when sending, RFC 3339; not content. Over 15 minutes from"
    " the receipt is the flag clock_skew. What cannot be read is the same as left out.",
}


@routes.writes("/v1/check-ins", CheckInIn, CheckInOut, once=True)
@crisis_route
@routes.doc(parameters=[SENT_AT_HEADER])
def post_check_in(body: dict[str, Any]) -> Response:
    """Store a check-in exactly once; the answer carries score, flags and the safety card."""
    form = CheckInForm(**body)
    return bytes_answer(record_check_in(current_actor(), form, sent_at(), now()))


@routes.writes("/v1/check-ins/<uuid:check_in_id>/amend", AmendIn, CheckInOut, once=True)
@crisis_route
@routes.doc(parameters=[SENT_AT_HEADER])
def post_amendment(body: dict[str, Any], check_in_id: UUID) -> Response:
    """Replace all answers of a check-in by a new version; risk keeps the highest item 9."""
    form = AmendForm(**body)
    return bytes_answer(amend_check_in(current_actor(), check_in_id, form, sent_at(), now()))


@routes.writes("/v1/check-ins/<uuid:check_in_id>/time", TimeIn, CheckInWithVersionsOut)
def post_time(body: dict[str, Any], check_in_id: UUID) -> Response:
    """A clinician's word for when an entry with an implausible time was answered: it counts."""
    actor, at = current_actor(), now()
    state_time(actor, check_in_id, body["recorded_at"], body["reason"], at)
    return json_answer(get_entry(CHECK_INS, actor, check_in_id, at))


@routes.reads("/v1/check-ins", page_of(CheckInOut), CheckInListQuery)
def get_check_ins(query: dict[str, Any]) -> Response:
    """A patient's check-ins, newest first; staff name the patient."""
    return json_answer(list_entries(CHECK_INS, current_actor(), now=now(), **query))


@routes.reads("/v1/check-ins/<uuid:check_in_id>", CheckInWithVersionsOut)
def get_one_check_in(check_in_id: UUID) -> Response:
    """The current version under any of its versions' ids, with all versions."""
    return json_answer(get_entry(CHECK_INS, current_actor(), check_in_id, now()))


def sent_at() -> datetime | None:
    """The phone's clock when sending; a header that cannot be read is the same as none."""
    try:
        return read_instant(request.headers.get(SENT_AT, ""))
    except ValueError:
        return None
