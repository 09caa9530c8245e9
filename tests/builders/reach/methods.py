"""Members of staff and how they are reached, put into the database as they stand in a story."""

from __future__ import annotations

import re
from datetime import datetime
from threading import Event
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from werkzeug.test import TestResponse

from models import ContactMethod, Notification
from models.base import new_id
from models.sealing import sealed
from services.unit_of_work import transaction
from tests.builders.calls import made
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
        session.execute(insert(ContactMethod).values(sealed(ContactMethod, values | columns)))
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


class Door:
    """The calls about contact methods, at the scene's instant."""

    PATH = "/v1/me/contact-methods"

    def __init__(self, scene: Scene) -> None:
        self.scene, self.client = scene, scene.app.test_client()

    def ask(
        self, person: Person, method: str = "GET", path: str = "", body: Any = None
    ) -> TestResponse:
        """One request; `path` after that of the list, or a whole one."""
        return self.client.open(
            path if path.startswith("/v1") else self.PATH + path,
            method=method,
            json=body,
            headers=person.headers_at(self.scene.now),
        )

    def add(self, person: Person, kind: str, address: str) -> dict[str, Any]:
        """A method that is not proved yet, as its owner sees it."""
        return made(self.ask(person, "POST", "", {"kind": kind, "address": address}))

    def verify(self, person: Person, method_id: str, code: str) -> TestResponse:
        """Type the code in."""
        return self.ask(person, "POST", f"/{method_id}/verify", {"code": code})

    def listed(self, person: Person) -> list[dict[str, Any]]:
        """The person's methods."""
        items: list[dict[str, Any]] = made(self.ask(person), 200)["items"]
        return items

    def send(self) -> None:
        """What waits leaves now."""
        with self.scene.worker_app.app_context():
            self.scene.worker.send_letters(Event())


def code_in(text: str) -> str:
    """The code that a message carries."""
    found = re.search(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b", text)
    assert found is not None
    return found[0]
