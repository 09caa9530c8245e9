"""What is due: the patient's own list, and that of a patient in view."""

from __future__ import annotations

from uuid import UUID

from flask import Response

from api.http.auth import current_actor, now
from api.http.bodies import Routes, json_answer
from schemas.phone.due import DueOut
from services.due import get_due

routes = Routes("due", __name__, description="What is due, anchored on treatment")


@routes.reads("/v1/me/due", DueOut)
def own_due() -> Response:
    """What is due for me, and until when I must not drive."""
    actor = current_actor()
    return json_answer(get_due(actor, actor.own_patient_id(), now()))


@routes.reads("/v1/patients/<uuid:patient_id>/due", DueOut)
def patient_due(patient_id: UUID) -> Response:
    """What is due for a patient in view."""
    return json_answer(get_due(current_actor(), patient_id, now()))
