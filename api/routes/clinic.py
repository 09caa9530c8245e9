"""The clinic's settings and its alert chain."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from api.http.auth import current_actor, now
from api.http.bodies import Routes, json_answer
from schemas.base import page_of
from schemas.clinic import ClinicIn, ClinicOut, ContactIn, ContactOut
from services.clinic.contacts import (
    add_mail_contact,
    list_contacts,
    remove_contact,
    replace_last_resort,
)
from services.clinic.settings import change_clinic, get_clinic

routes = Routes("clinic", __name__, description="Settings of the clinic")


@routes.route("/v1/clinic", methods=["GET"])
@routes.response(200, ClinicOut)
def get_settings() -> Response:
    """The settings."""
    return json_answer(get_clinic(current_actor(), now()))


@routes.route("/v1/clinic", methods=["PATCH"])
@routes.arguments(ClinicIn)
@routes.response(200, ClinicOut)
def patch_settings(body: dict[str, Any]) -> Response:
    """Change the settings that are sent."""
    return json_answer(change_clinic(current_actor(), body, now()))


@routes.route("/v1/clinic/contacts", methods=["GET"])
@routes.response(200, page_of(ContactOut))
def get_contacts() -> Response:
    """The alert chain in the order in which it is paged."""
    return json_answer({"items": list_contacts(current_actor(), now()), "next_cursor": None})


@routes.route("/v1/clinic/contacts", methods=["POST"])
@routes.arguments(ContactIn)
@routes.response(201, ContactOut)
def post_contact(body: dict[str, Any]) -> Response:
    """Add a mail address to the end of the chain, before the last resort."""
    return json_answer(add_mail_contact(current_actor(), body["address"], now()), 201)


@routes.route("/v1/clinic/contacts/last-resort", methods=["PUT"])
@routes.arguments(ContactIn)
@routes.response(200, ContactOut)
def put_last_resort(body: dict[str, Any]) -> Response:
    """Replace the last resort."""
    return json_answer(replace_last_resort(current_actor(), body["address"], now()))


@routes.route("/v1/clinic/contacts/<uuid:contact_id>", methods=["DELETE"])
@routes.response(204)
def delete_contact(contact_id: UUID) -> None:
    """Take a contact out of the chain; the last resort stays."""
    remove_contact(current_actor(), contact_id, now())
