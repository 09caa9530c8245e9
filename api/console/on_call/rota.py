"""Who is on call: now and next, what is wrong with the coming nights, and the calendar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from flask import Response, request

from api.browser.once import new_form_id, shown_form_id
from api.browser.session import reader
from api.console.local_times import local_text
from api.console.on_call.calendar import Span, asked_span, days_of
from api.console.shell import clock, page, shows
from api.http.auth import now
from api.page.clock import Clock, span
from services.access import Action, Scope, scopes
from services.alerts.monitors.nights import coming_nights
from services.exceptions import Invalid
from services.on_call.calendars import list_links
from services.on_call.overrides import list_overrides, whom_to_enter
from services.on_call.shifts import coverage, list_shifts, on_call_now

MOST: Final = 500
# Beyond it nobody plans by this page.
GAPS_SHOWN: Final = 10
OWN_SHOWN: Final = 5
AHEAD: Final = timedelta(days=28)
# What a form has led to.
DONE: Final = {
    "entered": "Entered. Nobody is missing in this span.",
    "gaps": "Entered. Now nobody is on call in a part of this span: it stands under the gaps.",
    "swapped": "Swapped: each of the two has the other's turn.",
    "ended": "Taken back from now on.",
    "revoked": "Revoked: this address answers no more.",
}
# Of a form whose id is used: what is typed in it is another one from then on.
SPENT: Final = 409
A_NIGHT: Final = timedelta(hours=12)


@shows("/on-call", Action.READ_CLINIC)
def show_rota() -> Response:
    """The page of the rota."""
    return rota_page()


def rota_page(
    status: int = 200,
    error: Invalid | None = None,
    made: Mapping[str, Any] | None = None,
    form: str = "cover",
) -> Response:
    """The page; after a refusal of a `form` with what was typed kept. `made`: a calendar link's
    address, which is shown this once.
    """
    actor, times, at = reader().actor, clock(), now()
    duty = on_call_now(actor, at, None)["items"]
    ids = {each["schedule_id"]: each["name"] for each in duty}
    gaps = coverage(actor, at, None, None, MOST, None)["items"]
    asked = asked_span(times.now.astimezone(times.zone).date())
    people = {each["user_id"]: each["name"] for each in whom_to_enter(actor, at)}
    coming = _coming(ids, times)
    errors = {form: error.errors} if error else {}
    sent = request.form.to_dict() if error else {}
    return page(
        "on_call/rota.html",
        status,
        duty=[_duty(each, times) for each in duty],
        own=_own(coming, ids, times),
        turns=_turns(coming, ids, times),
        may_change=Scope.CLINIC in scopes(actor, Action.WRITE_OVERRIDES),
        findings=[each["words"] for each in coming_nights(actor, at)],
        gaps=[_gap(each, times) for each in gaps[:GAPS_SHOWN]],
        more_gaps=max(0, len(gaps) - GAPS_SHOWN),
        span=asked,
        days=_days(asked, ids, times),
        several=len(ids) > 1,
        overrides=[one for each in ids for one in _overrides(each, people, times)],
        schedules=list(ids.items()),
        people=list(people.items()),
        links=[one for each in ids for one in _links(each, ids[each], times)],
        errors=errors,
        sent=_proposed(times) | sent,
        made=made,
        form_id=shown_form_id(again=form in errors and form == "cover" and status != SPENT),
        swap_id=shown_form_id(again=form in errors and form == "swap" and status != SPENT),
        link_form_id=new_form_id(),
        done=DONE.get(request.args.get("done", "")),
        zone=str(times.zone),
    )


def _proposed(times: Clock) -> dict[str, str]:
    """What the form of an override holds before anybody has typed: the next 12 hours."""
    start = times.now.replace(minute=0) + timedelta(hours=1)
    return {
        "schedule_id": "",
        "user_id": str(reader().actor.user_id),
        "kind": "cover",
        "from_at": local_text(start, times.zone),
        "to_at": local_text(start + A_NIGHT, times.zone),
        "reason": "",
    }


def _duty(each: Mapping[str, Any], times: Clock) -> dict[str, Any]:
    return {
        "name": each["name"],
        "now": _turn(each["now"], times),
        "next": _turn(each["next"], times),
    }


def _turn(shift: Mapping[str, Any] | None, times: Clock) -> dict[str, Any] | None:
    if shift is None:
        return None
    left = shift["to_at"] - times.now
    return {
        "who": shift["name"],
        "mine": shift["user_id"] == reader().actor.user_id,
        "override": shift["source"] == "override",
        "from": times.at(shift["from_at"]),
        "to": times.at(shift["to_at"]),
        "left": span(left),
    }


def _coming(ids: Mapping[Any, str], times: Clock) -> list[tuple[Any, Mapping[str, Any]]]:
    """The turns of the next weeks by their schedule."""
    actor, end = reader().actor, times.now + AHEAD
    return [
        (each, shift)
        for each in ids
        for shift in list_shifts(actor, each, now(), times.now, end, MOST, None)["items"]
    ]


def turn_value(schedule_id: Any, shift: Mapping[str, Any]) -> str:
    """A turn as a form sends it: whose it was on the screen, and from when to when."""
    ends = (shift[name].isoformat() for name in ("from_at", "to_at"))
    return " ".join((str(schedule_id), str(shift["user_id"]), *ends))


def _turns(
    coming: Sequence[tuple[Any, Mapping[str, Any]]], ids: Mapping[Any, str], times: Clock
) -> list[tuple[str, str]]:
    """What can be swapped, in words; the turn that is cut off at the end cannot."""
    return [
        (
            turn_value(each, shift),
            f"{ids[each] + ': ' if len(ids) > 1 else ''}{shift['name']},"
            f" {times.at(shift['from_at'])} to {times.at(shift['to_at'])}",
        )
        for each, shift in coming
        if shift["to_at"] < times.now + AHEAD
    ]


def _own(
    coming: Sequence[tuple[Any, Mapping[str, Any]]], ids: Mapping[Any, str], times: Clock
) -> list[dict[str, Any]]:
    """The reader's next turns."""
    own_id = reader().actor.user_id
    found = [
        (shift["from_at"], {"schedule": ids[each], **(_turn(shift, times) or {})})
        for each, shift in coming
        if shift["user_id"] == own_id
    ]
    return [turn for _, turn in sorted(found, key=lambda pair: pair[0])[:OWN_SHOWN]]


