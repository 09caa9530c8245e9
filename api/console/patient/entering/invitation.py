"""Inviting a patient, or their next phone: a code, as text and to be scanned."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from flask import Response, request

from api.browser.forms import checked
from api.browser.session import reader
from api.console.patient.entering.fields import document, of, typed_in, under_their_fields
from api.console.patient.entering.form import EntryForm, shown
from api.console.qr import invitation_link, picture_of
from api.console.shell import at, clock, page, shows, takes
from api.http.auth import now
from schemas.accounts import DeviceInvitationIn
from services.access import Action
from services.caseload.patient.profile import get_patient
from services.exceptions import Invalid
from services.membership.invitations import invite_device

WRITES: Final = Action.INVITE_PATIENTS
PATH: Final = "/patients/<uuid:patient_id>/enter/invitation"
INVITATION: Final = DeviceInvitationIn()
FIELDS: Final = (
    of(
        INVITATION,
        "email",
        "E-mail",
        kind="email",
        hint="Of a patient who has no account yet, or to correct an address nobody has used.",
    ),
    of(INVITATION, "end_old_devices", "Their other phones are logged out"),
)
INTRO: Final = (
    "The code makes one phone theirs, within a week. Hand it over in person: whoever has it is"
    " taken for them."
)


def invitation_form(patient_id: UUID) -> EntryForm:
    """A code for a phone."""
    return EntryForm(
        patient_id,
        "invitation",
        "Invite the patient",
        FIELDS,
        submit="Make a code",
        makes=False,
        intro=(INTRO,),
    )


@shows(PATH, WRITES)
def show_phone_invitation(patient_id: UUID) -> Response:
    """The form of an invitation."""
    return shown(invitation_form(patient_id))


@takes(PATH, WRITES)
def post_phone_invitation(patient_id: UUID) -> Response:
    """Make a code, and show it this once: it is kept nowhere as it is."""
    form = invitation_form(patient_id)
    typed = typed_in(form.fields, request.form)
    try:
        body = checked(INVITATION, document(form.fields, typed, form.zone))
        invited = invite_device(reader().actor, patient_id, now(), **body)
    except Invalid as error:
        errors = under_their_fields(form.fields, error.errors)
        return shown(form.with_typed(typed), 422, errors)
    return page(
        "patient/code.html",
        201,
        patient=get_patient(reader().actor, patient_id, now()),
        patient_path=at(f"/patients/{patient_id}"),
        code=invited.code,
        until=clock().at(invited.expires_at),
        picture=picture_of(invitation_link(invited.code)),
    )
