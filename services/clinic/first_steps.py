"""What an empty clinic still needs before it can follow a patient."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import exists, select

from models import Alert, Clinic, Contact, Notification, Patient, User
from models.on_call.drill import DRILL
from services.access import Action, Actor, scopes
from services.accounts.tokens.token_check import acting

REACHED: Final = ("sent", "delivered")


def first_steps(actor: Actor, now: datetime) -> dict[str, bool]:
    """Step: is it done? `phone`: patients can call somebody; `staff`: somebody beside the
    administrators can log in; `contact`: somebody is paged before the last resort; `test_page`: a
    drill's page has left; `patient`: one is enrolled. Raises `Forbidden`.
    """
    scopes(actor, Action.CHANGE_CLINIC)
    colleague = ~User.roles.contains(["patient"]) & ~User.roles.contains(["admin"])
    drilled = (
        select(Notification.id)
        .join(Alert, Alert.id == Notification.alert_id)
        .where(Alert.family == DRILL, Notification.state.in_(REACHED))
    )
    working = select(User.id).where(colleague, User.active, User.password_hash.is_not(None))
    contact = select(Contact.id).where(Contact.active, ~Contact.last_resort)
    query = select(
        Clinic.phone.is_not(None).label("phone"),
        exists(working).label("staff"),
        exists(contact).label("contact"),
        exists(drilled).label("test_page"),
        exists(select(Patient.id)).label("patient"),
    )
    with acting(actor, now) as session:
        return dict(session.execute(query).mappings().one())
