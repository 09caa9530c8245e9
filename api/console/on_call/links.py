"""Links to calendars by a form: made, shown once, revoked."""

from __future__ import annotations

from uuid import UUID

from flask import Response, request

from api.browser.forms import known
from api.browser.once import sent_form_id
from api.browser.session import reader, settings
from api.console.on_call.rota import rota_page
from api.console.shell import back_to, takes
from api.http.auth import now
from api.routes.on_call.calendars import address_of
from services.access import Action
from services.exceptions import Invalid
from services.on_call.calendars import make_link, revoke_link


@takes("/on-call/links", Action.READ_CLINIC)
def post_link() -> Response:
    """A link of one's own; its address is shown this once."""
    schedule_id = known(request.form.get("schedule_id", ""))
    try:
        link = make_link(reader().actor, schedule_id, now(), sent_form_id())
    except Invalid as error:
        words = [each for found in error.errors.values() for each in found]
        return rota_page(422, Invalid({"": words}))
    return rota_page(201, made={"url": address_of(settings(), link["token"])})


@takes("/on-call/links/<uuid:link_id>/revoke", Action.READ_CLINIC)
def post_link_revoked(link_id: UUID) -> Response:
    """Its address answers no more."""
    revoke_link(reader().actor, link_id, now())
    return back_to("/on-call?done=revoked")
