"""Schedules by a form: made, changed from an instant on, ended. Administrators alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any, Final
from uuid import UUID

from flask import Response, request

from api.browser.forms import checked
from api.browser.once import (
    MEANWHILE,
    SENT_BEFORE,
    seen_by_form,
    sent_form_id,
    shown_form_id,
)
from api.browser.session import reader
from api.console.patient.entering.fields import (
    TypedFields,
    changes,
    document,
    of,
    stored_in,
    typed_in,
    under_their_fields,
)
from api.console.shell import back_to, clock, page, shows, takes
from api.http.auth import now
from schemas.on_call import ScheduleIn, SchedulePatchIn
from services.access import Action
from services.exceptions import ChangedMeanwhile, ContentConflict, Invalid
from services.on_call.overrides import whom_to_enter
from services.on_call.schedules import (
    change_schedule,
    create_schedule,
    end_schedule,
    get_schedule,
    list_schedules,
)
from services.seen import name_of

WRITES: Final = Action.CHANGE_CLINIC
HOME: Final = "/on-call/schedules"
ONE: Final = f"{HOME}/<uuid:schedule_id>"
MOST: Final = 100
SPENT: Final = 409
SCHEDULE, CHANGE = ScheduleIn(), SchedulePatchIn()
DAYS: Final = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}
KINDS: Final = (("daily", "Days"), ("weekly", "Weeks"), ("hours", "Hours"))
FIELDS: Final = (
    of(SCHEDULE, "name", "Name"),
    of(SCHEDULE, "rotation.kind", "A turn is counted in", options=KINDS),
    of(SCHEDULE, "rotation.length", "Length of a turn", hint="So many days, weeks or hours each."),
    of(
        SCHEDULE,
        "rotation.handover",
        "Hand-over",
        hint="A time such as 08:00; for weeks with its day, such as mon 08:00.",
    ),
    of(SCHEDULE, "timezone", "Time zone", hint="The hand-over is on this clock."),
    of(
        SCHEDULE,
        "from_at",
        "From",
        hint="Empty: from now on. Whoever is on call stays so if they are a member.",
    ),
)
DONE: Final = {
    "made": "The schedule is made. Whom alerts page is set under Clinic.",
    "changed": "The schedule is changed.",
    "ended": "The schedule has ended: it is nobody's duty any more.",
}
# Its place in the order stands beside each person.
PLACE: Final = "place."


@shows(HOME, WRITES)
def show_schedules() -> Response:
    """All schedules, and what each of them says."""
    actor, times = reader().actor, clock()
    people = _people()
    listed = list_schedules(actor, now(), MOST, None)["items"]
    return page(
        "on_call/schedules.html",
        schedules=[
            {
                "id": each["id"],
                "name": each["name"],
                "words": _words(each, people),
                "planned": [
                    (times.at(one["from_at"]), _words(one, people)) for one in each["planned"]
                ],
            }
            for each in reversed(listed)
        ],
        done=DONE.get(request.args.get("done", "")),
    )


@shows(f"{HOME}/new", WRITES)
def show_new_schedule() -> Response:
    """The form of a new one: days, handed over at eight, on the reader's clock."""
    usual = {
        "name": "",
        "rotation": {"kind": "daily", "length": 1, "handover": "08:00"},
        "timezone": str(_zone()),
    }
    return _form(stored_in(FIELDS, usual, _zone()), {})


@takes(f"{HOME}/new", WRITES)
def post_new_schedule() -> Response:
    """Make it: its first member is on call from its beginning."""
    typed = typed_in(FIELDS, request.form)
    body = document(FIELDS, typed, _zone())
    try:
        body["rotation"] = {**body.get("rotation", {}), "members": _members()}
        create_schedule(reader().actor, checked(SCHEDULE, body), now(), sent_form_id())
    except Invalid as error:
        return _form(typed, error.errors, 422)
    except ContentConflict:
        return _form(typed, {"": [SENT_BEFORE]}, 409)
    return back_to(f"{HOME}?done=made")


@shows(ONE, WRITES)
def show_schedule(schedule_id: UUID) -> Response:
    """One as it stands, to be changed."""
    record = get_schedule(reader().actor, schedule_id, now())
    return _form(_stored(record), {}, record=record)


