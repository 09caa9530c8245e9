"""Inviting people and devices."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from flask import Response

from api.http.auth import current_actor, now
from api.http.bodies import Routes, json_answer
from schemas.accounts import DeviceInvitationIn, InvitationIn, InvitationOut
from services.membership.invitations import InvitationForm, Invited, invite, invite_device

routes = Routes("invitations", __name__, description="Invitations")


@routes.writes("/v1/invitations", InvitationIn, InvitationOut, status=201)
def post_invitation(body: dict[str, Any]) -> Response:
    """Make an account and a code for it; for a patient also their record."""
    return code_answer(invite(current_actor(), InvitationForm(**body), now()))


@routes.writes(
    "/v1/patients/<uuid:patient_id>/invitations", DeviceInvitationIn, InvitationOut, status=201
)
def post_device_invitation(body: dict[str, Any], patient_id: UUID) -> Response:
    """Make a code for another device of a known patient."""
    return code_answer(invite_device(current_actor(), patient_id, now(), **body))


def code_answer(invited: Invited) -> Response:
    """The code, and whom it makes."""
    shown = {name: value for name, value in asdict(invited).items() if value is not None}
    return json_answer(shown, 201)
