"""Members of staff and how they are reached, put into the database as they stand in a story."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update

from models import ContactMethod, Notification
from models.base import new_id
from services.unit_of_work import transaction
from tests.builders.scene import START, Scene
from tests.builders.world import Person


def add_method(
    person: Person, kind: str, address: str, added_at: datetime = START, **columns: Any
) -> UUID:
    """A verified method of a person, unless `columns` say otherwise."""
    method_id = new_id()
    values: dict[str, Any] = {
        "clinic_id": person.actor.clinic_id,
        "id": method_id,
        "user_id": person.user_id,
        "kind": kind,
        "address": address,
        "shown": kind,
        "created_at": added_at,
        "verified_at": added_at,
    }
    with person.app.app_context(), transaction(person.actor.clinic_id) as session:
        session.execute(insert(ContactMethod).values(values | columns))
    return method_id


def method_of(person: Person, method_id: UUID) -> ContactMethod:
    """The method as it stands."""
    with person.app.app_context(), transaction(person.actor.clinic_id) as session:
        found = session.scalars(select(ContactMethod).where(ContactMethod.id == method_id)).one()
        session.expunge_all()
        return found


def page_goes_to(
    scene: Scene, person: Person, channel: str = "email", method_id: UUID | None = None
) -> None:
    """The newest page was made out to a person, by this way, and not to a contact."""
    newest = scene.notifications()[-1]
    with scene.worker_app.app_context(), transaction() as session:
        session.execute(
            update(Notification)
            .where(Notification.id == newest.id)
            .values(contact_id=None, user_id=person.user_id, method_id=method_id, channel=channel)
        )