@takes(ONE, WRITES)
def post_schedule(schedule_id: UUID) -> Response:
    """Change its name, or its turns from an instant on; what was changed alone is sent."""
    actor, typed = reader().actor, typed_in(FIELDS, request.form)
    record = get_schedule(actor, schedule_id, now())
    body = changes(FIELDS, typed, _stored(record), _zone())
    try:
        members = _members()
        # Who has left stays until somebody changes the order, and stands in no field.
        if members != [each for each in _stored_places(record) if UUID(each) in _people()]:
            body["rotation"] = body.get("rotation", {}) | {"members": members}
        sent = checked(CHANGE, body) if body else {}
        change_schedule(actor, schedule_id, sent, now(), seen_by_form())
    except Invalid as error:
        return _form(typed, error.errors, 422, record)
    except ChangedMeanwhile:
        return _form(typed, {"": [MEANWHILE], **_stands(record)}, 409, record)
    return back_to(f"{HOME}?done=changed")


@takes(f"{ONE}/end", WRITES)
def post_schedule_ended(schedule_id: UUID) -> Response:
    """It is nobody's duty any more; refused while a policy pages it."""
    actor = reader().actor
    try:
        end_schedule(actor, schedule_id, now())
    except Invalid as error:
        record = get_schedule(actor, schedule_id, now())
        return _form(_stored(record), error.errors, 422, record)
    return back_to(f"{HOME}?done=ended")


def _form(
    typed: TypedFields,
    errors: Mapping[str, Sequence[str]],
    status: int = 200,
    record: Mapping[str, Any] | None = None,
) -> Response:
    """The form; after a refusal with what was typed, and the words at their fields."""
    is_sent = request.method == "POST" and not request.path.endswith("/end")
    members = _places() if is_sent else _stored_places(record)
    return page(
        "on_call/schedule.html",
        status,
        fields=FIELDS,
        typed=typed,
        errors=under_their_fields(FIELDS, errors),
        names=[*(each.name for each in FIELDS), "rotation.members"],
        people=[(str(key), name, members.get(str(key), "")) for key, name in _people().items()],
        record=record,
        planned=[clock().at(one["from_at"]) for one in record["planned"]] if record else [],
        seen=_seen(record, status),
        form_id=None if record else shown_form_id(again=status != SPENT),
        zone=str(_zone()),
    )


def _seen(record: Mapping[str, Any] | None, status: int) -> str | None:
    if record is None:
        return None
    return seen_by_form() if status == 422 and seen_by_form() else name_of(record)


def _stored(record: Mapping[str, Any]) -> TypedFields:
    """As it stands; from when another one shall hold is entered anew."""
    return stored_in(FIELDS, {**record, "from_at": None}, _zone())


def _stands(record: Mapping[str, Any]) -> dict[str, list[str]]:
    """What is there by now, where a form came too late."""
    return {"rotation.members": [f"There is now: {_words(record, _people())}"]}


def _stored_places(record: Mapping[str, Any] | None) -> dict[str, str]:
    members = record["rotation"]["members"] if record else ()
    return {str(each): str(place) for place, each in enumerate(members, start=1)}


def _places() -> dict[str, str]:
    return {
        name.removeprefix(PLACE): value.strip()
        for name, value in request.form.items()
        if name.startswith(PLACE) and value.strip()
    }


def _members() -> list[str]:
    """Whoever has a place, in its order; raises `Invalid` for what is no number."""
    places = _places()
    wrong = [value for value in places.values() if not value.isascii() or not value.isdigit()]
    if wrong or len(set(map(int, places.values()))) < len(places):
        raise Invalid({"rotation.members": ["Each a number of their own, such as 1, 2 and 3."]})
    return sorted(places, key=lambda each: int(places[each]))


def _people() -> dict[UUID, str]:
    return {each["user_id"]: each["name"] for each in whom_to_enter(reader().actor, now())}


def _words(record: Mapping[str, Any], people: Mapping[UUID, str]) -> str:
    """`1 day each, handed over at 08:00 (Europe/Paris): Ann Quagga, Ben Quagga`"""
    turns = record["rotation"]
    unit = {"daily": "day", "weekly": "week", "hours": "hour"}[turns["kind"]]
    length = f"{turns['length']} {unit}{'' if turns['length'] == 1 else 's'}"
    names = ", ".join(people.get(each, "somebody who has left") for each in turns["members"])
    *day, time = turns["handover"].split(" ")
    on = "".join(f"on {DAYS[each]} " for each in day)
    handover = f"handed over {on}at {time} ({record['timezone']})"
    return f"{length} each, {handover}: {names or 'nobody'}."


def _zone() -> tzinfo:
    return clock().zone
