"""Whom an alert pages: the contact chain, the last resort, the policies, and a test page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from flask import Response, request

from api.browser.forms import Filled, checked, nested
from api.browser.once import (
    MEANWHILE,
    SENT_BEFORE,
    seen_by_form,
    sent_form_id,
    shown_form_id,
)
from api.browser.session import reader
from api.console.clinic.minutes import minutes_text, seconds_of
from api.console.clinic.severities import CLIMBING, MEANS
from api.console.clinic.staff import everybody
from api.console.shell import back_to, page, shows, takes
from api.http.auth import now
from schemas.clinic import ContactIn
from schemas.drills import DrillIn
from schemas.on_call import MAX_STEPS, PolicyIn
from services.access import Action
from services.alerts.drills import list_drills, start_drill
from services.clinic.contacts import (
    add_mail_contact,
    list_contacts,
    remove_contact,
    replace_last_resort,
)
from services.exceptions import ChangedMeanwhile, ContentConflict, DrillRunning, Invalid
from services.on_call.policies import get_policy, put_policy
from services.on_call.schedules import list_schedules
from services.seen import name_of

CONTACT: Final = ContactIn()
DRILL: Final = DrillIn()
POLICY: Final = PolicyIn()
STEPS: Final = MAX_STEPS  # what is not shown would be taken away
NEWEST: Final = 3
ALL: Final = 500
LATE: Final = 409
MAILTO: Final = "mailto:"
PATH: Final = "/clinic/chain"
STATE: Final = {
    "pending": "waits",
    "sending": "is being sent",
    "sent": "sent",
    "delivered": "received",
    "failed_temporarily": "failed, is tried again",
    "failed_permanently": "failed",
    "withdrawn": "withdrawn",
}


@shows(PATH, Action.CHANGE_CLINIC)
def show_chain() -> Response:
    """The chain as it is paged."""
    return _chain({})


@takes(f"{PATH}/contacts", Action.CHANGE_CLINIC)
def post_contact() -> Response:
    """One more mail address before the last resort; it gets a test page at once."""
    actor = reader().actor
    return _done(lambda: add_mail_contact(actor, _address(), now(), sent_form_id()), "contact")


@takes(f"{PATH}/contacts/<uuid:contact_id>/remove", Action.CHANGE_CLINIC)
def post_removal(contact_id: UUID) -> Response:
    """Take a contact out."""
    return _done(lambda: remove_contact(reader().actor, contact_id, now()), "contact")


@takes(f"{PATH}/last-resort", Action.CHANGE_CLINIC)
def post_last_resort() -> Response:
    """Another address for the final step."""
    actor, seen = reader().actor, seen_by_form()
    return _done(lambda: replace_last_resort(actor, _address(), now(), seen), "last_resort")


@takes(f"{PATH}/test-page", Action.CHANGE_CLINIC)
def post_drill() -> Response:
    """A marked, made-up alert down the real chain."""
    return _done(
        lambda: start_drill(reader().actor, checked(DRILL, nested("severity"))["severity"], now()),
        "test_page",
    )


@takes(f"{PATH}/policies/<severity>", Action.CHANGE_CLINIC)
def post_policy(severity: str) -> Response:
    """Other steps; no steps: the contact chain again."""

    def put() -> None:
        steps = checked(POLICY, {"steps": _steps()})["steps"]
        put_policy(reader().actor, severity, steps, now(), seen_by_form())

    return _done(put, severity)


def _done(act: Any, form: str) -> Response:
    try:
        act()
    except DrillRunning as error:
        return _chain({form: {"": [error.detail]}}, 409)
    except ChangedMeanwhile:
        return _chain({form: {"": [MEANWHILE]}}, 409)
    except ContentConflict:
        return _chain({form: {"": [SENT_BEFORE]}}, 409)
    except Invalid as error:
        return _chain({form: error.errors}, 422)
    return back_to(PATH)


def _address() -> str:
    sent = nested("address")
    if "@" in sent.get("address", "") and ":" not in sent["address"]:
        sent["address"] = MAILTO + sent["address"]
    found: str = checked(CONTACT, sent)["address"]
    return found


def _steps() -> list[dict[str, Any]]:
    """The rows that name somebody: `delay` in minutes, `targets` as `user:<id>` and the like."""
    found = []
    for number in range(STEPS):
        targets = [_target(value) for value in request.form.getlist(f"targets.{number}") if value]
        if targets:
            delay_s = seconds_of(request.form.get(f"delay.{number}", "").strip())
            if delay_s is None:
                raise Invalid({f"delay.{number}": [f"Step {number + 1}: minutes, such as 5."]})
            found.append({"delay_s": delay_s, "targets": targets})
    return found


def _target(value: str) -> dict[str, Any]:
    kind, _, one = value.partition(":")
    if kind == "everyone":
        return {"everyone": True}
    return {f"{kind}_id" if kind in ("user", "schedule") else "user_id": one}


def _named(target: Mapping[str, Any]) -> str:
    """As the form sends it."""
    if target.get("everyone"):
        return "everyone:"
    return next(f"{name.removesuffix('_id')}:{one}" for name, one in target.items())


def _chain(errors: dict[str, Any], status: int = 200) -> Response:
    actor = reader().actor
    contacts = list_contacts(actor, now())
    drills = list_drills(actor, now(), NEWEST, None)
    people = [one for one in everybody() if one["active"]]
    schedules = list_schedules(actor, now(), ALL, None)["items"]
    return page(
        "clinic/chain.html",
        status,
        contacts=contacts,
        states=STATE,
        means=MEANS,
        drills=drills["items"],
        policies=[
            _policy(severity, typed=severity in errors, late=status == LATE)
            for severity in CLIMBING
        ],
        resort=_resort_seen(contacts),
        form_id=shown_form_id(again="contact" in errors and status != LATE),
        targets=[
            *((f"schedule:{one['id']}", f"On call: {one['name']}") for one in schedules),
            *((f"user:{one['id']}", one["name"]) for one in people),
            ("everyone:", "Everybody"),
        ],
        errors=Filled(errors),
        typed=Filled(request.form.to_dict()),
    )


def _resort_seen(contacts: Sequence[Mapping[str, Any]]) -> str:
    return next(name_of(each["address"]) for each in contacts if each["last_resort"])


def _policy(severity: str, *, typed: bool, late: bool) -> dict[str, Any]:
    """The steps as they stand; of a form that was refused as they were typed, and what stands
    there by now where it came too late.
    """
    found = get_policy(reader().actor, severity, now())
    rows = _typed_rows() if typed else _stored_rows(found)
    empty: dict[str, Any] = {"minutes": "", "targets": []}
    rows += [empty] * min(2, STEPS - len(rows))
    return {
        "severity": severity,
        "source": found["source"],
        "rows": rows,
        "stored": _stored_rows(found) if typed and late else None,
        "seen": seen_by_form() if typed and not late else name_of(found["steps"]),
    }


def _typed_rows() -> list[dict[str, Any]]:
    rows = [
        {
            "minutes": request.form.get(f"delay.{number}", ""),
            "targets": request.form.getlist(f"targets.{number}"),
        }
        for number in range(STEPS)
    ]
    while rows and not any(rows[-1].values()):
        rows.pop()
    return rows


def _stored_rows(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "minutes": minutes_text(step["delay_s"]),
            "targets": [_named(one) for one in step["targets"]],
        }
        for step in found["steps"]
    ]
