"""The order in which a person's methods are tried: all of them, in one call."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import ContactMethod
from services import audit
from services.access import Action, Actor, scopes
from services.accounts.tokens.token_check import acting
from services.contact_methods.changing import lock_account
from services.contact_methods.listing import listed
from services.exceptions import ContentConflict, Invalid
from services.paging import Page


def order_own(actor: Actor, method_ids: Sequence[UUID], now: datetime) -> Page:
    """The actor's own methods, in this order from the next page on.

    Raises `Invalid` for a method that is named twice, and `ContentConflict` with the list as it
    stands when these are not all of them: somebody has added or removed one meanwhile.
    """
    scopes(actor, Action.OWN_METHODS)
    with acting(actor, now) as session:
        return _ordered(session, actor, actor.user_id, method_ids, now)


def order_of(actor: Actor, user_id: UUID, method_ids: Sequence[UUID], now: datetime) -> Page:
    """The same for a member of staff, by an administrator. Raises also `NotFound`."""
    scopes(actor, Action.CHANGE_METHODS)
    with acting(actor, now) as session:
        return _ordered(session, actor, user_id, method_ids, now)


def _ordered(
    session: Session, actor: Actor, user_id: UUID, method_ids: Sequence[UUID], now: datetime
) -> Page:
    if len(set(method_ids)) < len(method_ids):
        raise Invalid({"method_ids": ["Each once."]})
    methods = {each.id: each for each in _locked(session, user_id)}
    if methods.keys() != set(method_ids):
        raise ContentConflict(
            "These are not all the methods that there are: somebody has changed them.",
            stored=listed(session, user_id),
        )
    for place, method_id in enumerate(method_ids):
        methods[method_id].position = place
    session.flush()  # the head of the audit chain is locked last
    audit.record(session, actor.user_id, "contact_methods_ordered", now, object_id=user_id)
    return listed(session, user_id)


def _locked(session: Session, user_id: UUID) -> Sequence[ContactMethod]:
    """A person's methods; nobody adds or changes one until the transaction ends."""
    lock_account(session, user_id)
    return session.scalars(
        select(ContactMethod)
        .where(ContactMethod.user_id == user_id, ContactMethod.active)
        .order_by(ContactMethod.id)
        .with_for_update()
    ).all()
