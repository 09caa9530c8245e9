"""The alert chain as administrators keep it: mail addresses come and go, the last resort stays."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from models import Contact
from services import audit
from services.access import Action, Actor, scopes
from services.accounts.token_check import acting
from services.clinic.contacts import append_contact, read_address
from services.exceptions import Invalid, NotFound


def list_contacts(actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """The chain in the order in which it is told; the last resort comes last."""
    scopes(actor, Action.READ_CLINIC)
    with acting(actor, now) as session:
        rows = session.scalars(select(Contact).where(Contact.active).order_by(Contact.position))
        return [_shown(row, actor) for row in rows]


def add_mail_contact(actor: Actor, address: str, now: datetime) -> dict[str, Any]:
    """One more mail address before the last resort.

    Raises `Invalid` for anything else: a webhook makes this server call a host of somebody's
    choice, so only the operator adds one.
    """
    scopes(actor, Action.CHANGE_CLINIC)
    _check_is_mail(address)
    with acting(actor, now) as session:
        added = append_contact(session, actor.clinic_id, address, now, actor.user_id)
        return _shown(
            session.scalars(select(Contact).where(Contact.id == added.contact_id)).one(), actor
        )


def remove_contact(actor: Actor, contact_id: UUID, now: datetime) -> None:
    """Take a link out of the chain; pages on their way are not called back.

    Raises `NotFound`, and `Invalid` for the last resort.
    """
    scopes(actor, Action.CHANGE_CLINIC)
    with acting(actor, now) as session:
        contact = session.scalars(
            select(Contact).where(Contact.id == contact_id, Contact.active).with_for_update()
        ).one_or_none()
        if contact is None:
            raise NotFound
        if contact.last_resort:
            raise Invalid({"contact_id": ["The last resort is replaced, never removed."]})
        contact.active = False
        session.flush()  # the head of the audit chain is locked last
        audit.record(session, actor.user_id, "contact_removed", now, object_id=contact_id)


def replace_last_resort(actor: Actor, address: str, now: datetime) -> dict[str, Any]:
    """Another mail address for the final step of every chain."""
    scopes(actor, Action.CHANGE_CLINIC)
    _check_is_mail(address)
    with acting(actor, now) as session:
        contact = session.scalars(
            select(Contact).where(Contact.last_resort).with_for_update()
        ).one()
        contact.address, contact.user_id = read_address(address)[1], None
        session.flush()  # the head of the audit chain is locked last
        audit.record(session, actor.user_id, "last_resort_replaced", now, object_id=contact.id)
        return _shown(contact, actor)


def _check_is_mail(address: str) -> None:
    if read_address(address)[0] != "email":
        raise Invalid({"address": ["Only mailto: here; the operator adds webhooks."]})


def _shown(contact: Contact, actor: Actor) -> dict[str, Any]:
    hidden = contact.channel == "webhook" and "admin" not in actor.roles
    return {
        "id": contact.id,
        "position": contact.position,
        "channel": contact.channel,
        "address": None if hidden else contact.address,
        "last_resort": contact.last_resort,
    }
