"""The clinic's settings and its alert chain."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from flask import Response

from api.http.auth import current_actor, now
from api.http.bodies import Routes, json_answer
from schemas.base import PageQuery, page_of
from schemas.clinic import (
    ClinicIn,
    ClinicOut,
    ContactIn,
    ContactOut,
    LanguageOut,
    LanguageTextsOut,
    ReviewIn,
)
from schemas.drills import DrillIn, DrillOut, DrillsOut
from services.alerts.drills import list_drills, start_drill
from services.clinic.contacts import (
    add_mail_contact,
    list_contacts,
    remove_contact,
    replace_last_resort,
)
from services.clinic.languages import (
    end_review,
    get_language,
    list_languages,
    review_language,
)
from services.clinic.settings import change_clinic, get_clinic

routes = Routes("clinic", __name__, description="Settings of the clinic")

REVIEW: Final = "/v1/clinic/languages/<string:language>/review"


@routes.reads("/v1/clinic", ClinicOut)
def get_settings() -> Response:
    """The settings."""
    return json_answer(get_clinic(current_actor(), now()))


@routes.writes("/v1/clinic", ClinicIn, ClinicOut, method="PATCH")
def patch_settings(body: dict[str, Any]) -> Response:
    """Change the settings that are sent."""
    return json_answer(change_clinic(current_actor(), body, now()))


@routes.reads("/v1/clinic/contacts", page_of(ContactOut))
def get_contacts() -> Response:
    """The alert chain in the order in which it is paged."""
    return json_answer({"items": list_contacts(current_actor(), now()), "next_cursor": None})


@routes.writes("/v1/clinic/contacts", ContactIn, ContactOut, status=201)
def post_contact(body: dict[str, Any]) -> Response:
    """Add a mail address to the end of the chain, before the last resort."""
    return json_answer(add_mail_contact(current_actor(), body["address"], now()), 201)


@routes.writes("/v1/clinic/contacts/last-resort", ContactIn, ContactOut, method="PUT")
def put_last_resort(body: dict[str, Any]) -> Response:
    """Replace the last resort."""
    return json_answer(replace_last_resort(current_actor(), body["address"], now()))


@routes.writes("/v1/clinic/contacts/<uuid:contact_id>", status=204, method="DELETE")
def delete_contact(contact_id: UUID) -> None:
    """Take a contact out of the chain; the last resort stays."""
    remove_contact(current_actor(), contact_id, now())


@routes.writes("/v1/clinic/drills", DrillIn, DrillOut, status=201)
def post_drill(body: dict[str, Any]) -> Response:
    """Let a marked alert about nobody down the real chain; it ends after one round by itself."""
    return json_answer(start_drill(current_actor(), body["severity"], now()), 201)


@routes.reads("/v1/clinic/drills", DrillsOut, PageQuery)
def get_drills(query: dict[str, Any]) -> Response:
    """The drills, newest first, what came of each, and how fast the chain answered."""
    return json_answer(list_drills(current_actor(), now(), **query))


@routes.reads("/v1/clinic/languages", page_of(LanguageOut))
def get_languages() -> Response:
    """The languages beside English, and which of them the clinic has reviewed."""
    return json_answer({"items": list_languages(current_actor(), now()), "next_cursor": None})


@routes.reads("/v1/clinic/languages/<string:language>", LanguageTextsOut)
def get_texts(language: str) -> Response:
    """All texts of one language, to be read before it is called reviewed."""
    return json_answer(get_language(current_actor(), language, now()))


@routes.writes(REVIEW, ReviewIn, LanguageOut, method="PUT")
def put_review(body: dict[str, Any], language: str) -> Response:
    """Say who has read this version of the texts: they stand without the English ones."""
    return json_answer(review_language(current_actor(), language, **body, now=now()))


@routes.writes(REVIEW, status=204, method="DELETE")
def delete_review(language: str) -> None:
    """Take the review back: the English words stand below again."""
    end_review(current_actor(), language, now())
