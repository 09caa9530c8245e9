"""Sessions of treatment: what was given, the vital signs around it, and what was decided."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from api.http.auth import current_actor, now
from api.http.bodies import Routes, bytes_answer, json_answer
from schemas.base import PageQuery, page_of
from schemas.clinicians.treatment import (
    DecisionIn,
    DecisionOut,
    ScreeningIn,
    ScreeningOut,
    SessionChangeIn,
    SessionIn,
    TreatmentSessionOut,
    VitalsChangeIn,
    VitalsIn,
    VitalsOut,
)
from services.treatment.decisions import decide_about_session, list_decisions
from services.treatment.screenings import add_screening, list_screenings
from services.treatment.session_record import get_session, list_sessions
from services.treatment.sessions import change_session, create_session
from services.treatment.vitals import change_vitals, list_vitals, record_vitals

routes = Routes("sessions", __name__, description="Sessions, vital signs, clearance")
SESSIONS = "/v1/patients/<uuid:patient_id>/sessions"
ONE = f"{SESSIONS}/<uuid:session_id>"


@routes.writes(SESSIONS, SessionIn, TreatmentSessionOut, once=True)
def post_session(body: dict[str, Any], patient_id: UUID) -> Response:
    """Enter a session, also a planned or a past one; its flags say what was missing."""
    record_id = body.pop("id", None)
    return bytes_answer(create_session(current_actor(), patient_id, record_id, body, now()))


@routes.reads(SESSIONS, page_of(TreatmentSessionOut), PageQuery)
def get_sessions(query: dict[str, Any], patient_id: UUID) -> Response:
    """A patient's sessions, newest first, cancelled ones too."""
    return json_answer(list_sessions(current_actor(), patient_id, now=now(), **query))


@routes.reads(ONE, TreatmentSessionOut)
def get_one_session(patient_id: UUID, session_id: UUID) -> Response:
    """One session as it stands now."""
    return json_answer(get_session(current_actor(), patient_id, session_id, now()))


@routes.writes(ONE, SessionChangeIn, TreatmentSessionOut, method="PATCH")
def patch_session(body: dict[str, Any], patient_id: UUID, session_id: UUID) -> Response:
    """Correct or cancel a session; every window is worked out anew."""
    return json_answer(change_session(current_actor(), patient_id, session_id, body, now()))


@routes.writes(f"{ONE}/vitals", VitalsIn, VitalsOut, once=True)
def post_vitals(body: dict[str, Any], patient_id: UUID, session_id: UUID) -> Response:
    """Record vital signs; what they mean is decided, answered and paged at once."""
    record_id = body.pop("id", None)
    return bytes_answer(
        record_vitals(current_actor(), patient_id, session_id, record_id, body, now())
    )


@routes.reads(f"{ONE}/vitals", page_of(VitalsOut), PageQuery)
def get_vitals(query: dict[str, Any], patient_id: UUID, session_id: UUID) -> Response:
    """The vital signs of a session, newest first."""
    return json_answer(list_vitals(current_actor(), patient_id, session_id, now=now(), **query))


@routes.writes(f"{ONE}/vitals/<uuid:vitals_id>", VitalsChangeIn, VitalsOut, method="PATCH")
def patch_vitals(
    body: dict[str, Any], patient_id: UUID, session_id: UUID, vitals_id: UUID
) -> Response:
    """Correct vital signs; earlier versions are kept, and what is new in them pages."""
    return json_answer(
        change_vitals(current_actor(), patient_id, session_id, vitals_id, body, now())
    )


@routes.writes(f"{ONE}/decisions", DecisionIn, DecisionOut, once=True)
def post_decision(body: dict[str, Any], patient_id: UUID, session_id: UUID) -> Response:
    """Clear for dosing, let go home, or note that the driving restriction was understood.

    Refused, with the reasons, while something stands against it.
    """
    record_id = body.pop("id", None)
    return bytes_answer(
        decide_about_session(current_actor(), patient_id, session_id, record_id, body, now())
    )


@routes.reads(f"{ONE}/decisions", page_of(DecisionOut), PageQuery)
def get_decisions(query: dict[str, Any], patient_id: UUID, session_id: UUID) -> Response:
    """What was decided about a session, newest first."""
    return json_answer(list_decisions(current_actor(), patient_id, session_id, now=now(), **query))


@routes.writes("/v1/patients/<uuid:patient_id>/screenings", ScreeningIn, ScreeningOut, once=True)
def post_screening(body: dict[str, Any], patient_id: UUID) -> Response:
    """Record a screening for contraindications; the newest one counts until it expires."""
    record_id = body.pop("id", None)
    return bytes_answer(add_screening(current_actor(), patient_id, record_id, body, now()))


@routes.reads("/v1/patients/<uuid:patient_id>/screenings", page_of(ScreeningOut), PageQuery)
def get_screenings(query: dict[str, Any], patient_id: UUID) -> Response:
    """A patient's screenings, newest first."""
    return json_answer(list_screenings(current_actor(), patient_id, now=now(), **query))
