"""The clinic's alert chain: who is paged, in order, and the last resort that always ends it.

Administrators add and remove mail addresses; the last resort is replaced, never removed. Whatever
is entered is tried at once by a test page.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from models import Clinic, Contact
from models.base import new_id
from models.sealing import sealed
from services import audit
from services.access import Action, Actor, scopes
from services.accounts.tokens.token_check import acting
from services.channels.addresses import ascii_mail_address, ascii_url
from services.channels.destinations import is_refused_literal
from services.checks import check_email
from services.contact_methods.codes import send_test_to_contact
from services.contact_methods.outcomes import last_messages
from services.exceptions import ContentConflict, Invalid, NotFound
from services.seen import check_seen
from services.unit_of_work import transaction

LAST_RESORT_POSITION: Final = 1000
SECRET_BYTES: Final = 32
MAX_URL: Final = 2000


@dataclass(frozen=True, slots=True)
class NewContact:
    """A link of the chain just added; only a webhook has a signing secret, shown this once."""

    contact_id: UUID
    signing_secret: str | None


def add_contact(clinic_id: UUID, address: str, now: datetime, *, tried: bool = True) -> NewContact:
    """Add a `mailto:` address or an `http(s)://` webhook before the last resort.

    For the operator's command line: a webhook may point at any host that this server reaches, but
    for those of `services.channels.destinations`. `tried`: by a test page, as what is real must be.
    Raises `NotFound` for an unknown clinic and `Invalid` for another kind of address.
    """
    with transaction(clinic_id) as session:
        return _append(session, clinic_id, address, now, None, tried=tried)


def _append(
    session: Session,
    clinic_id: UUID,
    address: str,
    now: datetime,
    actor_id: UUID | None,
    *,
    tried: bool = True,
    contact_id: UUID | None = None,
) -> NewContact:
    channel, target = read_address(address)
    # The clinic's row is the lock of its chain: two at once would take the same position.
    if session.scalar(select(Clinic.id).where(Clinic.id == clinic_id).with_for_update()) is None:
        raise NotFound
    known = contact_id and session.scalar(select(Contact.address).where(Contact.id == contact_id))
    if contact_id and known is not None:
        if known != target:
            raise ContentConflict
        audit.record(session, actor_id, audit.AGAIN, now, object_id=contact_id)
        return NewContact(contact_id, None)
    last = session.scalar(select(func.max(Contact.position)).where(~Contact.last_resort))
    position = (last or 0) + 1
    if position >= LAST_RESORT_POSITION:
        raise Invalid({"address": ["The chain is full."]})
    secret = secrets.token_urlsafe(SECRET_BYTES) if channel == "webhook" else None
    contact_id = contact_id or new_id()
    row = {
        "clinic_id": clinic_id,
        "id": contact_id,
        "position": position,
        "channel": channel,
        "address": target,
        "signing_secret": secret,
        "created_at": now,
    }
    session.execute(insert(Contact).values(sealed(Contact, row)))
    if tried:
        send_test_to_contact(session, clinic_id, contact_id, channel, now)
    audit.record(session, actor_id, "contact_added", now, object_id=contact_id, channel=channel)
    return NewContact(contact_id, secret)


def add_last_resort(
    session: Session, clinic_id: UUID, user_id: UUID, email: str, now: datetime, *, tried: bool
) -> None:
    """The admin's e-mail, final step of every chain from the clinic's first second."""
    contact_id = new_id()
    row = {
        "clinic_id": clinic_id,
        "id": contact_id,
        "position": LAST_RESORT_POSITION,
        "channel": "email",
        "address": email,
        "user_id": user_id,
        "last_resort": True,
        "created_at": now,
    }
    session.execute(insert(Contact).values(sealed(Contact, row)))
    if tried:
        send_test_to_contact(session, clinic_id, contact_id, "email", now)


# Never what was sent: it may hold a password.
UNUSABLE: Final = (
    "Not an address that can be used: it needs a host name or number, and no blanks, user or"
    " password."
)


def read_address(address: str) -> tuple[str, str]:
    """`(channel, address as stored)`: a bare mail address or a URL, hosts in ASCII; raises
    `Invalid`.
    """
    scheme, _, rest = address.strip().partition(":")
    try:
        if scheme.lower() == "mailto":
            return "email", ascii_mail_address(_mail_address(rest))
        if scheme.lower() in ("http", "https"):
            return "webhook", _web_address(address.strip())
    except ValueError as error:
        raise Invalid({"address": [UNUSABLE]}) from error
    raise Invalid({"address": ["Not a mailto: or http(s):// address."]})


def _mail_address(rest: str) -> str:
    """What stands behind `mailto:`; a link with a subject or encoded letters is no address."""
    if "?" in rest or "%" in rest:
        raise ValueError("more than an address")
    return check_email(rest, "address")


def _web_address(url: str) -> str:
    found = ascii_url(url)
    if is_refused_literal(urlsplit(found).hostname or ""):
        raise ValueError("an address of the machine's own network services")
    if not url.isprintable() or " " in url or len(found) > MAX_URL:
        raise ValueError("blanks, control characters or too long")
    return found


def list_contacts(actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """The chain in the order in which it is paged; the last resort comes last."""
    scopes(actor, Action.READ_CLINIC)
    with acting(actor, now) as session:
        rows = session.scalars(
            select(Contact).where(Contact.active).order_by(Contact.position)
        ).all()
        messages = last_messages(session, [row.id for row in rows])
        return [_shown(row, messages, actor) for row in rows]


def add_mail_contact(
    actor: Actor, address: str, now: datetime, contact_id: UUID | None = None
) -> dict[str, Any]:
    """One more mail address before the last resort; with an id of a form's, once.

    Raises `Invalid` for anything else: a webhook makes this server call a host of somebody's
    choice, so only the operator adds one. `ContentConflict` for an id of another address.
    """
    scopes(actor, Action.CHANGE_CLINIC)
    _check_is_mail(address)
    with acting(actor, now) as session:
        by = actor.user_id
        added = _append(session, actor.clinic_id, address, now, by, contact_id=contact_id)
        contact = session.scalars(select(Contact).where(Contact.id == added.contact_id)).one()
        return _shown(contact, last_messages(session, [contact.id]), actor)


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
        audit.record(session, actor.user_id, "contact_removed", now, object_id=contact_id)


def replace_last_resort(
    actor: Actor, address: str, now: datetime, seen: str | None = None
) -> dict[str, Any]:
    """Another mail address for the final step of every chain. `seen`: the name of the one that
    somebody had on the screen. Raises `Invalid` and `ChangedMeanwhile`.
    """
    scopes(actor, Action.CHANGE_CLINIC)
    _check_is_mail(address)
    with acting(actor, now) as session:
        contact = session.scalars(
            select(Contact).where(Contact.last_resort).with_for_update()
        ).one()
        target = read_address(address)[1]
        if target == contact.address and seen is not None:
            # The same form again.
            audit.record(session, actor.user_id, audit.AGAIN, now, object_id=contact.id)
            return _shown(contact, last_messages(session, [contact.id]), actor)
        check_seen(seen, contact.address)
        contact.address, contact.user_id = target, None
        session.flush()
        send_test_to_contact(session, actor.clinic_id, contact.id, contact.channel, now)
        audit.record(session, actor.user_id, "last_resort_replaced", now, object_id=contact.id)
        return _shown(contact, last_messages(session, [contact.id]), actor)


def follow_address(session: Session, user_id: UUID, old: str, new: str) -> list[UUID]:
    """The mail contacts that are this member of staff's old address have the new one from now on;
    which ones. Never without an address, the last resort least of all.
    """
    contacts = session.scalars(
        select(Contact).where(Contact.channel == "email").order_by(Contact.id).with_for_update()
    )
    theirs = [
        each
        for each in contacts
        if (each.active or each.last_resort)
        and (each.user_id == user_id or _is_same(each.address, old))
    ]
    for each in theirs:
        each.address = ascii_mail_address(new)
    return [each.id for each in theirs]


def take_back_address(session: Session, contact_ids: Sequence[UUID], new: str, old: str) -> None:
    """These contacts have the old address again, unless somebody changed them meanwhile."""
    contacts = session.scalars(
        select(Contact).where(Contact.id.in_(contact_ids)).order_by(Contact.id).with_for_update()
    )
    for each in contacts:
        if _is_same(each.address, new):
            each.address = ascii_mail_address(old)


def _is_same(one: str, other: str) -> bool:
    return len({ascii_mail_address(each.strip()).casefold() for each in (one, other)}) == 1


def _check_is_mail(address: str) -> None:
    if read_address(address)[0] != "email":
        raise Invalid({"address": ["Only mailto: here; the operator adds webhooks."]})


def _shown(
    contact: Contact, messages: Mapping[UUID, dict[str, Any]], actor: Actor
) -> dict[str, Any]:
    hidden = contact.channel == "webhook" and "admin" not in actor.roles
    return {
        "id": contact.id,
        "position": contact.position,
        "channel": contact.channel,
        "address": None if hidden else contact.address,
        "last_resort": contact.last_resort,
        "last_message": messages.get(contact.id),
    }
