"""Links to calendars, and the calendar behind one."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from flask import Response, current_app

from api.http.auth import current_actor, now, public
from api.http.bodies import Routes, json_answer
from api.settings import Settings
from schemas.base import PageQuery, page_of
from schemas.on_call import CalendarLinkOut, NewCalendarLinkOut
from services.on_call.calendars import calendar_text, list_links, make_link, revoke_link

routes = Routes("calendars", __name__, description="On-call calendars behind secret links")
LINKS: Final = "/v1/on-call/schedules/<uuid:schedule_id>/calendar-links"
CALENDARS: Final = "/v1/on-call/calendars"
ICALENDAR: Final = "text/calendar"


@routes.writes(LINKS, answer=NewCalendarLinkOut, status=201)
def post_calendar_link(schedule_id: UUID) -> Response:
    """A secret address at which a calendar programme reads the schedule; shown this once."""
    link = make_link(current_actor(), schedule_id, now())
    url = address_of(current_app.config["INTERLUDE"], link.pop("token"))
    return json_answer(link | {"url": url}, 201)


def address_of(settings: Settings, token: str) -> str:
    """Where a calendar programme reads the schedule: whoever has it does."""
    return f"{settings.public_url}{CALENDARS}/{token}.ics"


@routes.reads(LINKS, page_of(CalendarLinkOut), PageQuery)
def get_calendar_links(query: dict[str, Any], schedule_id: UUID) -> Response:
    """One's own links that hold, newest first; all of them for administrators."""
    return json_answer(list_links(current_actor(), schedule_id, now(), **query))


@routes.writes("/v1/on-call/calendar-links/<uuid:link_id>", status=204, method="DELETE")
def delete_calendar_link(link_id: UUID) -> None:
    """Revoke a link: its address answers no more."""
    revoke_link(current_actor(), link_id, now())


@routes.reads(f"{CALENDARS}/<string:token>.ics", {"type": "string"}, content_type=ICALENDAR)
@public
def get_calendar(token: str) -> Response:
    """Who is on call, as iCalendar: names of staff, nothing about a patient."""
    response: Response = current_app.response_class(calendar_text(token, now()), mimetype=ICALENDAR)
    return response