def _gap(gap: Mapping[str, Any], times: Clock) -> dict[str, Any]:
    return {
        "name": gap["name"],
        "from": times.at(gap["from_at"]),
        "to": times.at(gap["to_at"]),
        "length": span(gap["to_at"] - gap["from_at"]),
    }


def _days(asked: Span, ids: Mapping[Any, str], times: Clock) -> list[dict[str, Any]]:
    actor, at = reader().actor, now()
    start, end = asked.instants(times.zone)
    gaps: Sequence[Mapping[str, Any]] = ()
    if end > at:
        gaps = coverage(actor, at, max(start, at), end, MOST, None)["items"]
    schedules = [
        (
            name,
            list_shifts(actor, each, at, start, end, MOST, None)["items"],
            [gap for gap in gaps if gap["schedule_id"] == each],
        )
        for each, name in ids.items()
    ]
    today = times.now.astimezone(times.zone).date()
    return days_of(asked, today, times.zone, schedules, actor.user_id)


def _overrides(schedule_id: Any, people: Mapping[Any, str], times: Clock) -> list[dict[str, Any]]:
    """Those that are not over, the next first; `people`: for whom the reader may enter some."""
    found = list_overrides(reader().actor, schedule_id, now(), MOST, None)["items"]
    ahead = [each for each in found if each["to_at"] is None or each["to_at"] > times.now]
    return [
        {
            "id": each["id"],
            "schedule_id": each["schedule_id"],
            "who": each["name"],
            "kind": each["kind"],
            "from": times.at(each["from_at"]),
            "to": None if each["to_at"] is None else times.at(each["to_at"]),
            "reason": each["reason"],
            "may_end": each["kind"] != "left" and each["user_id"] in people,
        }
        for each in sorted(ahead, key=lambda each: each["from_at"])
    ]


def _links(schedule_id: Any, name: str, times: Clock) -> list[dict[str, Any]]:
    found = list_links(reader().actor, schedule_id, now(), MOST, None)["items"]
    own_id = reader().actor.user_id
    return [
        {
            "id": each["id"],
            "schedule": name,
            "made": times.at(each["created_at"]),
            "mine": each["user_id"] == own_id,
        }
        for each in found
    ]
