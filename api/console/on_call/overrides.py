"""Covers and absences by a form."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from flask import Response, request

from api.browser.forms import checked, known
from api.browser.once import SENT_BEFORE, sent_form_id
from api.browser.session import reader
from api.console.local_times import instant_text
from api.console.on_call.rota import rota_page
from api.console.shell import back_to, clock, takes
from api.http.auth import now
from schemas.on_call import OverrideIn
from services.access import Action
from services.exceptions import ContentConflict, Invalid
from services.on_call.overrides import add_override, end_override

OVERRIDE: Final = OverrideIn()
TIMES: Final = ("from_at", "to_at")


@takes("/on-call/overrides", Action.WRITE_OVERRIDES)
def post_covered() -> Response:
    """Somebody covers a span, or is away; the page says whether gaps are left in it."""
    zone = clock().zone
    sent = {name: request.form.get(name, "").strip() for name in ("user_id", "kind", "reason")}
    sent |= {name: instant_text(request.form.get(name, ""), zone) for name in TIMES}
    try:
        fields = checked(OVERRIDE, {name: value for name, value in sent.items() if value})
        schedule_id = known(request.form.get("schedule_id", ""))
        made = add_override(reader().actor, schedule_id, fields, now(), sent_form_id())
    except Invalid as error:
        return rota_page(422, error)
    except ContentConflict:
        return rota_page(409, Invalid({"": [SENT_BEFORE]}))
    return back_to(f"/on-call?done={'gaps' if made['gaps'] else 'entered'}")


@takes("/on-call/overrides/<uuid:schedule_id>/<uuid:override_id>/end", Action.WRITE_OVERRIDES)
def post_taken_back(schedule_id: UUID, override_id: UUID) -> Response:
    """Take one back from now on."""
    try:
        end_override(reader().actor, schedule_id, override_id, now())
    except Invalid as error:
        return rota_page(422, error)
    return back_to("/on-call?done=ended")
