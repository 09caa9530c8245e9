"""Erasing a patient: two administrators."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from api.http.auth import current_actor, now
from api.http.bodies import Routes, json_answer
from schemas.base import PageQuery, page_of
from schemas.privacy.requests import ErasureIn, ErasureOut
from services.erasure.erase import confirm_erasure as erase
from services.erasure.erase import withdraw_erasure as withdraw
from services.erasure.requests import list_erasures, request_erasure

routes = Routes("erasures", __name__, description="Erasing a patient")


@routes.writes("/v1/patients/<uuid:patient_id>/erasure", ErasureIn, ErasureOut, status=201)
def post_erasure(body: dict[str, Any], patient_id: UUID) -> Response:
    """Ask that a patient be erased; it waits for a second administrator."""
    return json_answer(request_erasure(current_actor(), patient_id, body["reason"], now()), 201)


@routes.writes("/v1/erasures/<uuid:erasure_id>/confirm", None, ErasureOut)
def confirm_erasure(erasure_id: UUID) -> Response:
    """Erase the patient for good, as a second administrator."""
    return json_answer(erase(current_actor(), erasure_id, now()))


@routes.writes("/v1/erasures/<uuid:erasure_id>/withdraw", None, ErasureOut)
def withdraw_erasure(erasure_id: UUID) -> Response:
    """Take a request back, as any administrator; 409 once the patient is erased."""
    return json_answer(withdraw(current_actor(), erasure_id, now()))


@routes.reads("/v1/erasures", page_of(ErasureOut), PageQuery)
def get_erasures(query: dict[str, Any]) -> Response:
    """The clinic's erasures, asked for and done, newest first."""
    return json_answer(list_erasures(current_actor(), now(), **query))
