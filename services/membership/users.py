"""The clinic's accounts: listing them, changing roles, switching one off or on again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from models import Contact, User
from services import audit
from services.access import Action, Actor, scopes
from services.accounts.account import TAKEN, free_address
from services.accounts.address_changes import is_kept_for_another
from services.accounts.endings import end_codes_and_letters
from services.accounts.oidc.identities import unlink
from services.accounts.second_factor.factors import enrolled_since
from services.accounts.tokens.families import end_families
from services.accounts.tokens.token_check import acting
from services.alerts.handling.ownership import owner_deactivated
from services.break_glass import end_grants
from services.exceptions import Invalid, LastAdmin, NotFound
from services.membership.invitations import check_roles
from services.on_call.overrides import come_back, leave_duty
from services.paging import Page, page_of_rows, page_query
from services.patients.members import empty_abandoned_teams
from services.seen import check_seen


def list_users(
    actor: Actor, now: datetime, limit: int, cursor: str | None, *, staff_only: bool = False
) -> Page:
    """Accounts, newest first; the read is recorded. Patients' accounts are for administrators, who
    may leave them out, and so is who has a second factor.
    """
    scopes(actor, Action.READ_CLINIC)
    shown: ColumnElement[bool] = true()
    if staff_only or "admin" not in actor.roles:
        shown = ~User.roles.contains(["patient"])
    query = page_query(select(User).where(shown), User.created_at, User.id, limit, cursor)
    with acting(actor, now) as session:
        rows = session.scalars(query).all()
        shown_ids = [row.id for row in rows[:limit]]
        audit.record(session, actor.user_id, "users_read", now, about=shown_ids)
        page = page_of_rows(rows, limit, lambda row: (row.created_at, row.id))
        if "admin" not in actor.roles:
            return page.rendered(shown_user)
        since = enrolled_since(session, shown_ids)
        return page.rendered(lambda row: shown_user(row) | {"second_factor_at": since.get(row.id)})


def shown_user(user: User) -> dict[str, object]:
    """An account as staff see it."""
    return {
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "roles": user.roles,
        "timezone": user.timezone,
        "active": user.active,
        "needs_invitation": user.needs_invitation,
        "created_at": user.created_at,
    }


def change_user(
    actor: Actor,
    user_id: UUID,
    now: datetime,
    *,
    roles: Sequence[str] | None = None,
    active: bool | None = None,
    seen: str | None = None,
) -> dict[str, object]:
    """Change roles or switch an account off or on; holds from that person's next request.

    Deactivation ends log-ins, codes, letters, acknowledgements and duty at once, and frees the
    address; the answer names the gaps that it opens in the next 28 days. `seen`: the name of the
    roles as somebody had them on the screen. Raises `Forbidden`, `NotFound`, `LastAdmin`,
    `ChangedMeanwhile`, and `Invalid` for roles that cannot be, and for an account whose address
    another one has taken meanwhile.
    """
    scopes(actor, Action.CHANGE_CLINIC)
    with acting(actor, now) as session:
        # Codes, then families, then accounts, as a reset and a refresh lock them.
        if active is not None and _is_active(session, user_id) is not active:
            end_codes_and_letters(session, actor.clinic_id, user_id, now)
            end_families(session, user_id, "deactivated", now)
        user, admins = _lock(session, user_id)
        if roles is not None and set(roles) != set(user.roles):
            check_seen(seen, sorted(user.roles))
        with free_address("active"):
            changed = _apply(user, roles, active)
            session.flush()  # what follows asks the database who is still active
        if "active" in changed and user.active:
            _check_is_free(session, user, now)
        shown = shown_user(user)
        if user in admins and not _is_admin(user):
            _hand_over(session, user, [admin for admin in admins if admin is not user])
        if changed:
            shown |= _end_duties(session, actor, user, changed, now)
            then: dict[str, Any] = {"roles": list(user.roles), "active": user.active}
            about = [user_id]
            audit.record(session, actor.user_id, "user_changed", now, None, user_id, about, **then)
        else:
            audit.record(session, actor.user_id, "users_read", now, about=[user_id])
        return shown


def _is_active(session: Session, user_id: UUID) -> bool | None:
    return session.scalar(select(User.active).where(User.id == user_id))


def _lock(session: Session, user_id: UUID) -> tuple[User, list[User]]:
    """Lock the account and every active administrator, always in the same order: two of them
    cannot demote each other at once. Raises `NotFound`.
    """
    rows = session.scalars(
        select(User)
        .where((User.id == user_id) | (User.active & User.roles.contains(["admin"])))
        .order_by(User.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    user = next((row for row in rows if row.id == user_id), None)
    if user is None:
        raise NotFound
    return user, [row for row in rows if _is_admin(row)]


def _is_admin(user: User) -> bool:
    return user.active and "admin" in user.roles


def _apply(user: User, roles: Sequence[str] | None, active: bool | None) -> set[str]:
    """Write what differs; every change ends the access tokens that are out."""
    changed = set()
    if roles is not None and set(roles) != set(user.roles):
        check_roles(roles)
        if "patient" in {*roles, *user.roles}:
            raise Invalid({"roles": ["A patient's account stays one, and staff become none."]})
        user.roles = sorted(set(roles))
        changed.add("roles")
    if active is not None and active is not user.active:
        user.active = active
        changed.add("active")
    if changed:
        user.epoch += 1
    return changed


def _check_is_free(session: Session, user: User, now: datetime) -> None:
    if is_kept_for_another(session, user.email_digest, now, but=user.id):
        raise Invalid({"active": [TAKEN]})


def _hand_over(session: Session, leaving: User, others: Sequence[User]) -> None:
    """The last resort goes to another administrator who can log in; raises `LastAdmin`."""
    able = [admin for admin in others if admin.password_hash is not None]
    if not able:
        raise LastAdmin
    resort = session.scalars(
        select(Contact).where(Contact.last_resort, Contact.user_id == leaving.id).with_for_update()
    ).one_or_none()
    if resort is not None:
        resort.user_id, resort.address = able[0].id, able[0].email


def _end_duties(
    session: Session, actor: Actor, user: User, changed: set[str], now: datetime
) -> dict[str, object]:
    """What follows from the change; on a deactivation the gaps that it opens."""
    if not user.active or "clinician" not in user.roles:
        empty_abandoned_teams(session, user.id)
    if "active" not in changed:
        return {}
    # Under the account's lock, which whoever links one holds.
    unlink(session, user.id)
    if user.active:
        come_back(session, user.id, now)
        return {}
    owner_deactivated(session, user.id, now)
    end_grants(session, user.id, now)
    return {"on_call_gaps": leave_duty(session, actor, user.id, now)}
