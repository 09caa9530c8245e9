"""Staff: who works here, in which roles; inviting, changing, switching off."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from flask import Response, request

from api.browser.forms import Filled, checked, nested
from api.browser.once import MEANWHILE, seen_by_form
from api.browser.session import reader
from api.console.new_patient import invitation_page
from api.console.shell import back_to, page, shows, takes
from api.http.auth import now
from schemas.accounts import InvitationIn, UserPatchIn
from services.access import Action
from services.clinic.settings import get_clinic
from services.contact_methods.listing import list_of
from services.exceptions import ChangedMeanwhile, Invalid, LastAdmin, NotFound
from services.membership.invitations import InvitationForm, invite
from services.membership.reset_factor import reset_factor
from services.membership.users import change_user, list_users
from services.seen import name_of

INVITATION: Final = InvitationIn()
CHANGE: Final = UserPatchIn()
PAGE_ROWS: Final = 500
NO_FACTOR: Final = "They have no second factor that could be taken away."
ROLES: Final = (
    ("clinician", "Clinician", "sees and treats patients"),
    ("on_call", "On call", "is paged, and acts on every alert of the clinic"),
    ("admin", "Administrator", "staff, settings, chain; no clinical content"),
)


@shows("/clinic/staff", Action.CHANGE_CLINIC)
def show_staff() -> Response:
    """Everybody who works here."""
    return _staff({}, {})


@takes("/clinic/staff/invitations", Action.INVITE_STAFF)
def post_invitation() -> Response:
    """Invite somebody, and show the code, which is shown this once."""
    sent = nested("name", "email") | {"roles": _roles()}
    try:
        form = InvitationForm(**checked(INVITATION, sent))
        if form.is_for_patient:
            raise Invalid({"roles": ["Patients are enrolled on their own page."]})
        invited = invite(reader().actor, form, now())
    except Invalid as error:
        return _staff(request.form.to_dict(), error.errors, 422)
    return invitation_page(invited, form.name)


@shows("/clinic/staff/<uuid:user_id>", Action.CHANGE_CLINIC)
def show_member(user_id: UUID) -> Response:
    """One of them, and how they are reached."""
    return _member(user_id, {})


@takes("/clinic/staff/<uuid:user_id>/roles", Action.CHANGE_CLINIC)
def post_roles(user_id: UUID) -> Response:
    """Other roles, from their next request on."""
    return _changed(user_id, {"roles": _roles()}, seen_by_form())


@takes("/clinic/staff/<uuid:user_id>/active", Action.CHANGE_CLINIC)
def post_active(user_id: UUID) -> Response:
    """Switch the account off, or on again."""
    return _changed(user_id, {"active": request.form.get("active") == "1"})


@takes("/clinic/staff/<uuid:user_id>/reset-factor", Action.CHANGE_CLINIC)
def post_factor_reset(user_id: UUID) -> Response:
    """Take a lost second factor away."""
    _found(user_id)
    try:
        reset_factor(reader().actor, user_id, now())
    except NotFound:
        return _member(user_id, {"": [NO_FACTOR]}, 409)
    except Invalid as error:
        return _member(user_id, error.errors, 422)
    return back_to(f"/clinic/staff/{user_id}")


def _changed(user_id: UUID, sent: dict[str, Any], seen: str | None = None) -> Response:
    _found(user_id)
    try:
        change_user(reader().actor, user_id, now(), **checked(CHANGE, sent), seen=seen)
    except ChangedMeanwhile:
        return _member(user_id, {"": [MEANWHILE]}, 409, late=True)
    except LastAdmin as error:
        return _member(user_id, {"": [error.detail]}, 409)
    except Invalid as error:
        return _member(user_id, error.errors, 422)
    return back_to(f"/clinic/staff/{user_id}")


def _roles() -> list[str]:
    return request.form.getlist("roles")


def everybody() -> list[dict[str, Any]]:
    """All who work here, those who are active first, by name."""
    actor, found, cursor = reader().actor, list[dict[str, Any]](), None
    while True:
        listed = list_users(actor, now(), PAGE_ROWS, cursor, staff_only=True)
        found += listed["items"]
        cursor = listed["next_cursor"]
        if cursor is None:
            return sorted(found, key=lambda one: (not one["active"], one["name"].casefold()))


def _found(user_id: UUID) -> dict[str, Any]:
    """One of the staff; a patient's account is none. Raises `NotFound`."""
    found = next((one for one in everybody() if one["id"] == user_id), None)
    if found is None:
        raise NotFound
    return found


def _staff(typed: dict[str, str], errors: dict[str, Any], status: int = 200) -> Response:
    asked = get_clinic(reader().actor, now())["second_factor"]
    given = {"typed": Filled(typed), "errors": Filled(errors), "chosen": _roles(), "roles": ROLES}
    return page("clinic/staff.html", status, people=everybody(), asked=asked, **given)


def _member(
    user_id: UUID, errors: dict[str, Any], status: int = 200, *, late: bool = False
) -> Response:
    """The page; after a refusal with the roles that were chosen. `late`: somebody else has changed
    them meanwhile.
    """
    member = _found(user_id)
    stored = [name for value, name, _ in ROLES if value in member["roles"]]
    if late:
        errors = {**errors, "roles": [f"There is now: {', '.join(stored)}."]}
    methods = list_of(reader().actor, user_id, now())["items"]
    typed = bool(errors) and request.path.endswith("/roles")
    return page(
        "clinic/member.html",
        status,
        member=member,
        methods=methods,
        errors=errors,
        roles=ROLES,
        chosen=_roles() if typed else member["roles"],
        seen=seen_by_form() if typed and not late else name_of(sorted(member["roles"])),
    )
