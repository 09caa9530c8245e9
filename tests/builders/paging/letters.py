"""Letters with codes for people who forgot their password."""

from __future__ import annotations

from sqlalchemy import update

from models import User
from services.password_reset.issue import issue_one
from services.password_reset.reset import ask_for_reset
from services.unit_of_work import transaction
from tests.builders.scene import Scene
from tests.builders.world import NOBODYS, Person


def forget_password(scene: Scene, person: Person | None = None) -> str:
    """Somebody (the administrator) asks for a new password; returns the address."""
    email = (person or scene.clinic.admin).email
    with scene.app.app_context():
        with transaction(scene.clinic.id) as session:
            session.execute(update(User).values(password_hash=NOBODYS))
        ask_for_reset(email, None, scene.now)
    return email


def queue_letters(scene: Scene, count: int) -> set[str]:
    """Letters that wait for a sender; their addresses."""
    emails = {forget_password(scene, scene.clinic.staff()) for _ in range(count)}
    with scene.worker_app.app_context():
        while issue_one(scene.now):
            pass
    return emails
