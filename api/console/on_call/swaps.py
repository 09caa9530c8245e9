"""Swapping two turns by a form, in one step."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from flask import Response, request

from api.browser.forms import known
from api.browser.once import MEANWHILE, sent_form_id
from api.browser.session import reader
from api.console.on_call.rota import rota_page
from api.console.shell import back_to, takes
from api.http.auth import now
from services.access import Action
from services.exceptions import ChangedMeanwhile, Invalid
from services.on_call.swaps import DutyTurn, swap_turns

FORM: Final = "swap"


@takes("/on-call/swaps", Action.CHANGE_CLINIC)
def post_swap() -> Response:
    """Each of two has the other's turn; the page says whether gaps are left in them."""
    try:
        (schedule_id, first), (other_id, second) = _turn("first"), _turn("second")
        if other_id != schedule_id:
            raise Invalid({"second": ["Choose a turn of the same schedule."]})
        left = swap_turns(reader().actor, schedule_id, (first, second), now(), sent_form_id())
    except Invalid as error:
        return rota_page(422, error, form=FORM)
    except ChangedMeanwhile:
        return rota_page(409, Invalid({"": [MEANWHILE]}), form=FORM)
    return back_to(f"/on-call?done={'gaps' if left else 'swapped'}")


def _turn(field: str) -> tuple[UUID, DutyTurn]:
    """As `turn_value` writes it; raises `Invalid`."""
    schedule_id, user_id, *ends = (request.form.get(field, "").split(" ") + [""] * 4)[:4]
    try:
        start, end = (datetime.fromisoformat(each) for each in ends)
        if start.tzinfo is None or end.tzinfo is None:
            raise ValueError("an instant has its zone")
    except ValueError:
        raise Invalid({field: ["Choose a turn."]}) from None
    return known(schedule_id), DutyTurn(known(user_id), start, end)
