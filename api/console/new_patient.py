"""Enrolling a patient: their record, their account, and the code that opens their phone."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, request

from api.browser.forms import Filled, checked, nested
from api.browser.session import reader, settings
from api.console.qr import invitation_link, picture_of
from api.console.shell import page, shows, takes
from api.http.auth import now
from schemas.accounts import InvitationIn
from services.access import Action
from services.exceptions import Invalid
from services.membership.invitations import InvitationForm, Invited, invite

INVITATION: Final = InvitationIn()
CONTACT: Final = tuple(
    f"patient.emergency_contact.{part}" for part in ("name", "phone", "relation")
)
FIELDS: Final = (
    "name",
    "email",
    *(f"patient.{name}" for name in ("phone", "address", "born_on", "mrn")),
    *CONTACT,
)
SHOWN: Final = (*FIELDS, "patient.indications")


@shows("/new-patient", Action.INVITE_PATIENTS)
def show_new_patient() -> Response:
    """The form."""
    return _form({}, {})


@takes("/new-patient", Action.INVITE_PATIENTS)
def post_new_patient() -> Response:
    """Enrol, and show the code, which is shown this once."""
    try:
        invited = invite(reader().actor, _sent(), now())
    except Invalid as error:
        return _form(request.form.to_dict(), error.errors, 422)
    return invitation_page(invited, request.form.get("name", ""))


def invitation_page(invited: Invited, name: str) -> Response:
    """The code to hand over."""
    link = None
    if invited.patient_id is not None:
        link = invitation_link(invited.code)
    return page(
        "clinic/invited.html",
        201,
        invited=invited,
        name=name,
        link=link if settings().public_url else None,
        join=f"{settings().public_url}/console/join",
        picture=None if link is None else picture_of(link),
    )


def _sent() -> InvitationForm:
    sent = nested(*FIELDS)
    known: dict[str, Any] = sent.setdefault("patient", {})
    named = request.form.get("patient.indications", "").replace(",", "\n").splitlines()
    indications = [each.strip() for each in named if each.strip()]
    if indications:
        known["indications"] = indications
    if request.form.get("patient.risk_at_intake"):
        known["risk_at_intake"] = True
    if request.form.get("own_team"):
        known["care_team"] = [str(reader().actor.user_id)]
    return InvitationForm(**checked(INVITATION, {**sent, "roles": ["patient"]}))


def _form(typed: dict[str, str], errors: dict[str, Any], status: int = 200) -> Response:
    may_join = "clinician" in reader().actor.roles
    given = {"typed": Filled(typed), "errors": errors, "may_join": may_join, "fields": SHOWN}
    return page("today/new_patient.html", status, **given)
